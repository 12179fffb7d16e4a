"""What models and data have to say beyond scores: why, about whom, what is wrong with the data."""
