"""The label set whose Jaccard with the truth is expected to be the highest.

A threshold decides about each label alone. Jaccard is a score of whole sets: how much a second
label adds depends on the first. So every candidate set is scored against every possible truth,
weighted by the truth's probability, where labels depend on each other (`_joint.py`), and the best
set is taken (decision theory as in Dembczynski, Waegeman, Cheng & Huellermeier, An Exact Algorithm
for F-Measure Maximization, NIPS 2011, which Jaccard doesn't decompose like).

With up to `EXACT` labels every set is tried: exact. With more, for each text its `CONSIDERED` most
probable labels only, the others taken to be absent: what that loses is at most about the
probability that one of them is present.

`macro` adds what a set does for the labels' mean F1, linearised at its best (the set gains where a
label's probability is above half of its best F1, the more the rarer the label): Jaccard alone
neglects rare labels.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from overtone.config import NotNegative, parse
from overtone.decision import _joint, _saved
from overtone.decision._joint import Floats, Joint
from overtone.errors import InputError
from overtone.labels import Labels

EXACT = 12
"""Most labels for which every set is tried: 4,096 candidates and as many truths."""
CONSIDERED = 10
"""Labels of a text that are considered where there are more."""
GUESS = 0.35
"""Labels above it are the guess at the best set: half of what it is worth, as a rule."""
ROUNDING = 1e-5
"""More than sums of 4,096 products in float32 are off by."""
CELLS = 2**22
"""Most cells, texts times sets, that are in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Which Jaccard, under which distribution."""

    convention: Literal["jaccard", "jaccard_zero"] = "jaccard"
    """`jaccard` scores an empty set on an empty truth 1; `jaccard_zero` scores it 0 and so never
    decides for an empty set."""
    dependent: bool = True
    """Whether labels depend on each other, given the text; they do in most data."""
    strength: NotNegative = 100.0
    """How strongly pairs of labels are held to be independent (the precision of a normal prior): as
    much as some hundred texts say. Weaker ones fit the likelihood better and decide worse."""
    macro: NotNegative = 0.0
    """Weight of the labels' mean F1 beside Jaccard, whose weight is 1."""


class ExpectedJaccard:
    """The best set under a fitted distribution."""

    fitted = True

    def __init__(self, options: Options, joint: Joint, f1: Floats, marks: Floats) -> None:
        """Store what was fitted.

        Args:
            options: convention, weight of macro F1, and labels.
            joint: the distribution.
            f1: (C,), each label's best expected F1.
            marks: (C,), (present + decided) / n there.

        """
        self.options = options
        self.joint = joint
        self.f1 = f1
        self.marks = marks

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C)."""
        single = self.joint.single(probabilities)
        on = np.zeros(single.shape, dtype=np.bool_)
        rows = max(1, CELLS >> _considered(single.shape[1]))
        with _one_thread():
            for first in range(0, len(single), rows):
                self._decide(single[first : first + rows], on[first : first + rows])
        return on

    def _decide(self, single: Floats, on: NDArray[np.bool_]) -> None:
        """Switch on the labels of some texts."""
        chosen, truths, probability = _tables(single, self.joint)
        sets = _sets(truths.shape[1])
        jaccards = _jaccards(sets.shape[1], empty=self.options.convention == "jaccard")
        marginal = probability @ truths
        more = self._macro(chosen, marginal) @ sets.T  # (n, 2^m)
        best = _best(probability.astype(np.float32), marginal, more, jaccards)
        # Of equal ones the smaller number, a subset first.
        np.put_along_axis(on, chosen, sets[best] > 0, axis=1)

    def _macro(self, chosen: NDArray[np.int64], marginal: Floats) -> Floats:
        """Return what each considered label adds for the mean F1, (n, m)."""
        labels = len(self.f1)
        gain = (2 * marginal - self.f1[chosen]) / (labels * self.marks[chosen])
        return np.asarray(self.options.macro * gain)

    def to_json(self) -> dict[str, object]:
        """Return what `restore` takes: everything by label name."""
        labels = self.options.labels
        pairs = {
            one: {
                other: float(self.joint.pairs[i, j])
                for j, other in enumerate(labels.names)
                if j > i and self.joint.pairs[i, j]
            }
            for i, one in enumerate(labels.names)
        }
        return {
            "name": "expected_jaccard",
            "convention": self.options.convention,
            "macro": self.options.macro,
            "scale": _saved.by_name(self.joint.scale, labels),
            "bias": _saved.by_name(self.joint.bias, labels),
            "pairs": {one: others for one, others in pairs.items() if others},
            "f1": _saved.by_name(self.f1, labels),
            "marks": _saved.by_name(self.marks, labels),
        }


@dataclass(frozen=True)
class Options:
    """What isn't fitted."""

    convention: str
    macro: float
    labels: Labels


def fit(
    config: Config,
    probabilities: NDArray[np.float32],
    targets: NDArray[np.float32],
    labels: Labels,
) -> ExpectedJaccard:
    """Fit the labels' joint distribution, and what macro F1 needs to know."""
    strength = config.strength if config.dependent else np.inf
    joint = _joint.fit(probabilities, targets, strength)
    f1, marks = _best_f1(_marginals(joint, probabilities))
    return ExpectedJaccard(Options(config.convention, config.macro, labels), joint, f1, marks)


def restore(saved: Mapping[str, object], labels: Labels) -> ExpectedJaccard:
    """Return the decision that `to_json` described.

    Raises:
        InputError: something is missing, of the wrong kind, or about other labels.

    """
    of_labels = ("scale", "bias", "f1", "marks")
    _saved.check_keys(saved, ("name", "convention", "macro", "pairs", *of_labels))
    given = {key: saved[key] for key in ("convention", "macro") if key in saved}
    config = parse(Config, given, where="decision")
    scale, bias, f1, marks = (_saved.numbers(saved, key, labels) for key in of_labels)
    if not (marks > 0).all():
        raise InputError("the saved decision needs numbers above 0 under marks")
    options = Options(config.convention, config.macro, labels)
    return ExpectedJaccard(options, Joint(scale, bias, _pairs(saved, labels)), f1, marks)


def _pairs(saved: Mapping[str, object], labels: Labels) -> Floats:
    """Return the saved pairs' numbers, (C, C)."""
    tables = saved.get("pairs")
    pairs = np.zeros((len(labels), len(labels)))
    if not isinstance(tables, Mapping):
        raise InputError(f"the saved decision needs a table under pairs, found {tables!r}")
    for one, others in tables.items():
        if not isinstance(others, Mapping) or not {one, *others} <= set(labels.names):
            raise InputError(f"the saved decision has pairs of what is no label, under {one!r}")
        i = labels.names.index(one)
        for other, value in others.items():
            j = labels.names.index(other)
            pairs[i, j] = pairs[j, i] = _saved.number(value, f"pairs.{one}.{other}")
    np.fill_diagonal(pairs, 0)
    return pairs


def _best(
    probability: NDArray[np.float32], marginal: Floats, more: Floats, jaccards: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the number of each text's best set, (n,), looking at few of all the sets.

    |Y and S| / |Y or S| is at most |Y and S| / |S|, so a set is worth at most the mean of its
    labels' probabilities. Those that reach what a good guess is worth are looked at, for all texts
    at once: of eleven emotions' 2,048 sets some four a text.
    """
    if not len(marginal):
        return np.zeros(0, dtype=np.int64)
    reach = marginal @ _means(marginal.shape[1])
    reach[:, 0] = probability[:, 0] * jaccards[0, 0]
    reach += more
    on = marginal > GUESS
    if not jaccards[0, 0]:  # then no set is worth less than the empty one
        on[np.arange(len(on)), marginal.argmax(axis=1)] = True
    guess = on @ (1 << np.arange(marginal.shape[1]))
    # In float64, for what is added for macro F1 may be much more than 1.
    worth = np.einsum("nt,nt->n", probability, jaccards[guess]).astype(np.float64)
    worth += np.take_along_axis(more, guess[:, None], axis=1)[:, 0]
    reached = (reach >= worth[:, None] - ROUNDING).any(axis=0)
    reached[guess] = True  # where a probability is NaN no set reaches anything
    looked = np.flatnonzero(reached)
    value = probability @ jaccards[looked].T + more[:, looked]
    return np.asarray(looked[value.argmax(axis=1)], dtype=np.int64)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have numpy's products keep to this thread.

    Its others would go on asking for work for a while, on the cores on which the next texts'
    backend begins: a single text took four times as long for that.
    """
    with _THREADS, _products().limit(limits=1, user_api="blas"):
        yield


_THREADS = threading.Lock()
"""Their number is the process's, so nobody may set it back while another is at it."""


@cache
def _products() -> ThreadpoolController:
    return ThreadpoolController()


def _considered(labels: int) -> int:
    return labels if labels <= EXACT else CONSIDERED


def _tables(single: Floats, joint: Joint) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return the labels that are considered, (n, m), the truths, (2^m, m), and their probabilities.

    The last are (n, 2^m), each row's sum 1.
    """
    n, labels = single.shape
    m = _considered(labels)
    # In the labels' order, so that of equally good sets the same is taken whatever the text.
    chosen = np.sort(np.argsort(-single, axis=1, kind="stable")[:, :m], axis=1)
    one, other = np.triu_indices(m, 1)
    pairs = joint.pairs[chosen[:, one], chosen[:, other]]  # (n, m (m - 1) / 2)
    truths = _sets(m)
    energy = np.take_along_axis(single, chosen, axis=1) @ truths.T
    # All rows of an exact table have the same pairs: one product does.
    energy += (pairs[:1] if m == labels else pairs) @ _both(m).T
    energy -= energy.max(axis=1, keepdims=True) if n else 0
    np.exp(energy, out=energy)
    energy /= energy.sum(axis=1, keepdims=True)
    return chosen, truths, energy


def _marginals(joint: Joint, probabilities: NDArray[np.float32]) -> Floats:
    """Return each label's probability under the distribution, (n, C)."""
    single = joint.single(probabilities)
    found = 1 / (1 + np.exp(-single))  # of labels that are not considered
    rows = max(1, CELLS >> _considered(single.shape[1]))
    for first in range(0, len(single), rows):
        chosen, truths, probability = _tables(single[first : first + rows], joint)
        np.put_along_axis(found[first : first + rows], chosen, probability @ truths, axis=1)
    return np.asarray(found)


def _best_f1(marginals: Floats) -> tuple[Floats, Floats]:
    """Return each label's best expected F1 and (present + decided) / n there, both (C,).

    With the k most probable texts on, F1 is expected to be about 2 * their sum / (all's sum + k):
    probabilities in place of the truth, which for a rare label would be a handful of texts.
    """
    n, labels = marginals.shape
    if not n:
        return np.zeros(labels), np.ones(labels)
    descending = -np.sort(-marginals, axis=0)
    on = np.arange(1, n + 1)[:, None]
    marks = descending.sum(axis=0) + on
    f1 = 2 * np.cumsum(descending, axis=0) / marks
    best = f1.argmax(axis=0), np.arange(labels)
    return f1[best], marks[best] / n


@cache
def _sets(m: int) -> Floats:
    """Return all sets of m labels as rows of 0 and 1, (2^m, m); the empty one first."""
    return ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(np.float64)


@cache
def _means(m: int) -> Floats:
    """Return what makes labels' probabilities the mean over each set's, (m, 2^m)."""
    sets = _sets(m)
    return np.asarray(sets / np.maximum(sets.sum(axis=1, keepdims=True), 1)).T


@cache
def _both(m: int) -> Floats:
    """Return which pairs of labels each set holds, (2^m, m (m - 1) / 2)."""
    one, other = np.triu_indices(m, 1)
    sets = _sets(m)
    return sets[:, one] * sets[:, other]


@cache
def _jaccards(m: int, *, empty: bool) -> NDArray[np.float32]:
    """Return the Jaccard of every truth (row) with every set (column), (2^m, 2^m)."""
    sets = _sets(m).astype(np.float32)
    both, size = sets @ sets.T, sets.sum(axis=1)
    either = size[:, None] + size - both
    either[0, 0] = 1
    both /= either
    both[0, 0] = empty
    return both
