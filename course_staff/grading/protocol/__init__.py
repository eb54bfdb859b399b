"""What the grader asks a student's kernel, and how the kernel answers."""
