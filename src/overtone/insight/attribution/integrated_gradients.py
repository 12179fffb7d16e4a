"""Integrated gradients over word embeddings.

Source: Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks (ICML 2017). The text's
embeddings come gradually from a baseline, and the gradient of each label's logit is added up along
the way; the pushes sum to the logit less that of the baseline. Labels and special tokens stay what
they are. One pass serves all labels, where Captum's needs one for each; a test holds both to the
same numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from overtone.config import Count
from overtone.inference.predictor import Predictor
from overtone.insight.alignment import Aligned
from overtone.insight.attribution._inside import Inside

TOKENS = 2048
"""Most tokens that go through the model at once."""
MASKS = ("[MASK]", "<mask>")
PADS = ("[PAD]", "<pad>")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The way."""

    steps: Count = 16
    """Points on it, those of Gauss and Legendre."""
    baseline: Literal["pad", "mask", "zero"] = "pad"
    """Where it begins: the embedding of padding, that of the mask, or nought; nought, too, where
    the tokenizer has no such token. Padding was the most faithful (docs/how-to/explain.md)."""


def attribute(
    config: Config, predictor: Predictor, aligned: Aligned, columns: Sequence[int]
) -> NDArray[np.float32]:
    """Return the push of each unit for each label's logit, (W, K)."""
    inside = Inside.look(predictor, aligned)
    rows, length = inside.is_text.shape
    layer = inside.network.word_embeddings()
    start = _baseline(config, predictor, layer)
    places, shares = np.polynomial.legendre.leggauss(config.steps)  # on [-1, 1]
    total = [torch.zeros(rows, length, device=inside.is_text.device) for _ in columns]
    at_once = max(1, TOKENS // (rows * length))
    for first in range(0, config.steps, at_once):
        way = torch.as_tensor((places[first : first + at_once] + 1) / 2, dtype=torch.float32)
        share = torch.as_tensor(shares[first : first + at_once] / 2, dtype=torch.float32)
        way, share = way.to(inside.is_text.device), share.to(inside.is_text.device)
        arrays = {
            name: array if name == "label_pool" else array.repeat(len(way), 1)
            for name, array in inside.arrays.items()
        }
        is_text = inside.is_text.repeat(len(way), 1)[..., None]  # (S m, L, 1)
        along = way.repeat_interleave(rows)[:, None, None]
        with torch.enable_grad(), _on_the_way(layer, start, along, is_text) as moved:
            logits = inside.network(**arrays)  # (S m, C)
            points, steps = moved[0]
            pooled = inside.pooled(logits.view(len(way), rows, -1))  # (S, C)
            for place, column in enumerate(columns):
                (slope,) = torch.autograd.grad(pooled[:, column].sum(), points, retain_graph=True)
                gained = (slope * steps).sum(dim=-1).view(len(way), rows, length)
                total[place] += torch.einsum("sml,s->ml", gained, share)
    return np.stack([inside.summed(found) for found in total], axis=1)


@contextmanager
def _on_the_way(
    layer: nn.Module, start: Tensor, along: Tensor, is_text: Tensor
) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Move the text's embeddings to points between `start` (D,) and what they are.

    Yields a list that gets, when the layer has been called, the points (B, L, D), to which
    gradients can be asked, and the whole way from start to end.
    """
    mine = threading.get_ident()
    moved: list[tuple[Tensor, Tensor]] = []

    def move(_: nn.Module, __: object, output: Tensor) -> Tensor:
        if threading.get_ident() != mine:  # another thread predicts meanwhile
            return output
        way = torch.where(is_text, output - start, 0).detach()
        points = (output.detach() - (1 - along) * way).requires_grad_()
        moved.append((points, way))
        return points

    handle = layer.register_forward_hook(move)
    try:
        yield moved
    finally:
        handle.remove()


def _baseline(config: Config, predictor: Predictor, layer: nn.Module) -> Tensor:
    """Return the embedding at which the way begins, (D,)."""
    names = {"mask": MASKS, "pad": PADS, "zero": ()}[config.baseline]
    tokenizer = predictor.inputs.tokenizer  # type: ignore[attr-defined]
    device = next(layer.parameters()).device
    for name in names:
        if (number := tokenizer.token_to_id(name)) is not None:
            with torch.no_grad():
                found: Tensor = layer(torch.tensor([[number]], device=device))[0, 0]
            return found
    with torch.no_grad():
        return torch.zeros_like(layer(torch.tensor([[0]], device=device))[0, 0])
