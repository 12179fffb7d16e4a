"""Training: the loop (trainer), what survives a stop (checkpoint) and what one sees (display)."""
