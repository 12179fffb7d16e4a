"""The report's CNN, as nearly as it can be built.

Source: Atha, Gampa, Vaidya, "Emotion Recognition using BERT and its variants": word vectors, five
blocks of convolution (as many filters as the text has words at most, kernels of 5, ReLU), dropout
0.2 and max pooling of 35, then a dense layer and a softmax. Five poolings of 35 don't fit 128 or
750 words, so convolutions keep the length ("same" padding) and a pooling takes what there is where
that is less than 35: 128 words become 3, then 1. The report doesn't say whether the vectors are
trained; here they are frozen, as in the Keras tutorial that its network resembles.

A softmax above 0.5 is one label's at most. The logits given here are those whose sigmoid is the
softmax, so that decisions, metrics and files are the same as for every model.
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
LOSS = "categorical"

BLOCKS = 5
KERNEL = 5
POOLING = 35


@dataclass(frozen=True, kw_only=True)
class Config(VectorConfig):
    """The word vectors and the length of the input."""

    length: Count = 128
    """Words of every row, and filters of every block: 128 for tweets, 750 for comments."""
    dropout: Share = 0.2
    """Share of each block's units that are dropped in training."""
    train_embeddings: bool = False
    """Whether the word vectors are trained too."""


class PaperCnn(Model):
    """Word vectors, five blocks, a dense layer whose softmax is the sigmoid of the logits."""

    LABELLED: ClassVar[tuple[str, ...]] = ("output.weight", "output.bias")

    def __init__(self, config: Config, words: int, width: int, labels: int) -> None:
        """Make the layers for `words` vectors of size `width` and C labels."""
        super().__init__()
        self.shape = {"words": words, "width": width, "labels": labels}
        self.length = config.length
        self.embedding = _vectors.embedding(words, width, trained=config.train_embeddings)
        filters, left, blocks = config.length, config.length, []
        for number in range(BLOCKS):
            size = min(POOLING, left)
            left //= size
            blocks += [
                nn.Conv1d(filters if number else width, filters, KERNEL, padding="same"),
                nn.ReLU(),
                nn.Dropout(config.dropout),
                nn.MaxPool1d(size),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Linear(filters * left, labels)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return logits (B, C) of input_ids (B, L), padded with 0 and L at most `length`."""
        ids = F.pad(input_ids, (0, self.length - input_ids.shape[1]), value=PAD)
        features = self.blocks(self.embedding(ids).transpose(1, 2)).flatten(1)
        scores = self.output(features)  # (B, C)
        # p = softmax(s); its logit log(p / (1 - p)) is s less the log-sum-exp of the others.
        others = scores.unsqueeze(1).expand(-1, scores.shape[1], -1)  # (B, C, C)
        own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
        logits: Tensor = scores - others.masked_fill(own, -torch.inf).logsumexp(dim=2)
        return logits

    def architecture(self) -> dict[str, Any]:
        """Return the numbers of words, dimensions and labels."""
        return dict(self.shape)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the word vectors, where they are trained, and the rest."""
        vectors = [given for given in self.embedding.parameters() if given.requires_grad]
        return vectors, [*self.blocks.parameters(), *self.output.parameters()]


def create(config: Config, labels: Labels, texts: Sequence[str]) -> Pretrained:  # noqa: ARG001
    """Make a model to train, on the vectors of a file.

    Raises:
        InputError: there is no such file, or it has no vectors; or there is only one label, whose
            softmax is always 1.

    """
    if len(labels) < 2:  # noqa: PLR2004
        raise InputError("paper_cnn needs two labels, found one: its softmax would always be 1")
    vectors = _vectors.read(config)
    words, width = vectors.table.shape
    model = PaperCnn(config, words, width, len(labels))
    model.embedding.weight.data.copy_(torch.from_numpy(vectors.table))
    return Pretrained(model, vectors.tokenizer, config.length)


def restore(config: Config, architecture: Mapping[str, Any]) -> PaperCnn:
    """Make an empty model of a saved shape."""
    words, width, labels = (int(architecture[key]) for key in ("words", "width", "labels"))
    return PaperCnn(config, words, width, labels)
