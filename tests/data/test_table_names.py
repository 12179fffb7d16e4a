"""Files of one's own whose labels are lists of names, and names that are nearly others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pyarrow import Table, parquet
from tests.data.conftest import Said, Write, load, truth

from overtone.errors import DataError

# --- lists ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("joy", [0, 1, 0]), (" JOY ", [0, 1, 0]), ("joy|deep  sorrow", [0, 1, 1]), ("", [0, 0, 0]),
        ("|", [0, 0, 0]), ("joy|joy", [0, 1, 0]), ('["joy", "anger"]', [1, 1, 0]),
        ("['deep sorrow']", [0, 0, 1]), ("[]", [0, 0, 0]),
    ],
)  # fmt: skip
def test_names_in_a_cell_are_labels_that_are_on(
    write: Write, said: Said, cell: str, expected: list[float]
) -> None:
    path = write(
        ["text\temotions", f"a b\t{cell}", "c d\tdeep sorrow|Joy|anger", "e f\t"], "mine.tsv"
    )
    labels = ["anger", "joy", "deep sorrow"]
    loaded = load(path, text_column="text", label_column="emotions", labels=labels, separator="|")
    assert truth(loaded) == [expected, [1, 1, 1], [0, 0, 0]]
    assert said() == []


def test_the_most_frequent_spelling_is_the_label_s(write: Write) -> None:
    path = write(["text,tags", "a b,Joy", "c d,joy", "e f,joy", 'g h," JOY , Anger"'])
    assert load(path).labels.names == ("Anger", "joy")


@pytest.mark.parametrize("word", ["NA", "nan", "None", "NULL", " n/a ", '["NaN"]', "NA/null"])
def test_a_word_for_nothing_is_no_label_and_its_row_is_not_annotated(
    write: Write, said: Said, word: str
) -> None:
    rows = [f"a {n}\tjoy/anger" for n in range(4)]
    path = write(["text\ttags", *rows, f"c d\t{word}", "e f\t", "g h\tjoy/NA"], "mine.tsv")
    loaded = load(path, label_column="tags", separator="/")
    assert loaded.labels.names == ("anger", "joy")
    assert loaded.ids == ("2", "3", "4", "5", "7", "8")
    assert truth(loaded)[-2:] == [[0, 0], [0, 1]]
    assert f"WARNING: {path}: rows without an annotated label are left out: 1" in said()


def test_a_label_may_be_called_none_where_it_is_named(write: Write) -> None:
    path = write(["text,tags", "a b,joy", "c d,None", "e f,null"])
    loaded = load(path, label_column="tags", labels=["joy", "none"])
    assert truth(loaded) == [[1, 0], [0, 1]]


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> Path:
    """Write records as JSON Lines or Parquet."""
    if path.suffix == ".parquet":
        parquet.write_table(Table.from_pylist(list(records)), path)
    else:
        path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_null_is_not_annotated_and_an_empty_list_is_none_on(
    tmp_path: Path, said: Said, name: str
) -> None:
    lists = [["joy"], [], None, ["anger", "joy"]]
    records = [{"text": f"text {n}", "labels": found} for n, found in enumerate(lists)]
    path = write_records(tmp_path / name, records)
    loaded = load(path)
    assert loaded.texts == ("text 0", "text 1", "text 3")
    assert truth(loaded) == [[0, 1], [0, 0], [1, 1]]
    assert f"WARNING: {path}: rows without an annotated label are left out: 1" in said()


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_the_names_of_a_list_may_hold_what_separates_others(tmp_path: Path, name: str) -> None:
    lists = [["anger, rage", "joy"], ["it's [odd]"], ["joy"]]
    records = [{"text": f"text {n}", "labels": found} for n, found in enumerate(lists)]
    loaded = load(write_records(tmp_path / name, records))
    assert loaded.labels.names == ("anger, rage", "it's [odd]", "joy")
    assert truth(loaded) == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    "cell", ["[" * 5000 + "]" * 5000, "[1, null]", "[joy, anger]", '["joy", ]']
)
def test_what_only_looks_like_a_json_list_is_split(write: Write, cell: str) -> None:
    path = write(["text\ttags", "a b\tjoy", "c d\tanger", f"e f\t{cell}"], "mine.tsv")
    assert {"joy", "anger"} <= set(load(path).labels.names)


@pytest.mark.parametrize("separator", [" ", "\t", "  "])
def test_white_space_separates_only_where_it_is_asked_for(write: Write, separator: str) -> None:
    path = write(["text,tags", "a b,joy love", "c d,joy"])
    assert load(path).labels.names == ("joy", "joy love")
    assert load(path, label_column="tags", separator=separator).labels.names == ("joy", "love")


@pytest.mark.parametrize("typo", ["sadnes", "sadnesss", "zadness", "asdness", "SADNES"])
def test_a_rare_name_one_letter_off_is_read_as_the_label_and_said(
    write: Write, said: Said, typo: str
) -> None:
    path = write(["text,tags", *["a b,sadness", "c d,anger"] * 3, f"e f,{typo}"])
    loaded = load(path)
    assert loaded.labels.names == ("anger", "sadness")
    assert truth(loaded)[-1] == [0, 1]
    assert f"WARNING: {path}, line 8, 'tags': '{typo}' counts as 'sadness'" in said()


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["happiness"] * 3, "unhappiness"),  # two letters
        (["joy"] * 3, "boy"),  # too short to be sure
        (["fear"] * 2, "fears"),  # both are rare
        (["sadness"] * 3, "sadnes,sadnes"),  # stands twice in a row, which is one row: a typo
        (["seen"] * 3 + ["seed"] * 3, "see"),  # near to both
        (["sadness"] * 3 + ["madness"] * 3, "dadness"),  # near to both
    ],
)
def test_another_name_is_a_label_of_its_own(write: Write, names: list[str], other: str) -> None:
    path = write(["text,tags", *(f'a b,"{name}"' for name in [*names, other])])
    expected = {*names} if other == "sadnes,sadnes" else {*names, other}
    assert set(load(path).labels.names) == expected


def test_a_name_that_is_none_of_the_labels_is_an_error_where_they_are_named(write: Write) -> None:
    path = write(["text,tags", "a b,joy", "c d,trsut", "e f,joi", "g h,happiness"])
    options = {"text_column": "text", "label_column": "tags", "separator": ","}
    with pytest.raises(DataError, match=r"line 5: expected under 'tags' some .* found 'happiness'"):
        load(path, labels=["joy", "trust"], **options)
    with pytest.raises(DataError, match=r"found 'trsut'; did you mean 'rust'\?"):
        load(path, labels=["joy", "rust", "happiness"], **options)
    loaded = load(path, labels=["joy", "trust", "happiness"], **options)
    assert truth(loaded) == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_a_frequent_misspelling_is_an_error_where_the_labels_are_named(write: Write) -> None:
    path = write(["text,tags", "a b,trust", *["c d,trsut"] * 3])
    with pytest.raises(DataError, match=r"line 3: .* found 'trsut'; did you mean 'trust'\?"):
        load(path, text_column="text", label_column="tags", separator=",", labels=["trust"])


def test_texts_are_no_list_of_labels(write: Write) -> None:
    path = write(["text,tags", *(f"text {n},a sentence of its own {n}" for n in range(60))])
    with pytest.raises(
        DataError, match="found 60 different ones in 60 rows; name the right column"
    ):
        load(path)
