"""What happens to a text that is longer than the model's input; options of several input kinds.

Source of head and tail: Sun et al., "How to Fine-Tune BERT for Text Classification?" (2019), which
found the beginning and the end of a document to say the most (section 5.3.1). Windows let the model
read all of it, at the price of a row each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.config import Count
from overtone.inputs import Pool

BLOCK = 4096
"""Texts whose encodings (offsets, words and all) are alive at a time."""


@dataclass(frozen=True, kw_only=True)
class Long:
    """Options about long texts."""

    long: Literal["truncate", "head_tail", "windows"] = "truncate"
    """What the model sees of a text that is too long: its beginning; the first quarter of the room
    from its beginning and the rest from its end; or all of it, in windows that overlap by a
    quarter, each a row of its own."""
    pool: Pool = "max"
    """How the logits of a text's windows become the text's: a label is on where the likeliest
    window has it on, or where the mean of them has."""
    max_windows: Count = 16
    """Most windows a text; of a text that has more, those after are left out."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """The fields of `Encoded` that follow from cutting texts into rows."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    first_rows: NDArray[np.int64]
    lost: NDArray[np.bool_]
    pool: Pool


def tokenised(
    tokenizer: Tokenizer, plain: NDArray[np.int32], texts: Sequence[str]
) -> Iterable[NDArray[np.int32]]:
    """Yield the ids of each text, without special tokens; `plain` is what `as_plain` says."""
    for first in range(0, len(texts), BLOCK):
        block = list(texts[first : first + BLOCK])
        for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            yield plain[np.asarray(encoding.ids, dtype=np.int32)]


def as_plain(tokenizer: Tokenizer) -> NDArray[np.int32]:
    """Return what each id becomes in a text: itself, but special tokens are unknown words there.

    Unigram tokenizers have "</s>" among their pieces, so a text that says it would hold the token,
    whatever `encode_special_tokens` asks for.
    """
    table = np.arange(max(tokenizer.get_vocab().values(), default=0) + 1, dtype=np.int32)
    unknown = (tokenizer.token_to_id(token) for token in ("[UNK]", "<unk>"))
    substitute = next((number for number in unknown if number is not None), None)
    if substitute is not None:
        for number, token in tokenizer.get_added_tokens_decoder().items():
            if token.special:
                table[number] = substitute
    return table


def cut(texts: Iterable[NDArray[np.int32]], room: int, config: Long) -> Rows:
    """Cut the ids of texts into rows of at most `room` tokens, and lay the rows end to end."""
    rows: list[NDArray[np.int32]] = []
    counts: list[int] = []
    lost: list[bool] = []
    for ids in texts:
        found, whole = _rows(ids, room, config)
        rows += found
        counts.append(len(found))
        lost.append(not whole)
    return Rows(
        ids=np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32),
        offsets=starts_of([len(row) for row in rows]),
        first_rows=starts_of(counts),
        lost=np.asarray(lost, dtype=np.bool_),
        pool=config.pool,
    )


def spans(tokenizer: Tokenizer, text: str, room: int, config: Long) -> NDArray[np.int64]:
    """Return where each token of a text's rows stands in it, (tokens of all rows, 2)."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    found = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    # Cut as the ids are: their numbers in place of them.
    kept: NDArray[np.int64] = found[cut([np.arange(len(found), dtype=np.int32)], room, config).ids]
    return kept


def _rows(ids: NDArray[np.int32], room: int, config: Long) -> tuple[list[NDArray[np.int32]], bool]:
    """Return a text's rows, and whether they hold all of it."""
    if len(ids) <= room:
        return [ids], True
    if config.long == "truncate":
        return [ids[:room]], False
    if config.long == "head_tail":
        head = room // 4
        return [np.concatenate([ids[:head], ids[len(ids) - (room - head) :]])], False
    step = max(room - room // 4, 1)
    starts = [*range(0, len(ids) - room, step), len(ids) - room]  # the last one ends with the text
    kept = starts[: config.max_windows]
    return [ids[start : start + room] for start in kept], len(kept) == len(starts)


def starts_of(lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return where each of some rows begins when they lie end to end, and where the last ends."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
