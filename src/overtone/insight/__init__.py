"""What models and data have to say beyond scores: over texts, labels and probabilities."""
