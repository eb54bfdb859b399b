"""Questions, their hidden checks, and verdicts."""
