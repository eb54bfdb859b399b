"""What the tests of grading share."""

# Answers to questions: each block stands for itself, and none is a module.
collect_ignore_glob = ["answers/*"]
