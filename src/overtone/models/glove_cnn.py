"""A CNN over word vectors: kernels of several widths side by side, the maximum over the text.

Source: Kim, Convolutional Neural Networks for Sentence Classification (EMNLP 2014), with a sigmoid
a label. The CNN that the report could have built; the one it describes is `paper_cnn`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from overtone.config import Count, Share
from overtone.errors import InputError
from overtone.inputs.words import PAD
from overtone.labels import Labels
from overtone.models import Model, Pretrained, _vectors
from overtone.models._vectors import VectorConfig

TEXT = "words"
INPUTS = "words"
LOSS = "bce"

LIMIT = 100_000
"""Words a row: the network takes any number, memory doesn't."""


@dataclass(frozen=True, kw_only=True)
class Config(VectorConfig):
    """The word vectors and the size of the network."""

    kernels: tuple[Count, ...] = (3, 4, 5)
    """Widths of the kernels, in words."""
    filters: Count = 100
    """Filters of each width."""
    dropout: Share = 0.5
    """Share of the filters' maxima that are dropped in training."""
    train_embeddings: bool = True
    """Whether the word vectors are trained too."""


class GloveCnn(Model):
    """Word vectors, parallel convolutions, a linear layer."""

    LABELLED: ClassVar[tuple[str, ...]] = ("output.weight", "output.bias")

    def __init__(self, config: Config, words: int, width: int, labels: int) -> None:
        """Make the layers for `words` vectors of size `width` and C labels."""
        super().__init__()
        self.shape = {"words": words, "width": width, "labels": labels}
        self.embedding = _vectors.embedding(words, width, trained=config.train_embeddings)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, config.filters, kernel) for kernel in config.kernels
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.filters * len(config.kernels), labels)
        self.kernels = config.kernels
        self._margin = max(config.kernels) - 1

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return logits (B, C) of input_ids (B, L), padded with 0."""
        # A margin on both sides: every word meets every place of every kernel, short texts too.
        # Whatever is past the margin of the text is left out of the maximum, so that padding, and
        # with it the other texts of a batch, changes nothing.
        length = (input_ids != PAD).sum(dim=1)  # (B,)
        padded = F.pad(input_ids, (self._margin, self._margin), value=PAD)
        vectors = self.embedding(padded).transpose(1, 2)  # (B, D, L + 2 m)
        maxima = []
        for kernel, convolution in zip(self.kernels, self.convolutions, strict=True):
            found = torch.relu(convolution(vectors))  # (B, F, P)
            last = length + 2 * self._margin - kernel + 1  # (B,)
            inside = torch.arange(found.shape[2], device=found.device) < last[:, None]  # (B, P)
            # relu leaves nothing below 0, so the 0 outside is never more than what is inside.
            maxima.append((found * inside[:, None]).amax(dim=2))
        logits: Tensor = self.output(self.dropout(torch.cat(maxima, dim=1)))
        return logits

    def architecture(self) -> dict[str, Any]:
        """Return the numbers of words, dimensions and labels."""
        return dict(self.shape)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the word vectors, where they are trained, and the rest."""
        vectors = [given for given in self.embedding.parameters() if given.requires_grad]
        return vectors, [*self.convolutions.parameters(), *self.output.parameters()]


def create(config: Config, labels: Labels, texts: Sequence[str]) -> Pretrained:  # noqa: ARG001
    """Make a model to train, on the vectors of a file.

    Raises:
        InputError: there is no such file, or it has no vectors.

    """
    if not config.kernels:
        raise InputError("model.kernels needs at least one width, found none")
    vectors = _vectors.read(config)
    words, width = vectors.table.shape
    model = GloveCnn(config, words, width, len(labels))
    model.embedding.weight.data.copy_(torch.from_numpy(vectors.table))
    return Pretrained(model, vectors.tokenizer, LIMIT)


def restore(config: Config, architecture: Mapping[str, Any]) -> GloveCnn:
    """Make an empty model of a saved shape."""
    words, width, labels = (int(architecture[key]) for key in ("words", "width", "labels"))
    return GloveCnn(config, words, width, labels)
