"""A tokenizer with fewer pieces: those that some texts need, and enough to spell any other word.

WordPiece takes the longest piece that fits, Unigram the likeliest way to cut a word up. Where all
pieces that it took are still there, it takes them again; a word that has lost one is spelled in
shorter ones. Byte pairs are merged one after another, through pieces that no text shows, so which
of them are needed can't be counted: they are refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone.errors import InputError
from overtone.inputs import _framed
from overtone.inputs._long import as_plain, tokenised

Json = dict[str, Any]


def count(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.int64]:
    """Return how often each piece occurs in texts, by its id, (V,)."""
    _framed.prepare(tokenizer)
    counts = np.zeros(1 + max(tokenizer.get_vocab().values()), dtype=np.int64)
    for ids in tokenised(tokenizer, as_plain(tokenizer), texts):
        counts += np.bincount(ids, minlength=len(counts))
    return counts


def choose(
    tokenizer: str,
    counts: NDArray[np.int64],
    needed: Collection[int] = (),
    *,
    min_count: int = 1,
    size: int = 0,
) -> NDArray[np.int64]:
    """Return the ids of the pieces to keep, ascending.

    Special tokens and single characters, at the beginning of a word or within, are kept in any
    case.

    Args:
        tokenizer: the content of tokenizer.json.
        counts: how often each occurs, by its id, (V,).
        needed: ids that are kept in any case, too.
        min_count: how often a piece must occur.
        size: most pieces to keep, the most frequent ones; 0 sets no limit.

    Raises:
        InputError: the tokenizer is neither WordPiece nor Unigram, or what is kept in any case is
            more than that.

    """
    table: Json = json.loads(tokenizer)
    always = {number for piece, number in _pieces(table) if _is_character(table["model"], piece)}
    always.update(token["id"] for token in table["added_tokens"])
    always.update(int(number) for number in needed)
    if (unknown := table["model"].get("unk_id")) is not None:
        always.add(unknown)
    if size and size < len(always):
        raise InputError(
            f"expected room for the {len(always)} special tokens, single characters and pieces of "
            f"the labels, found a vocabulary of {size}: take at least that many"
        )
    order = np.argsort(-counts, kind="stable")
    rest = [int(n) for n in order if counts[n] >= min_count and int(n) not in always]
    return np.array(sorted(always.union(rest[: size - len(always)] if size else rest)))


def cut(tokenizer: str, kept: NDArray[np.int64]) -> str:
    """Return tokenizer.json with the kept pieces only, numbered anew in their order.

    Args:
        tokenizer: the content of tokenizer.json.
        kept: what `choose` returned.

    Raises:
        InputError: the tokenizer can't be cut.

    """
    table: Json = json.loads(tokenizer)
    new = {int(old): number for number, old in enumerate(kept)}
    pieces, model = _pieces(table), table["model"]
    if model["type"] == "WordPiece":
        model["vocab"] = {piece: new[old] for piece, old in pieces if old in new}
    else:
        model["vocab"] = [model["vocab"][old] for _, old in pieces if old in new]
        model["unk_id"] = None if model["unk_id"] is None else new[model["unk_id"]]
    for token in table["added_tokens"]:
        token["id"] = new[token["id"]]
    table["padding"] = None  # both are switched off where it is used
    table["truncation"] = None
    found = Tokenizer.from_str(json.dumps(_frame(table, new), ensure_ascii=False))
    before = Tokenizer.from_str(tokenizer).get_vocab()
    if found.get_vocab() != {piece: new[old] for piece, old in before.items() if old in new}:
        raise InputError(
            "expected a tokenizer whose added tokens come after all others or stand among them, "
            "found one that can't be numbered anew: leave its vocabulary whole"
        )
    text: str = found.to_str()
    return text


def _pieces(table: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the model's pieces and their ids, in their order.

    Raises:
        InputError: it is neither WordPiece nor Unigram.

    """
    model = table["model"]
    if model["type"] == "WordPiece":
        return sorted(model["vocab"].items(), key=lambda item: int(item[1]))
    if model["type"] == "Unigram":
        return [(piece, number) for number, (piece, _) in enumerate(model["vocab"])]
    raise InputError(
        f"expected a WordPiece or Unigram tokenizer, such as BERT's or XLM-R's, to cut the "
        f"vocabulary of, found {model['type']}: leave its vocabulary whole"
    )


def _is_character(model: Mapping[str, Any], piece: str) -> bool:
    """Return whether a piece is one character, at the beginning of a word or within, or a byte."""
    if model["type"] == "WordPiece":
        prefix = model["continuing_subword_prefix"]
        return len(piece) == 1 or (len(piece) == 1 + len(prefix) and piece.startswith(prefix))
    is_byte = len(piece) == len("<0x00>") and piece.startswith("<0x")
    return len(piece.removeprefix("▁")) <= 1 or is_byte


def _frame(table: Json, new: Mapping[int, int]) -> Json:
    """Return tokenizer.json with the special tokens that it puts around texts numbered anew."""
    processor = table["post_processor"] or {}
    for part in (processor, *processor.get("processors", ())):
        for token in part.get("special_tokens", {}).values():
            token["ids"] = [new[number] for number in token["ids"]]
        for key in ("sep", "cls"):  # BERT's and RoBERTa's own kind
            if key in part:
                part[key] = [part[key][0], new[part[key][1]]]
    return table
