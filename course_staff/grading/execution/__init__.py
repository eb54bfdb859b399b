"""Executing submissions: sandbox, kernels, limits, and who does the work."""
