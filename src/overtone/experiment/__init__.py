"""What a user does with a model: train it, evaluate it."""
