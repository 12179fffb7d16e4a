"""How much the tokens that a label is read off attend to each word: the fastest method, one pass.

SpanEmo reads a label's score off the label's own tokens, so what they attend to is what the label
asks the text about (Alhuzali & Ananiadou, SpanEmo, EACL 2021, section 5); `cls_head` has one token
for all labels. Attention has no sign: it says where a label looks, not whether what it found speaks
for it, so all pushes are above nought, and they are shares of the attention, not of the logit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from overtone.errors import InputError
from overtone.inference.predictor import Predictor
from overtone.insight.alignment import Aligned
from overtone.insight.attribution._inside import Inside
from overtone.models import _attention


@dataclass(frozen=True, kw_only=True)
class Config:
    """Which attention."""

    layers: Literal["all", "last"] = "all"
    """The mean over all layers, which was the more faithful, or that of the last one alone, whose
    output is read."""


def attribute(
    config: Config, predictor: Predictor, aligned: Aligned, columns: Sequence[int]
) -> NDArray[np.float32]:
    """Return the attention that each unit gets from each label's tokens, (W, K).

    Raises:
        InputError: the encoder's attention can't be watched.

    """
    inside = Inside.look(predictor, aligned)
    with torch.no_grad(), _attention.watched() as layers:
        inside.network(**inside.arrays)
    if not layers:
        raise InputError(
            "the attention of this encoder can't be watched: use integrated_gradients or "
            "leave_one_out"
        )
    # (m, heads, Q, L) of each layer; the last one may have the first tokens' rows only.
    rows = layers[-1].shape[2]
    chosen = layers[-1:] if config.layers == "last" else layers
    weights = torch.stack([one[:, :, :rows].mean(dim=1) for one in chosen]).mean(dim=0)
    reads = _reads(inside, rows)
    return np.stack(
        [inside.summed(torch.einsum("q,mql->ml", reads[column], weights)) for column in columns],
        axis=1,
    )


def _reads(inside: Inside, rows: int) -> torch.Tensor:
    """Return the weight of each of the first tokens for each label, (C, Q)."""
    if "label_pool" in inside.arrays:
        pool = inside.arrays["label_pool"]
        return torch.nn.functional.pad(pool, (0, rows - pool.shape[1]))
    found = torch.zeros(1, rows, device=inside.is_text.device)
    found[:, 0] = 1
    labels = inside.network.architecture()["labels"]
    return found.expand(int(labels), rows)
