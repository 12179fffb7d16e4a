"""SpanEmo's input: the label words as segment A, the text as segment B.

Source: Alhuzali & Ananiadou, SpanEmo: Casting Multi-label Emotion Classification as Span-prediction
(EACL 2021), section 3. `[CLS] anger joy … or trust? [SEP] the text [SEP]`; the model reads one
score off each label's tokens, wherever they came to stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from overtone.config import Range
from overtone.errors import InputError
from overtone.inputs import Batch, Encoded, _framed
from overtone.inputs._framed import Frame, FramedEncoded
from overtone.inputs._long import Long, as_plain, cut, spans, tokenised
from overtone.labels import Labels

CONJUNCTIONS = {"en": ("or", "?"), "es": ("o", "?"), "ar": ("أو", "؟")}


@dataclass(frozen=True, kw_only=True)
class Config(Long):
    """How labels and text share the encoder's input."""

    max_length: Annotated[int, Range(8)] = 128
    """Most tokens a row, labels included; labels are never cut."""
    question: bool = True
    """Whether the labels read as a question, "… surprise or trust?", as in SpanEmo."""
    prompts: dict[str, str] = field(default_factory=dict)
    """Words that stand for a label in the input, by label name, where not its own."""
    mask: bool = True
    """Whether padding is hidden from the encoder. SpanEmo's public code doesn't: it pads every row
    to `max_length` and lets the encoder attend to all of it. Off, to measure what that costs."""
    segments: bool = True
    """Whether the text is marked as segment B. SpanEmo's public code doesn't. Off for the same."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PrefixEncoded(FramedEncoded):
    """Tokenised texts, and the labels that stand before each."""

    label_pool: NDArray[np.float32]
    """(C, h) rows sum to 1: the mean over each label's word pieces, as a matrix."""
    width: int = 0
    """Tokens to which every row is padded, where it is more than the longest one's."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the tokens of each row as the model gets it, (m,)."""
        return np.maximum(super().lengths, self.width)


class Inputs:
    """Encodes and collates `[CLS] labels [SEP] text [SEP]`."""

    def __init__(self, config: Config, tokenizer: Tokenizer, limit: int) -> None:
        """Store the settings; the tokenizer's own padding and truncation are switched off."""
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, limit)
        self._pad_id = _framed.prepare(tokenizer)
        self._plain = as_plain(tokenizer)
        self._known: dict[Labels, tuple[Frame, NDArray[np.float32]]] = {}

    def encode(self, texts: Sequence[str], labels: Labels) -> PrefixEncoded:
        """Tokenise texts once, for one label set.

        Raises:
            InputError: the labels alone fill the input, or a prompt has no tokens.

        """
        labels = labels.with_prompts(self.config.prompts)
        frame, label_pool = self._framed(labels)
        room = self.max_length - len(frame)
        if room < 1:
            raise InputError(
                f"the {len(labels)} labels take {len(frame.head)} of {self.max_length} tokens, "
                "which leaves no room for a text: take fewer labels or shorter words for them, or "
                "train with a higher inputs.max_length"
            )
        return PrefixEncoded(
            labels=labels,
            **vars(cut(tokenised(self.tokenizer, self._plain, texts), room, self.config)),
            overhead=len(frame),
            frame=frame,
            label_pool=label_pool,
            width=0 if self.config.mask else self.max_length,
        )

    def ask(self, encoded: Encoded, labels: Labels) -> PrefixEncoded:
        """Return the same texts with other labels, which may leave a row longer than `max_length`.

        Raises:
            InputError: a prompt has no tokens.

        """
        assert isinstance(encoded, PrefixEncoded)  # noqa: S101 - what encode returned
        frame, label_pool = self._frame(labels)
        return replace(
            encoded, labels=labels, overhead=len(frame), frame=frame, label_pool=label_pool
        )

    def collate(self, encoded: Encoded, rows: NDArray[np.int64]) -> Batch:
        """Return the padded arrays of some rows.

        Returns:
            input_ids, attention_mask and token_type_ids, (B, L) int64, L as long as the longest
            row, without a mask `max_length`; label_pool (C, h) float32.

        """
        assert isinstance(encoded, PrefixEncoded)  # noqa: S101 - what encode returned
        batch = _framed.collate(encoded, rows, self._pad_id)
        if not self.config.segments:
            batch["token_type_ids"] = np.zeros_like(batch["token_type_ids"])
        if not self.config.mask:
            batch = _unmasked(batch, encoded.width, self._pad_id)
        return {**batch, "label_pool": encoded.label_pool}

    def spans(self, text: str, encoded: Encoded) -> NDArray[np.int64]:
        """Return where each token of an encoded text stands in it, (tokens, 2), in characters."""
        return spans(self.tokenizer, text, self.max_length - encoded.overhead, self.config)

    def _framed(self, labels: Labels) -> tuple[Frame, NDArray[np.float32]]:
        """Return what stands around each text and where the labels are in it, made once."""
        if labels not in self._known:
            self._known[labels] = self._frame(labels)
        return self._known[labels]

    def _frame(self, labels: Labels) -> tuple[Frame, NDArray[np.float32]]:
        prefix, spans = self._prefix(labels)
        pair = self.tokenizer.encode(prefix, "a")
        frame = Frame.around(pair, part=1)
        return frame, _label_pool(pair, spans, labels, len(frame.head))

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


def _unmasked(batch: Batch, width: int, pad_id: int) -> Batch:
    """Return a batch's arrays padded to (B, width), the padding attended to."""
    more = ((0, 0), (0, width - batch["input_ids"].shape[1]))
    return {
        "input_ids": np.pad(batch["input_ids"], more, constant_values=pad_id),
        "attention_mask": np.ones((len(batch["input_ids"]), width), dtype=np.int64),
        "token_type_ids": np.pad(batch["token_type_ids"], more),
    }


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
