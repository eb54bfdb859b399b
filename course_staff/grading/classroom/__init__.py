"""Around grading: hand out, collect with a class list, export marks to a learning platform."""
