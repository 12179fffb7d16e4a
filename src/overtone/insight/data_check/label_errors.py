"""Labels that are likely wrong, by a model that has not seen them: confident learning.

Source: Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels
(JAIR 70, 2021), sections 3.1 to 3.3, each label a problem of two classes of its own, pruned by
noise rate. It stands here because cleanlab needs pandas for the same sixty lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.config import Count, Share
from overtone.insight.data_check import Finding, NotCheckedError
from overtone.insight.data_check.corpus import ON, Corpus

TITLE = "Likely label errors"
LEVEL = "warning"
ADVICE = (
    "Read them from the top, where the model contradicts the label most, and correct those that "
    "are wrong. Many are texts that people disagree on."
)


LIKELY = 0.5
"""What is less likelier than that is called perhaps; a model of few texts is never surer."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    fewest: Count = 10
    """A label on fewer texts, or missing on fewer, is left out."""
    margin: Share = 0.0
    """How much likelier the other value must be: 0.8 leaves the surest, 0 all that the estimated
    noise asks for, which is much where people disagree."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a row and label, the likeliest first.

    Raises:
        NotCheckedError: no model has said anything about texts that it has not seen.

    """
    if corpus.probabilities is None:
        raise NotCheckedError("needs --model: the folder of a cross-validation, or a model")
    found = []
    known = ~np.isnan(corpus.probabilities) & ~np.isnan(corpus.targets)
    if not known.any():
        raise NotCheckedError(
            "the model has learned these texts: overtone crossvalidate makes probabilities by "
            "models that have not"
        )
    for column, name in enumerate(corpus.names):
        rows = np.flatnonzero(known[:, column])
        given = corpus.targets[rows, column] > ON
        if min(given.sum(), (~given).sum()) < config.fewest:
            continue
        likely = corpus.probabilities[rows, column].astype(float)
        for place in likely_errors(given, likely):
            other = likely[place] if not given[place] else 1 - likely[place]
            if 2 * other - 1 >= config.margin:
                found.append(
                    Finding(
                        what=f"{'likely' if 2 * other - 1 >= LIKELY else 'perhaps'} "
                        f"{'not on' if given[place] else 'on'}",
                        rows=(int(rows[place]),),
                        said=f"{'on' if given[place] else 'off'}, the model says "
                        f"{likely[place]:.2f}",
                        labels=(name,),
                        score=float(other),
                    )
                )
    return sorted(found, key=lambda finding: -(finding.score or 0))


def likely_errors(given: NDArray[np.bool_], likely: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which values of one label are likely wrong.

    Args:
        given: (n,) which texts carry the label.
        likely: (n,) the out-of-fold probability that they do.

    """
    both = np.stack([1 - likely, likely], axis=1)  # (n, 2)
    # A text counts as of a class where that is as likely as on average for those of the class.
    thresholds = np.array([both[given == value, value].mean() for value in (0, 1)])
    confident = both >= thresholds
    best = np.where(confident.all(axis=1), both.argmax(axis=1), confident[:, 1].astype(int))
    counted = confident.any(axis=1)
    joint = np.zeros((2, 2))
    np.add.at(joint, (given[counted].astype(int), best[counted]), 1)
    wrong: list[int] = []
    for value in (0, 1):
        rows = np.flatnonzero(given == value)
        # Each row of the joint is scaled to the number of texts that were given the value.
        share = joint[value, 1 - value] / max(joint[value].sum(), 1)
        count = round(share * len(rows))
        margin = both[rows, 1 - value] - both[rows, value]
        wrong += rows[np.argsort(-margin, kind="stable")[:count]].tolist()
    return np.array(sorted(wrong), dtype=np.int64)
