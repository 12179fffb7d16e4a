"""Evaluation: how good the decisions are (metrics) and what they cost (cost)."""
