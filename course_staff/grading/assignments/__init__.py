"""Assignments: lessons with hidden checks, and plain nbgrader ones."""
