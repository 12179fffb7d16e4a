"""Training: set-up (trainer), loop, what survives a stop (checkpoint), what one sees (display)."""
