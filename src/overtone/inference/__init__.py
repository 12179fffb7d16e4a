"""Inference: texts to predictions (predictor) over any backend. The predictor needs no torch."""
