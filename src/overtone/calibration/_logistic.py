"""Logistic regression in a few weights: what temperature and Platt scaling are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOPES = (0.05, 20.0)
"""The least and the greatest factor of a logit: above 0, so that ranks are kept."""

SMALLEST, LARGEST = 2.0**-126, 1 - 2.0**-25
"""What 0 and 1 in single precision are taken for, since they have no logit."""

STEPS, HALVINGS = 100, 40
ENOUGH = 1e-12
"""A gradient this small, for each text, is none."""


def logit(p: Floats) -> Floats:
    """Return log(p / (1 - p)), element by element, finite also at 0 and 1."""
    p = np.clip(p, SMALLEST, LARGEST)
    return np.asarray(np.log(p) - np.log1p(-p))


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow, element by element."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


def smooth(targets: Floats) -> Floats:
    """Return targets that are never quite 0 or 1, so that every fit has an end.

    Source: Platt (1999), section 2.2: with N positives a positive is (N + 1) / (N + 2), with M
    negatives a negative 1 / (M + 2). Soft targets lie between the two as they lay between 0 and 1.
    """
    positives = targets.sum()
    low = 1 / (len(targets) - positives + 2)
    high = (positives + 1) / (positives + 2)
    return np.asarray(low + (high - low) * targets)


def fit(features: Floats, targets: Floats, offset: Floats | float = 0.0) -> Floats:
    """Return the weights, (k,), with the least log loss of sigmoid(features @ weights + offset).

    Newton's method; a step is halved until the loss falls, which makes it safe on this convex loss.
    Source: Lin, Lin & Weng, A Note on Platt's Probabilistic Outputs for Support Vector Machines
    (Machine Learning 68, 2007), algorithm 1.

    Args:
        features: (n, k), each column of about unit size.
        targets: (n,), strictly between 0 and 1.
        offset: (n,), added to each logit.

    """
    weights = np.zeros(features.shape[1])
    x = features @ weights + offset
    loss = _loss(x, targets)
    for _ in range(STEPS):
        p = sigmoid(x)
        gradient = features.T @ (p - targets)
        if np.abs(gradient).max() <= ENOUGH * len(targets):
            break
        curvature = (features.T * (p * (1 - p))) @ features + ENOUGH * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        for halving in range(HALVINGS):
            tried = weights - step / 2**halving
            x = features @ tried + offset
            if (lower := _loss(x, targets)) < loss:
                weights, loss = tried, lower
                break
        else:
            break  # as low as rounding lets it be
    return weights


def _loss(x: Floats, targets: Floats) -> float:
    """Return the summed log loss of logits."""
    return float((np.logaddexp(0, x) - targets * x).sum())
