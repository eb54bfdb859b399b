"""What the staff of the course run: build, publish, run and grade its lessons."""
