"""How common a label is among texts, from what a classifier said and the errors it is known for.

Counting what a classifier says is biased wherever a label is rarer or more common than where the
classifier was made. Adjusted classify-and-count undoes that: of texts of which a share p carries
the label, the classifier says it of p · hit rate + (1 - p) · false alarm rate.

Sources: Rogan & Gladen (American Journal of Epidemiology 107, 1978), the estimate; Lang & Reiczigel
(Preventive Veterinary Medicine 113, 2014), intervals in which the rates' own uncertainty is.

Both take it that the rates are the same among these texts as among those that they were counted on:
the mix of texts may change, how hard they are may not. And they take texts to be independent.
docs/how-to/summarise.md has what was measured, and against what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from overtone.evaluation.proportion import Z, wilson

LEAST_TEXTS = 20
"""Texts with a label, and without, below which its rates say too little."""
LEAST_POWER = 0.1
"""Hit rate less false alarm rate below which there is hardly anything to go by."""


@dataclass(frozen=True)
class Errors:
    """How often a classifier was right and wrong about one label, on texts with known labels."""

    hits: int
    misses: int
    false_alarms: int
    right_silences: int

    @property
    def positives(self) -> int:
        """Texts that carry the label."""
        return self.hits + self.misses

    @property
    def negatives(self) -> int:
        """Texts that don't."""
        return self.false_alarms + self.right_silences

    @property
    def hit_rate(self) -> float:
        """The share of the texts with the label of which it is said; half a text is added."""
        return (self.hits + 0.5) / (self.positives + 1)

    @property
    def false_alarm_rate(self) -> float:
        """The share of the texts without it of which it is said; half a text is added."""
        return (self.false_alarms + 0.5) / (self.negatives + 1)

    @property
    def too_uncertain(self) -> str:
        """Why the rates can't carry a correction; empty where they can."""
        if min(self.positives, self.negatives) < LEAST_TEXTS:
            kind = "with" if self.positives < LEAST_TEXTS else "without"
            found = min(self.positives, self.negatives)
            return f"only {found} texts {kind} it show how often the model errs"
        rates = np.array([self.hits / self.positives, self.false_alarms / self.negatives])
        low, high = wilson(rates, np.array([self.positives, self.negatives]))
        if low[0] - high[1] < LEAST_POWER:
            return "the model hardly says it more often where it is so"
        return ""


@dataclass(frozen=True)
class Share:
    """How common a label is among some texts."""

    texts: int
    said: int
    """Texts of which the classifier says it."""
    value: float
    """The share, corrected where it could be."""
    low: float
    high: float
    """The ends of a 95 % interval."""
    corrected: bool

    @property
    def said_share(self) -> float:
        """The share of which the classifier says it."""
        return self.said / self.texts


def share(said: int, texts: int, errors: Errors | None) -> Share:
    """Return the share of texts that carry a label, with its interval.

    Args:
        said: the texts of which a classifier says it.
        texts: all of them, at least one.
        errors: its known errors; without them the share is what is said, and its interval speaks of
            that alone. Where they are too uncertain, the share is what is said as well, but the
            interval is that of the correction: wide, and right.

    """
    raw = said / texts
    if errors is None:
        low, high = wilson(np.array([raw]), np.array([texts]))[:, 0]
        return Share(texts, said, raw, max(0.0, float(low)), min(1.0, float(high)), corrected=False)
    low, high = _interval(said, texts, errors)
    if errors.too_uncertain:
        return Share(texts, said, raw, min(raw, low), max(raw, high), corrected=False)
    power = errors.hit_rate - errors.false_alarm_rate
    value = min(1.0, max(0.0, (raw - errors.false_alarm_rate) / power))
    return Share(texts, said, value, min(value, low), max(value, high), corrected=True)


def _interval(said: int, texts: int, errors: Errors) -> tuple[float, float]:
    """Return Lang and Reiczigel's 95 % interval, cut to 0 and 1."""
    many = texts + Z**2
    rate = (said + Z**2 / 2) / many
    positives, negatives = errors.positives + 2, errors.negatives + 2
    hit = (errors.hits + 1) / positives
    silent = (errors.right_silences + 1) / negatives
    power = hit + silent - 1
    if power <= 0:
        return 0.0, 1.0
    of_hits, of_silences = hit * (1 - hit) / positives, silent * (1 - silent) / negatives
    value = (rate + silent - 1) / power
    middle = value + 2 * Z**2 * (value * of_hits - (1 - value) * of_silences)
    spread = rate * (1 - rate) / many + (1 - value) ** 2 * of_silences + value**2 * of_hits
    half = Z / power * float(np.sqrt(spread))
    return min(1.0, max(0.0, middle - half)), max(0.0, min(1.0, middle + half))


def of_metrics(scores: Mapping[str, Any]) -> dict[str, Errors]:
    """Return the errors by label that scores tell of, as a bundle has them under `dev`.

    Precision and recall are ratios of counts, so the counts come back whole; but without a single
    hit they don't say how many false alarms there were, and the worst is assumed. Where cells were
    not annotated, the texts without a label are taken to be all the others, which is too many.
    """
    found = {}
    for name, each in scores["per_label"].items():
        positives = int(each["support"])
        hits = round(each["recall"] * positives)
        negatives = max(0, int(scores["n"]) - positives)
        false_alarms = negatives
        if hits:
            false_alarms = min(round(hits / each["precision"]) - hits, negatives)
        found[name] = Errors(hits, positives - hits, false_alarms, negatives - false_alarms)
    return found
