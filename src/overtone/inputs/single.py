"""The text alone, with its family's special tokens: `[CLS] the text [SEP]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.config import Range
from overtone.errors import InputError
from overtone.inputs import Batch, Encoded, _framed
from overtone.inputs._framed import Frame, FramedEncoded
from overtone.inputs._long import Long, as_plain, cut, spans, tokenised
from overtone.labels import Labels


@dataclass(frozen=True, kw_only=True)
class Config(Long):
    """How a text becomes the encoder's input."""

    max_length: Annotated[int, Range(8)] = 128
    """Most tokens a row, special tokens included."""


class Inputs:
    """Encodes and collates `[CLS] text [SEP]`."""

    def __init__(self, config: Config, tokenizer: Tokenizer, limit: int) -> None:
        """Store the settings; the tokenizer's own padding and truncation are switched off."""
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, limit)
        self._pad_id = _framed.prepare(tokenizer)
        self._plain = as_plain(tokenizer)

    def encode(self, texts: Sequence[str], labels: Labels) -> FramedEncoded:
        """Tokenise texts once.

        Raises:
            InputError: the special tokens alone fill the input.

        """
        frame = Frame.around(self.tokenizer.encode("a"), part=0)
        room = self.max_length - len(frame)
        if room < 1:
            raise InputError(
                f"the encoder takes {self.max_length} tokens a row, which leaves no room for a text"
            )
        return FramedEncoded(
            labels=labels,
            **vars(cut(tokenised(self.tokenizer, self._plain, texts), room, self.config)),
            overhead=len(frame),
            frame=frame,
        )

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return input_ids, attention_mask and token_type_ids of some rows, (B, L) int64."""
        assert isinstance(encoded, FramedEncoded)  # noqa: S101 - what encode returned
        return _framed.collate(encoded, rows, self._pad_id)

    def spans(self, text: str, encoded: Encoded) -> NDArray[np.int64]:
        """Return where each token of an encoded text stands in it, (tokens, 2), in characters."""
        return spans(self.tokenizer, text, self.max_length - encoded.overhead, self.config)
