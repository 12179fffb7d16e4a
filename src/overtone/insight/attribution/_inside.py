"""A text as the torch model sees it, and the way from its tokens back to words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overtone import models
from overtone.inference.predictor import Predictor
from overtone.inputs import Located
from overtone.inputs._framed import FramedEncoded
from overtone.insight.alignment import Aligned
from overtone.models import Model


@dataclass(frozen=True, eq=False)
class Inside:
    """The rows of one text: one, or the windows of a long text."""

    network: Model
    arrays: dict[str, Tensor]
    """What the network takes, (m, L) and, for SpanEmo, label_pool."""
    is_text: Tensor
    """(m, L) whether a token is of the text, and neither special nor a label's."""
    owners: NDArray[np.int64]
    """(m, L) each token's unit, -1 where it has none."""
    units: int
    pool: str

    @classmethod
    def look(cls, predictor: Predictor, aligned: Aligned) -> Inside:
        """Encode a text for a model that attribution.load has found to be torch's."""
        network: Any = predictor.network
        inputs: Any = predictor.inputs
        assert isinstance(inputs, Located)  # noqa: S101 - load has seen to it
        encoded = inputs.encode([aligned.cleaned], predictor.labels)  # type: ignore[attr-defined]
        assert isinstance(encoded, FramedEncoded)  # noqa: S101 - those that are located are framed
        rows = len(encoded.offsets) - 1
        batch = inputs.collate(encoded, np.arange(rows))  # type: ignore[attr-defined]
        of_characters = np.append(aligned.owners(), -1)
        spans = inputs.spans(aligned.cleaned, encoded)
        # By the last character: the first one of a piece may be the space before it.
        of_tokens = np.where(spans[:, 1] > spans[:, 0], of_characters[spans[:, 1] - 1], -1)
        owners = np.full(batch["input_ids"].shape, -1, dtype=np.int64)
        is_text = np.zeros(owners.shape, dtype=np.bool_)
        head = len(encoded.frame.head)
        for row in range(rows):
            start, end = encoded.offsets[row : row + 2]
            owners[row, head : head + end - start] = of_tokens[start:end]
            is_text[row, head : head + end - start] = True
        device = next(network.parameters()).device
        return cls(
            network=network,
            arrays=models.tensors(batch, device),
            is_text=torch.from_numpy(is_text).to(device),
            owners=owners,
            units=len(aligned.units),
            pool=encoded.pool,
        )

    def pooled(self, logits: Tensor) -> Tensor:
        """Return the text's logits, (..., C), from those of its rows, (..., m, C)."""
        return logits.amax(dim=-2) if self.pool == "max" else logits.mean(dim=-2)

    def summed(self, tokens: Tensor) -> NDArray[np.float32]:
        """Return the sum over each unit's tokens, (W,), of values (m, L)."""
        owned = self.owners >= 0
        found = np.bincount(
            self.owners[owned], tokens.cpu().numpy()[owned].astype(np.float64), self.units
        )
        return found.astype(np.float32)
