"""What a label's logit loses when a word is left out of the text: any backend, no torch.

Source: Li, Monroe & Jurafsky, Understanding Neural Networks through Representation Erasure (2016).
The word is left out of the original, so cleaning and tokenising see what they would see without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.inference.predictor import Predictor
from overtone.insight.alignment import Aligned


@dataclass(frozen=True, kw_only=True)
class Config:
    """There is nothing to choose."""


def attribute(
    config: Config,  # noqa: ARG001 - as other methods
    predictor: Predictor,
    aligned: Aligned,
    columns: Sequence[int],
) -> NDArray[np.float32]:
    """Return the push of each unit for each label's logit, (W, K)."""
    logits = predictor.compute(predictor.encode(variants(aligned)))
    return pushes(logits)[:, list(columns)]


def variants(aligned: Aligned) -> list[str]:
    """Return the text, and the text without each of its units, W + 1 in all."""
    return [aligned.text, *map(aligned.without, range(len(aligned.units)))]


def pushes(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what each unit pushes, (W, C), from the logits of the variants, (W + 1, C)."""
    return np.asarray(logits[0] - logits[1:])
