"""A search over a recipe's keys: what is tried (read, space), by whom, and what came of it."""
