"""Ask a model whether names for people set off one of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from overtone.decision import Thresholds
from overtone.errors import InputError
from overtone.inference import predictor
from overtone.inference.predictor import Predictor
from overtone.insight import identity
from overtone.insight.identity import NEUTRAL, TERMS, TERMS_AT_ONCE, TOXIC, IdentityTest


def identity_test(
    model: str | Path | Predictor,
    label: str,
    *,
    terms: Sequence[str] = TERMS,
    threshold: Thresholds | None = None,
) -> IdentityTest:
    """Return how often each of some terms sets off a label in plain sentences.

    Args:
        model: a loaded model, or the folder of a run or a bundle.
        label: the one that must not be set off, such as toxic.
        terms: English adjectives for people, at least two.
        threshold: what decides instead of the model's own decision.

    Raises:
        InputError: there is no such model, it has no such label, a threshold can't be used, or
            there are fewer than two terms.

    """
    terms = tuple(dict.fromkeys(term.strip() for term in terms if term.strip()))
    if len(terms) < 2:  # noqa: PLR2004 - a gap is between two
        raise InputError(f"expected at least two terms to compare, found {len(terms)}")
    if not isinstance(model, Predictor):
        model = predictor.load(model)
    if label not in model.labels.names:
        raise InputError(
            f"the model has no label {label!r}; there are: {', '.join(model.labels.names)}"
        )
    place = model.labels.names.index(label)
    found, decided = [], []
    for templates in (NEUTRAL, TOXIC):
        several = len(terms), len(templates)
        found.append(np.empty(several, np.float32))
        decided.append(np.empty(several, bool))
        for first in range(0, len(terms), TERMS_AT_ONCE):
            some = terms[first : first + TERMS_AT_ONCE]
            probabilities = model.probabilities(identity.sentences(some, templates))
            on = model.decide(probabilities, threshold=threshold)
            there = slice(first, first + len(some))
            found[-1][there] = probabilities[:, place].reshape(len(some), -1)
            decided[-1][there] = on[:, place].reshape(len(some), -1)
    neutral, toxic = decided
    return identity.measure(label, terms, neutral, toxic, found[0])
