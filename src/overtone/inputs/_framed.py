"""Rows of the form `head text tail`, as transformers take them; head and tail are the same for all.

They are special tokens and, for SpanEmo, the labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from overtone.inputs import Batch, Encoded


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """What stands around every text."""

    head: NDArray[np.int32]
    """(h,) ids before the text."""
    tail: NDArray[np.int32]
    """(t,) ids after the text."""
    segments: tuple[NDArray[np.int32], int, NDArray[np.int32]]
    """Segment ids of head (h,), text, and tail (t,), as the tokenizer's template says."""

    @classmethod
    def around(cls, example: Encoding, part: int) -> Frame:
        """Read the frame off an example in which part number `part` stands for the text.

        So each family's own template decides about special tokens and segments.
        """
        places = [place for place, found in enumerate(example.sequence_ids) if found == part]
        start, end = places[0], places[-1] + 1
        types = np.asarray(example.type_ids, dtype=np.int32)
        return cls(
            head=np.asarray(example.ids[:start], dtype=np.int32),
            tail=np.asarray(example.ids[end:], dtype=np.int32),
            segments=(types[:start], int(types[start]), types[end:]),
        )

    def __len__(self) -> int:
        """Return the tokens that the frame takes."""
        return len(self.head) + len(self.tail)


@dataclass(frozen=True, eq=False, kw_only=True)
class FramedEncoded(Encoded):
    """Tokenised texts and what stands around them."""

    frame: Frame


def prepare(tokenizer: Tokenizer) -> int:
    """Switch off what a tokenizer does by itself, and return the id to pad with."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # A text that says "[SEP]" means the characters, not the token.
    tokenizer.encode_special_tokens = True
    # The mask hides padding from the encoder, so any id that exists will do.
    return next(
        (
            found
            for token in ("[PAD]", "<pad>", "<|padding|>")
            if (found := tokenizer.token_to_id(token)) is not None
        ),
        0,
    )


def collate(encoded: FramedEncoded, rows: NDArray[np.int64], pad_id: int) -> Batch:
    """Return input_ids, attention_mask and token_type_ids of some rows.

    Each is (B, L) int64, L as long as the longest row.
    """
    frame = encoded.frame
    starts = encoded.offsets[rows]
    lengths = encoded.offsets[rows + 1] - starts  # (B,)
    h, t, longest = len(frame.head), len(frame.tail), int(lengths.max(initial=0))
    shape = (len(rows), h + longest + t)
    column = np.arange(longest)
    is_text = column < lengths[:, None]  # (B, longest)
    after = h + lengths[:, None] + np.arange(t)  # (B, t) where the tail goes
    head_types, text_type, tail_types = frame.segments

    ids = np.full(shape, pad_id, dtype=np.int64)
    ids[:, :h] = frame.head
    ids[:, h : h + longest][is_text] = encoded.ids[(starts[:, None] + column)[is_text]]
    np.put_along_axis(ids, after, frame.tail[None].astype(np.int64), axis=1)

    types = np.zeros(shape, dtype=np.int64)
    types[:, :h] = head_types
    types[:, h : h + longest][is_text] = text_type
    np.put_along_axis(types, after, tail_types[None].astype(np.int64), axis=1)

    mask = np.arange(shape[1]) < (lengths + h + t)[:, None]
    return {
        "input_ids": ids,
        "attention_mask": mask.astype(np.int64),
        "token_type_ids": types,
    }
