"""SemEval-2018 E-c in its official format, on files made here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from overtone import data
from overtone.data.semeval2018 import NAMES
from overtone.errors import DataError, InputError, MissingDataError

LANGUAGES = ("en", "ar", "es")
HEADER = "\t".join(["ID", "Tweet", *NAMES])
NONE = ["NONE"] * 11


def row(identifier: str, tweet: str, *on: str) -> str:
    """Return a line of an official file."""
    return "\t".join([identifier, tweet, *("1" if name in on else "0" for name in NAMES)])


def write(
    folder: Path,
    lines: Sequence[str],
    *,
    split: str = "train",
    language: str = "en",
    end: str = "\n",
    encoding: str = "utf-8",
) -> Path:
    """Write a file under its official name."""
    path = folder / f"2018-E-c-{language.capitalize()}-{split}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode(encoding))
    return path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_rows_become_ids_texts_and_targets(tmp_path: Path, language: str, split: str) -> None:
    lines = [HEADER, row("2", "so happy", "joy", "love"), row("1", "a bus")]
    write(tmp_path, lines, split=split, language=language)
    loaded = data.load(f"semeval2018-{language}", split, tmp_path)
    assert loaded.dataset == f"semeval2018-{language}"
    assert loaded.name == split
    assert len(loaded) == 2
    assert loaded.ids == ("2", "1")
    assert loaded.texts == ("so happy", "a bus")
    assert loaded.labels.names == NAMES
    assert loaded.labels.language == language
    truth = data.truth(loaded)
    assert truth.dtype == np.float32
    assert truth.tolist() == [[float(name in {"joy", "love"}) for name in NAMES], [0.0] * 11]


def test_label_words_are_in_the_corpus_s_language(tmp_path: Path) -> None:
    first = {}
    for language in LANGUAGES:
        write(tmp_path, [HEADER, row("1", "x")], language=language)
        first[language] = data.load(f"semeval2018-{language}", "train", tmp_path).labels.prompts[4]
    assert first == {"en": "joy", "es": "alegría", "ar": "سعادة"}


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    header = "\t".join([*reversed(NAMES), "note", "Tweet", "ID"])
    cells = ["1" if name == "fear" else "0" for name in reversed(NAMES)]
    write(tmp_path, [header, "\t".join([*cells, "-", "boo", "7"])])
    loaded = data.load("semeval2018-en", "train", tmp_path)
    assert loaded.ids == ("7",)
    assert data.truth(loaded)[0].tolist() == [float(name == "fear") for name in NAMES]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_byte_order_mark_and_windows_line_ends_leave_no_trace(
    tmp_path: Path, end: str, encoding: str
) -> None:
    write(tmp_path, [HEADER, row("1", "مرحبا", "trust")], end=end, encoding=encoding)
    loaded = data.load("semeval2018-en", "train", tmp_path)
    assert loaded.ids == ("1",)
    assert loaded.texts == ("مرحبا",)
    assert data.truth(loaded)[0, -1] == 1


@pytest.mark.parametrize(
    "tweet",
    [
        'he said "no',
        '"quoted"',
        '"""',
        "it's",
        "two\u2028lines",
        "next\u0085line",
        "form\ffeed\vtab\x1c\x1d\x1e",
        "a carriage\rreturn",
        "a \x00 byte",
        "back\\slash \\n \\t",
        " spaces around ",
        "",
        "😂👨‍👩‍👧 ",
    ],
)
def test_a_tweet_is_kept_as_it_stands(tmp_path: Path, tweet: str) -> None:
    """Only a line feed ends a row, and only a tab a cell."""
    write(tmp_path, [HEADER, row("1", tweet), row("2", "after")])
    assert data.load("semeval2018-en", "train", tmp_path).texts == (tweet, "after")


def test_the_last_line_needs_no_line_end_and_blank_lines_count_for_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, [HEADER, row("1", "x"), "", row("2", "y"), ""])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert data.load("semeval2018-en", "train", tmp_path).ids == ("1", "2")


def test_the_gold_test_file_is_preferred(tmp_path: Path) -> None:
    write(tmp_path, [HEADER, "\t".join(["1", "plain", *NONE])], split="test")
    assert data.load("semeval2018-en", "test", tmp_path).targets is None
    write(tmp_path, [HEADER, row("1", "gold", "joy")], split="test-gold")
    loaded = data.load("semeval2018-en", "test", tmp_path)
    assert loaded.texts == ("gold",)
    assert data.truth(loaded)[0, NAMES.index("joy")] == 1


def test_the_folder_of_the_dataset_comes_before_the_data_folder(tmp_path: Path) -> None:
    write(tmp_path, [HEADER, row("1", "outer")])
    assert data.load("semeval2018-en", "train", tmp_path).texts == ("outer",)
    write(tmp_path / "semeval2018", [HEADER, row("1", "inner")])
    assert data.load("semeval2018-en", "train", tmp_path).texts == ("inner",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_file_of_nones_has_texts_but_no_truth(tmp_path: Path, language: str) -> None:
    lines = [HEADER, *("\t".join([str(n), f"tweet {n}", *NONE]) for n in range(3))]
    write(tmp_path, lines, split="test", language=language)
    loaded = data.load(f"semeval2018-{language}", "test", tmp_path)
    assert len(loaded) == 3
    assert loaded.targets is None
    with pytest.raises(InputError, match=rf"semeval2018-{language} test has no truth"):
        data.truth(loaded)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ["an empty file"]),
        ([HEADER], ["expected rows below the header"]),
        ([HEADER, ""], ["expected rows below the header"]),
        (
            [HEADER.replace("\tjoy", ""), row("1", "x").removesuffix("\t0")],
            ["line 1", "expected the column joy", "trust"],
        ),
        ([HEADER.replace("Tweet", "Text"), row("1", "x")], ["line 1", "column Tweet", "Text"]),
        ([HEADER.replace("ID", "id"), row("1", "x")], ["line 1", "column ID", "'id', 'Tweet'"]),
        ([HEADER + "\tjoy", row("1", "x") + "\t0"], ["line 1", "'joy' stands twice"]),
        ([row("1", "x"), row("2", "y")], ["line 1"]),
        ([HEADER, row("1", "x"), row("2", "y")[:-2]], ["line 3", "expected 13", "found 12"]),
        ([HEADER, row("1", "x") + "\t"], ["line 2", "expected 13", "found 14"]),
        ([HEADER, row("1", "two\ncut")], ["line 2", "expected 13", "found 2"]),
        ([HEADER, row("1", "x")[:-1] + "2"], ["line 2", "0 or 1 under trust", "'2'"]),
        ([HEADER, row("1", "x")[:-1]], ["line 2", "under trust", "''"]),
        ([HEADER, row("1", "x") + " "], ["line 2", "under trust", "'0 '"]),
        ([HEADER, row("1", "x")[:-1] + "NONE"], ["line 2", "under trust", "'NONE'"]),
        (
            [HEADER, "\t".join(["1", "x", *NONE]), row("2", "y")],
            ["line 3", "expected NONE under anger", "'0'"],
        ),
        (
            [HEADER, row("1", "x"), "\t".join(["2", "y", *NONE])],
            ["line 3", "expected 0 or 1 under anger", "'NONE'"],
        ),
        (
            [HEADER, row("1", "x"), row("2", "y"), row("1", "z")],
            ["line 4", "'1' again", "line 2"],
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_clear_error(
    tmp_path: Path, language: str, lines: list[str], expected: list[str]
) -> None:
    path = write(tmp_path, lines, language=language)
    with pytest.raises(DataError) as caught:
        data.load(f"semeval2018-{language}", "train", tmp_path)
    message = str(caught.value)
    for part in [str(path), *expected]:
        assert part in message
    assert "\n" not in message
    assert "; " in message, "after what was found stands what to do"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("encoding", "line"), [("latin-1", 3), ("utf-16", 1)], ids=["latin-1", "utf-16"]
)
def test_a_wrong_encoding_is_named_with_its_line(
    tmp_path: Path, language: str, encoding: str, line: int
) -> None:
    lines = [HEADER, row("1", "plain"), row("2", "café")]
    path = write(tmp_path, lines, language=language, encoding=encoding)
    with pytest.raises(
        DataError, match=r"expected UTF-8, found (the byte 0x|UTF-16).*save"
    ) as caught:
        data.load(f"semeval2018-{language}", "train", tmp_path)
    assert f"{path}, line {line}: " in str(caught.value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_a_missing_file_is_named_with_where_it_was_looked_for(
    tmp_path: Path, language: str, split: str
) -> None:
    with pytest.raises(MissingDataError) as caught:
        data.load(f"semeval2018-{language}", split, tmp_path)
    message = str(caught.value)
    assert f"2018-E-c-{language.capitalize()}-{split}" in message
    assert str(tmp_path / "semeval2018") in message
    assert "--data-dir" in message
    assert ("-test-gold.txt" in message) == (split == "test")


def test_the_data_folder_comes_from_the_environment_unless_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "environment", [HEADER, row("1", "environment")])
    write(tmp_path / "given", [HEADER, row("1", "given")])
    monkeypatch.setenv("OVERTONE_DATA_DIR", str(tmp_path / "environment"))
    assert data.load("semeval2018-en", "train").texts == ("environment",)
    assert data.load("semeval2018-en", "train", tmp_path / "given").texts == ("given",)


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_environment_the_data_is_in_the_user_s_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OVERTONE_DATA_DIR", raising=False)
    if value is not None:
        monkeypatch.setenv("OVERTONE_DATA_DIR", value)
    assert data.default_dir().is_relative_to(tmp_path)
    assert data.default_dir().parts[-2:] == ("overtone", "data")
