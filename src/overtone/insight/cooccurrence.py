"""Which labels come together, in the truth and in what a model says, and which hardly ever do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.insight.mixed_feelings import MOST, Mixed, mixed
from overtone.insight.pairs import Bools, Together, together
from overtone.labels import Labels

HALF = 0.5


@dataclass(frozen=True)
class CoOccurrence:
    """Which labels come together."""

    n: int
    truth: Together | None
    """None where only what a model says is known."""
    said: Together
    """The same of what the model says."""
    mixed: tuple[Mixed, ...]
    """Texts whose true labels rarely meet, the rarest meetings first."""
    mixed_said: tuple[Mixed, ...]
    """The same of the labels that the model says."""

    @property
    def first(self) -> Together:
        """The truth where it is known, else what the model says."""
        return self.said if self.truth is None else self.truth

    def to_json(self) -> dict[str, object]:
        """Return all of it as JSON values."""
        return {
            "n": self.n,
            "labels": list(self.said.labels),
            **{
                name: {
                    "pairs": [{**asdict(pair), "pmi": pair.pmi} for pair in found.pairs],
                    "conditionals": [asdict(one) for one in found.conditionals],
                }
                for name, found in (("truth", self.truth), ("said", self.said))
                if found is not None
            },
            "mixed": [one.to_json() for one in self.mixed],
            "mixed_said": [one.to_json() for one in self.mixed_said],
        }


def measure(
    truth: NDArray[np.float32],
    decided: Bools,
    ids: Sequence[str],
    labels: Labels,
    most: int = MOST,
    texts: Sequence[str] | None = None,
) -> CoOccurrence:
    """Return which labels come together.

    Args:
        truth: (n, C), NaN where not annotated; what isn't annotated counts nowhere, in what the
            model says neither, so that both are about the same cells.
        decided: (n, C), what the model says.
        ids: the texts' names.
        labels: the columns.
        most: texts with mixed feelings that are kept.
        texts: the texts, whose beginnings are kept then, personal data hidden.

    """
    known = ~np.isnan(truth)
    on = np.nan_to_num(truth) > HALF
    found, said = together(on, known, labels), together(decided & known, known, labels)
    return CoOccurrence(
        len(truth),
        found,
        said,
        tuple(mixed(on, ids, found, most, texts)),
        tuple(mixed(decided & known, ids, said, most, texts)),
    )
