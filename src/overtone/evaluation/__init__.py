"""Evaluation: how good decisions are (metrics, bootstrap, compare), and what they cost (cost)."""
