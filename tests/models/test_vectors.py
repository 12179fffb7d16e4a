"""Files of word vectors: plain, packed, of other formats, and damaged."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from overtone.errors import DataError, InputError, MissingDataError
from overtone.models._vectors import VectorConfig, Vectors, read

LINES = "the 0.1 0.2 0.3\nday -1 2 3e-1\nüber 4 5 6\n"


def written(path: Path, content: str = LINES) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def check(found: Vectors) -> None:
    tokenizer = Tokenizer.from_str(found.tokenizer)
    assert tokenizer.encode("the day über nothing").ids == [2, 3, 4, 1]
    assert found.table.dtype == np.float32
    np.testing.assert_array_equal(found.table[0], 0)
    expected = np.asarray([[0.1, 0.2, 0.3], [-1, 2, 0.3], [4, 5, 6]])
    np.testing.assert_allclose(found.table[2:], expected, rtol=1e-6)


def test_a_plain_file(tmp_path: Path) -> None:
    check(read(VectorConfig(vectors=str(written(tmp_path / "v.txt")))))


def test_a_gzipped_file(tmp_path: Path) -> None:
    path = tmp_path / "v.txt.gz"
    path.write_bytes(gzip.compress(LINES.encode()))
    check(read(VectorConfig(vectors=str(path))))


def test_an_archive_of_one_file_and_a_named_one_of_several(tmp_path: Path) -> None:
    path = tmp_path / "v.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v.3d.txt", LINES)
    check(read(VectorConfig(vectors=str(path))))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("v.1d.txt", "the 1\n")
    check(read(VectorConfig(vectors=f"{path}:v.3d.txt")))
    with pytest.raises(DataError, match=r"found v\.3d\.txt, v\.1d\.txt; name one, such as"):
        read(VectorConfig(vectors=str(path)))
    with pytest.raises(DataError, match="expected one file in the archive"):
        read(VectorConfig(vectors=f"{path}:gone.txt"))


def test_a_word2vec_header_is_no_word(tmp_path: Path) -> None:
    check(read(VectorConfig(vectors=str(written(tmp_path / "v.txt", "3 3\n" + LINES)))))


def test_a_word_with_spaces_in_it_is_left_out(tmp_path: Path) -> None:
    check(read(VectorConfig(vectors=str(written(tmp_path / "v.txt", LINES + ". . . 7 8 9\n")))))


def test_a_word_that_stands_twice_has_its_first_vector(tmp_path: Path) -> None:
    check(read(VectorConfig(vectors=str(written(tmp_path / "v.txt", LINES + "the 9 9 9\n")))))


def test_only_so_many_words_are_kept(tmp_path: Path) -> None:
    # What is past them isn't even read.
    path = written(tmp_path / "v.txt", LINES + "damaged\n")
    assert len(read(VectorConfig(vectors=str(path), words=3)).table) == 5
    assert len(read(VectorConfig(vectors=str(path), words=1)).table) == 3


def test_unknown_words_begin_at_random_as_large_as_known_ones_and_by_the_seed(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    lines = [f"w{n} {' '.join(map(str, rng.normal(5, 3, size=20)))}" for n in range(500)]
    path = written(tmp_path / "v.txt", "\n".join(lines) + "\n")
    tables = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        tables.append(read(VectorConfig(vectors=str(path), unknown=300)).table)
    unknown = tables[0][1:301]
    assert abs(unknown.std() - 3) < 0.2
    assert abs(unknown.mean() - 5) < 0.2
    np.testing.assert_array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected word vectors, found none"),
        ("the 1 2\nday 1\n", "line 2: expected a word and 2 numbers"),
        ("the 1 2\nday 1 x\n", "line 2: expected a word and 2 numbers"),
        ("the 1 2\nday 1 nan\n", "line 2: expected a word and 2 numbers"),
        ("just a line of text\n", "line 1: expected a word and its numbers"),
        ("the 1 2\n\n", "line 2: expected a word"),
        ("word\n", "line 1"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(VectorConfig(vectors=str(written(tmp_path / "v.txt", content))))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"the 1 2\nd\xff 1 2\n")
    with pytest.raises(DataError, match="can't be read"):
        read(VectorConfig(vectors=str(path)))


@pytest.mark.parametrize("ending", [".gz", ".zip"])
def test_a_cut_archive_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"v.txt{ending}"
    packed = gzip.compress(LINES.encode() * 1000)
    if ending == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("v.txt", LINES * 1000)
        packed = path.read_bytes()
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="get the file again"):
        read(VectorConfig(vectors=str(path)))


def test_no_file_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--set model\.vectors=FILE"):
        read(VectorConfig())
    with pytest.raises(MissingDataError, match="get GloVe from"):
        read(VectorConfig(vectors=str(tmp_path / "gone.txt")))
