"""The grader's requests to a student's kernel, and the kernel's replies."""
