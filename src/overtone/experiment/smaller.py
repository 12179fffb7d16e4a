"""What a run keeps of the model that it starts from: fewer layers, fewer pieces of its vocabulary.

The texts of dev count nowhere, so that its words are as new to the vocabulary as any others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from tokenizers import Tokenizer

from overtone import inputs
from overtone.bundle import TOKENIZER, Bundle
from overtone.config import Range, Table
from overtone.data import Split, unlabelled
from overtone.inputs import vocabulary
from overtone.labels import Labels
from overtone.models.smaller import Kept

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Smaller:
    """What is kept of the model that training starts from; by default all."""

    layers: tuple[int, ...] = ()
    """The encoder's layers that are kept, the first is 0; empty keeps all."""
    vocabulary_from: tuple[str, ...] = ()
    """Whose word pieces are kept: datasets (their train split), or tables, FILE or FILE:COLUMN.
    Empty keeps the whole vocabulary."""
    min_count: Annotated[int, Range(1)] = 1
    """How often a piece must occur there to be kept."""
    vocabulary_size: Annotated[int, Range(0)] = 0
    """Most pieces that are kept, the most frequent ones; 0 sets no limit. Special tokens, single
    characters and the labels' own pieces are kept in any case."""


def resolved(layer: Table) -> Table:
    """Return a layer of a recipe in which the texts for the vocabulary have whole paths.

    Raises:
        InputError: there are no such texts.

    """
    section = layer.get("compress")
    names = section.get("vocabulary_from") if isinstance(section, dict) else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return layer  # what is wrong there, the check of the recipe reports
    whole = [unlabelled.resolve(name) for name in names]
    return {**layer, "compress": {**layer["compress"], "vocabulary_from": whole}}


def problems(smaller: Smaller, *, starts: bool) -> list[str]:
    """Return what is wrong with the section, given whether training starts from a saved model."""
    found = []
    if smaller != Smaller() and not starts:
        found.append(
            "compress keeps a part of the model that training starts from: name that one with "
            "--init, or use overtone compress MODEL"
        )
    if not smaller.vocabulary_from and (smaller.min_count > 1 or smaller.vocabulary_size):
        found.append(
            "compress.min_count and compress.vocabulary_size need compress.vocabulary_from, the "
            "texts in which pieces are counted; naming the dataset itself will do"
        )
    return found


def texts(smaller: Smaller, dev: Split, data_dir: Path | None) -> Split | None:
    """Return the texts whose word pieces are kept, None where all are.

    Raises:
        InputError: a text's source can't be used.

    """
    if not smaller.vocabulary_from:
        return None
    ids, found = unlabelled.load(smaller.vocabulary_from, data_dir, dev.texts)
    return Split("texts", "vocabulary", tuple(ids), tuple(found), dev.labels, None)


def kept(
    smaller: Smaller,
    start: Bundle,
    texts: Sequence[str],
    label_sets: Sequence[Labels],
    kind: str,
    options: Mapping[str, Any],
) -> Kept | None:
    """Return what to keep of a model; None where all of it is.

    Args:
        smaller: the recipe's section.
        start: the model.
        texts: cleaned texts whose pieces are needed.
        label_sets: the labels of the run's own dataset, then those of others; all their prompts are
            needed.
        kind: the input kind.
        options: its options.

    Raises:
        InputError: the tokenizer can't be cut.

    """
    if smaller == Smaller():
        return None
    if not smaller.vocabulary_from:
        return Kept(layers=smaller.layers)
    written = start.file(TOKENIZER).read_text(encoding="utf-8")
    tokenizer = Tokenizer.from_str(written)
    plain = inputs.without_prompts(options)
    encoder = inputs.load(kind, plain, tokenizer, start.manifest.limit)
    own = label_sets[0].with_prompts(options.get("prompts", {}))
    needed: set[int] = set()
    for labels in (own, *label_sets[1:]):
        row = encoder.collate(encoder.encode(["a"], labels), np.zeros(1, dtype=np.int64))
        needed.update(row["input_ids"].ravel().tolist())
    counts = vocabulary.count(tokenizer, texts)
    pieces = vocabulary.choose(
        written, counts, needed, min_count=smaller.min_count, size=smaller.vocabulary_size
    )
    log.info(
        "%d of %d word pieces are kept; they make up %.2f %% of those in %d texts",
        len(pieces),
        len(counts),
        100 * counts[pieces].sum() / max(counts.sum(), 1),
        len(texts),
    )
    return Kept(layers=smaller.layers, pieces=pieces)
