"""Word vectors in GloVe's text format, and the tokenizer of their words.

A line is a word and its numbers, spaces between, most frequent words first. The file may be plain,
.gz, or a .zip; where that has several files, as GloVe's own, `glove.6B.zip:glove.6B.100d.txt` names
one. Source: Pennington, Socher and Manning, GloVe (EMNLP 2014),
https://nlp.stanford.edu/projects/glove.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

from overtone.config import Count
from overtone.errors import DataError, InputError, MissingDataError
from overtone.inputs.words import PAD, UNKNOWN, unknown_token

UNREADABLE = (
    OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error,
    RuntimeError, NotImplementedError,  # an archive with a password, or packed in an unknown way
)  # fmt: skip

PADDING = "padding word"
"""No word has a space in it."""


@dataclass(frozen=True, kw_only=True)
class VectorConfig:
    """Which vectors, and what to do with words that have none."""

    vectors: str = ""
    """A file of word vectors in GloVe's text format: plain, .gz or .zip."""
    words: Count = 100_000
    """Most words of the file that are kept, from its beginning: the most frequent ones."""
    unknown: Count = 1
    """Vectors for words that are not in the file. 1: one for all of them. More: each word has the
    one that its letters' hash picks, so that most unknown words are told apart. They begin at
    random and are trained."""


@dataclass(frozen=True)
class Vectors:
    """Words and their vectors."""

    table: NDArray[np.float32]
    """(V, D), rows as the tokenizer numbers them: padding (0), unknown words, then the file's."""
    tokenizer: str
    """As tokenizer.json."""


def read(config: VectorConfig) -> Vectors:
    """Read a file of word vectors.

    Raises:
        InputError: no file is named.
        MissingDataError: it isn't there.
        DataError: it is damaged, or of another format; names the line.

    """
    if not config.vectors:
        raise InputError(
            "this model needs word vectors: give --set model.vectors=FILE, a GloVe text file "
            "such as glove.6B.100d.txt, or glove.6B.zip:glove.6B.100d.txt after `overtone data "
            "fetch glove.6B`"
        )
    try:
        with _opened(config.vectors) as file, _text(file) as lines:
            words, known = _parsed(config, lines)
    except FileNotFoundError as error:
        raise MissingDataError(
            f"{config.vectors}: expected a file of word vectors, found none; get GloVe from "
            "nlp.stanford.edu/projects/glove or with `overtone data fetch glove.6B`, and name the "
            "file with --set model.vectors=FILE"
        ) from error
    except UNREADABLE as error:
        raise DataError(f"{config.vectors}: can't be read ({error}); get the file again") from error
    # Unknown words begin like any word: at random, as large as the file's vectors are.
    size = (config.unknown, known.shape[1])
    unknown = torch.randn(size).numpy() * known.std() + known.mean(axis=0)
    table = np.concatenate([np.zeros((1, known.shape[1])), unknown, known]).astype(np.float32)
    return Vectors(table, _tokenizer(words, config.unknown))


def embedding(rows: int, width: int, *, trained: bool) -> nn.Embedding:
    """Return an empty layer for vectors (V, D), whose padding stays zero."""
    layer = nn.Embedding(rows, width, padding_idx=PAD)
    layer.requires_grad_(trained)
    return layer


def _tokenizer(words: list[str], unknown: int) -> str:
    special = [PADDING, *(unknown_token(number) for number in range(unknown))]
    vocabulary = {word: place for place, word in enumerate([*special, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special[UNKNOWN]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return str(tokenizer.to_str())


def _parsed(config: VectorConfig, lines: Iterable[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Return the words of a file and their vectors, (words, D)."""
    rows: dict[str, NDArray[np.float32]] = {}
    size = 0
    for number, line in enumerate(lines, start=1):
        word, _, numbers = line.rstrip("\r\n ").partition(" ")
        # word2vec's text format begins with the numbers of words and of dimensions.
        if number == 1 and word.isdigit() and numbers.isdigit():
            continue
        row = _numbers(numbers)
        size = size or len(row)
        if size and not len(row) and len(_numbers(" ".join(numbers.split(" ")[-size:]))) == size:
            continue  # a few "words" of GloVe 840B have spaces in them; no word of a text has
        if not (word and size and len(row) == size and np.isfinite(row).all()):
            raise DataError(
                f"{config.vectors}, line {number}: expected a word and {size or 'its'} numbers, "
                "spaces between, found something else; get the file again"
            )
        rows.setdefault(word, row)
        if len(rows) == config.words:
            break
    if not rows:
        raise DataError(f"{config.vectors}: expected word vectors, found none")
    return list(rows), np.stack(list(rows.values()))


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding="utf-8", newline="\n")


def _numbers(text: str) -> NDArray[np.float32]:
    """Return a line's numbers; none where they are no numbers."""
    try:
        return np.asarray(text.split(" "), dtype=np.float32)
    except ValueError:
        return np.zeros(0, dtype=np.float32)


@contextmanager
def _opened(reference: str) -> Iterator[IO[bytes]]:
    """Open a plain or compressed file; `archive.zip:member` names one of several members."""
    path, _, member = reference.rpartition(":") if ".zip:" in reference else (reference, "", "")
    if not path.lower().endswith(".zip"):
        packed = path.lower().endswith(".gz")
        file: IO[bytes]
        with cast(IO[bytes], gzip.open(path)) if packed else Path(path).open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if not name.endswith("/")]
        wanted = [member] if member else members
        if len(wanted) != 1 or wanted[0] not in members:
            raise DataError(
                f"{path}: expected one file in the archive, found {', '.join(members) or 'none'}; "
                f"name one, such as {path}:{members[0] if members else 'name.txt'}"
            )
        with archive.open(wanted[0]) as inner:
            yield inner
