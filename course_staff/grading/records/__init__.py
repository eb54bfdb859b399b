"""The records: attempts, marks and gradebook, written by one process at a time."""
