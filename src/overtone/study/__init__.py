"""Many runs of one recipe: what they find together."""
