"""What a user does with a model: train it, score it, decide, export, share; a file each."""
