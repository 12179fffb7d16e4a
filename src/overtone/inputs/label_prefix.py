"""SpanEmo's input: the label words as segment A, the text as segment B.

Source: Alhuzali & Ananiadou, SpanEmo: Casting Multi-label Emotion Classification as Span-prediction
(EACL 2021), section 3. `[CLS] anger joy … or trust? [SEP] the text [SEP]`; the model reads one
score off each label's tokens, wherever they came to stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from overtone.config import Range
from overtone.errors import InputError
from overtone.inputs import Batch, Encoded
from overtone.labels import Labels

CONJUNCTIONS = {"en": ("or", "?"), "es": ("o", "?"), "ar": ("أو", "؟")}


@dataclass(frozen=True, kw_only=True)
class Config:
    """How labels and text share the encoder's input."""

    max_length: Annotated[int, Range(8)] = 128
    """Most tokens a row, labels included. Longer texts lose their end; labels are never cut."""
    question: bool = True
    """Whether the labels read as a question, "… surprise or trust?", as in SpanEmo."""
    prompts: dict[str, str] = field(default_factory=dict)
    """Words that stand for a label in the input, by label name, where not its own."""


@dataclass(frozen=True, eq=False)
class PrefixEncoded(Encoded):
    """Tokenised texts and the parts that all their rows share."""

    head: NDArray[np.int32]
    """(h,) ids before the text: [CLS], the label words, [SEP]."""
    tail: NDArray[np.int32]
    """(t,) ids after the text: [SEP]."""
    segments: tuple[NDArray[np.int32], int, NDArray[np.int32]]
    """Segment ids of head (h,), text, and tail (t,), as the tokenizer's template says."""
    label_pool: NDArray[np.float32]
    """(C, h) rows sum to 1: the mean over each label's word pieces, as a matrix."""


class Inputs:
    """Encodes and collates `[CLS] labels [SEP] text [SEP]`."""

    def __init__(self, config: Config, tokenizer: Tokenizer, limit: int) -> None:
        """Store the settings; the tokenizer's own padding and truncation are switched off."""
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, limit)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # A text that says "[SEP]" means the characters, not the token.
        tokenizer.encode_special_tokens = True
        # The mask hides padding from the encoder, so any id that exists will do.
        self._pad_id = next(
            (
                found
                for token in ("[PAD]", "<pad>", "<|padding|>")
                if (found := tokenizer.token_to_id(token)) is not None
            ),
            0,
        )

    def encode(self, texts: Sequence[str], labels: Labels) -> PrefixEncoded:
        """Tokenise texts once, for one label set.

        Raises:
            InputError: the labels alone fill the input, or a prompt has no tokens.

        """
        labels = labels.with_prompts(self.config.prompts)
        prefix, spans = self._prefix(labels)
        # Where the text would go is read off a pair with a stand-in for it, so that each family's
        # own template decides about special tokens and segments.
        pair = self.tokenizer.encode(prefix, "a")
        places = [place for place, part in enumerate(pair.sequence_ids) if part == 1]
        start, end = places[0], places[-1] + 1
        room = self.max_length - start - (len(pair) - end)
        if room < 1:
            raise InputError(
                f"the {len(labels)} labels take {start} of {self.max_length} tokens, which leaves "
                "no room for a text: raise inputs.max_length or shorten the prompts"
            )
        ids, offsets, truncated = _flatten(self.tokenizer, texts, room)
        types = np.asarray(pair.type_ids, dtype=np.int32)
        return PrefixEncoded(
            labels=labels,
            ids=ids,
            offsets=offsets,
            overhead=start + len(pair) - end,
            truncated=truncated,
            head=np.asarray(pair.ids[:start], dtype=np.int32),
            tail=np.asarray(pair.ids[end:], dtype=np.int32),
            segments=(types[:start], int(types[start]), types[end:]),
            label_pool=_label_pool(pair, spans, labels, start),
        )

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return the padded arrays of some rows.

        Returns:
            input_ids, attention_mask and token_type_ids, (B, L) int64, L as long as the longest
            row; label_pool (C, h) float32.

        """
        assert isinstance(encoded, PrefixEncoded)  # noqa: S101 - what encode returned
        starts = encoded.offsets[rows]
        lengths = encoded.offsets[rows + 1] - starts  # (B,)
        h, t, longest = len(encoded.head), len(encoded.tail), int(lengths.max(initial=0))
        shape = (len(rows), h + longest + t)
        column = np.arange(longest)
        is_text = column < lengths[:, None]  # (B, longest)
        after = h + lengths[:, None] + np.arange(t)  # (B, t) where the tail goes
        head_types, text_type, tail_types = encoded.segments

        ids = np.full(shape, self._pad_id, dtype=np.int64)
        ids[:, :h] = encoded.head
        ids[:, h : h + longest][is_text] = encoded.ids[(starts[:, None] + column)[is_text]]
        np.put_along_axis(ids, after, encoded.tail[None].astype(np.int64), axis=1)

        types = np.zeros(shape, dtype=np.int64)
        types[:, :h] = head_types
        types[:, h : h + longest][is_text] = text_type
        np.put_along_axis(types, after, tail_types[None].astype(np.int64), axis=1)

        mask = np.arange(shape[1]) < (lengths + h + t)[:, None]
        return {
            "input_ids": ids,
            "attention_mask": mask.astype(np.int64),
            "token_type_ids": types,
            "label_pool": encoded.label_pool,
        }

    def _prefix(self, labels: Labels) -> tuple[str, list[tuple[int, int]]]:
        """Return segment A and where in it each label's words stand, in characters."""
        conjunction, end = CONJUNCTIONS.get(labels.language, ("", "?"))
        question = self.config.question
        prefix, spans = "", []
        for place, prompt in enumerate(labels.prompts):
            if prefix:
                prefix += " "
            if question and conjunction and place == len(labels) - 1 > 0:
                prefix += f"{conjunction} "
            spans.append((len(prefix), len(prefix) + len(prompt)))
            prefix += prompt
        return prefix + end * question, spans


def _flatten(
    tokenizer: Tokenizer, texts: Sequence[str], room: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
    """Tokenise texts, cut each to `room` tokens, and lay them end to end."""
    pieces: list[NDArray[np.int32]] = []
    truncated = 0
    # In blocks, so that only one block's encodings (offsets, words and all) are alive at a time.
    for first in range(0, len(texts), 4096):
        block = list(texts[first : first + 4096])
        for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            truncated += len(encoding.ids) > room
            pieces.append(np.asarray(encoding.ids[:room], dtype=np.int32))
    offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    ids = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int32)
    return ids, offsets, truncated


def _label_pool(
    pair: Encoding, spans: Sequence[tuple[int, int]], labels: Labels, head: int
) -> NDArray[np.float32]:
    """Return (C, head): for each label the mean over its word pieces."""
    pool = np.zeros((len(labels), head), dtype=np.float32)
    for place, (part, (low, high)) in enumerate(
        zip(pair.sequence_ids[:head], pair.offsets[:head], strict=True)
    ):
        if part == 0 and high > low:
            for row, (start, end) in enumerate(spans):
                pool[row, place] = low < end and high > start
    counts = pool.sum(axis=1, keepdims=True)
    for name, prompt, count in zip(labels.names, labels.prompts, counts[:, 0], strict=True):
        if not count:
            raise InputError(f"the prompt {prompt!r} of label {name} has no tokens; choose another")
    return np.asarray(pool / counts, dtype=np.float32)
