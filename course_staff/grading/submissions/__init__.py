"""Submissions: found, read and sanitised."""
