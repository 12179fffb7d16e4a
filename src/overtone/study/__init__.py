"""Many runs: searches for settings, grids of models and data, and what they find together."""
