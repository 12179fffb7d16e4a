"""Applications: what people start. The command line is `overtone.apps.cli`."""
