"""What is kept: attempts, marks and gradebook, written by one process at a time."""
