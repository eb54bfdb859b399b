"""Generated pictures for the embedded samples: clothing, pets and street scenes with masks."""
