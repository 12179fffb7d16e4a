"""Applications: what people start, such as `overtone.apps.cli`, and what only they need."""
