"""The programs of the course's staff: build, publish, run and grade its lessons."""
