"""Evaluation: how good a model is (metrics, bootstrap, compare, calibration) and costs (cost)."""
