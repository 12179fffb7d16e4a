"""What labels say beyond a score: why, about whom, together with which others. No training here."""
