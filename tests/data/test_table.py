"""Files of one's own: cells, typos that are said, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data.conftest import Said, Write, load, many, truth

from overtone import data
from overtone.data import tables
from overtone.errors import DataError

NAN = None
"""How the tests write a cell that is not annotated."""


def test_rows_become_ids_texts_and_targets(write: Write) -> None:
    path = write(["note,comment,joy,anger", "x, so happy ,1,0", "y,a bus,0,0", "z,grr,0,1"])
    loaded = load(path)
    assert (loaded.dataset, loaded.name, loaded.ids) == ("mine.csv", "all", ("2", "3", "4"))
    assert loaded.texts == (" so happy ", "a bus", "grr")
    assert loaded.labels.names == ("joy", "anger")
    assert loaded.labels.language == "en"
    assert data.truth(loaded).dtype == np.float32
    assert truth(loaded) == [[1, 0], [0, 0], [0, 1]]


def test_labels_have_the_order_in_which_they_are_named(write: Write) -> None:
    path = write(["text,joy,anger,fear", "a b,1,0,0", "c d,0,1,0"])
    loaded = load(path, labels=["anger", "joy"], language="es")
    assert (loaded.labels.names, loaded.labels.language) == (("anger", "joy"), "es")
    assert truth(loaded) == [[0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["b.csv.gz", "b.tsv", "b.txt.gz", "b.jsonl", "b.parquet"])
def test_every_kind_of_file_is_the_same(write: Write, tmp_path: Path, name: str) -> None:
    one = write(["text,joy", "a b,1", "c d,0", "e f,"])
    with tables.write(tmp_path / name, tables.check_kind(tmp_path / name)) as append:
        for _, row in tables.read(one):
            append(row)
    first, second = load(one, labels=["joy"]), load(tmp_path / name, labels=["joy"])
    assert first.texts == second.texts == ("a b", "c d")
    assert truth(first) == truth(second) == [[1], [0]]


# --- cells ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0", 0), ("1", 1), ("0.0", 0), ("1.0", 1), ("1,0", 1), (" 1 ", 1), ("true", 1),
        ("FALSE", 0), ("Yes", 1), ("nO", 0), ("", NAN), ("  ", NAN), ("NA", NAN), ("nan", NAN),
        ("n/a", NAN), ("None", NAN), ("NULL", NAN),
    ],
)  # fmt: skip
def test_a_cell_says_yes_no_or_nothing(
    write: Write, said: Said, cell: str, expected: float | None
) -> None:
    path = write(["text\tjoy\tanger", "a b\t1\t0", f"c d\t{cell}\t1", "e f\t0\t0"], "mine.tsv")
    loaded = load(path, text_column="text", labels=["joy", "anger"])
    assert truth(loaded)[1] == [expected, 1]
    assert said() == []


@pytest.mark.parametrize("cell", ["2", "-1", "x", "inf", "1 0", "TRUR", "+nan", "0x1", "1e99"])
def test_a_cell_that_cannot_be_read_counts_as_not_annotated_and_is_named(
    write: Write, said: Said, cell: str
) -> None:
    path = write(["text,joy,anger", "a b,1,0", f"c d,{cell},1", "e f,0,0"])
    assert truth(load(path))[1] == [NAN, 1]
    assert f"WARNING: {path}, line 3, 'joy': '{cell}' counts as not annotated" in said()


@pytest.mark.parametrize(("rows", "most"), [(20, 3), (300, 3), (1000, 10)])
def test_a_few_typos_are_borne_and_more_are_an_error(
    write: Write, said: Said, rows: int, most: int
) -> None:
    lines = many(rows)
    for line in range(1, most + 1):
        lines[line] = f"{lines[line].rpartition(',')[0]},oops"
    path = write(lines)
    loaded = load(path)
    assert int(np.isnan(data.truth(loaded)).sum()) == most
    assert sum("'oops' counts as not annotated" in line for line in said()) == most
    lines[most + 1] = "text,what,0"
    with pytest.raises(DataError, match=f"found {most + 1} that are something else") as caught:
        load(write(lines))
    assert "line 2, 'anger': 'oops'; line 3, 'anger': 'oops'" in str(caught.value)


def test_typos_are_counted_where_they_are_too_many_to_list(write: Write, said: Said) -> None:
    lines = many(2000)
    for line in range(1, 16):
        lines[line] = f"text {line},oops,0"
    path = write(lines)
    load(path)
    warnings = [line for line in said() if line.startswith("WARNING")]
    assert len(warnings) == 11
    assert warnings[-1] == f"WARNING: {path}: and 5 more such cells"


def test_a_long_cell_is_not_repeated(write: Write, said: Said) -> None:
    path = write(["text,joy", "a b,1", "c d,0", "e f,private words that go on and on", "g h,1"])
    load(path)
    assert "'private words that g…' counts" in "\n".join(said())


def test_numbers_in_between_need_a_word(write: Write) -> None:
    path = write(["text;joy", "a b;0", "c d;1", "e f;0,25", "g h;1"])
    with pytest.raises(DataError, match=r"line 4: .* found '0,25'; .* need --soft-labels"):
        load(path)
    assert truth(load(path, soft_labels=True)) == [[0], [1], [0.25], [1]]


def test_rows_without_a_text_or_an_annotated_label_are_left_out_and_counted(
    write: Write, said: Said
) -> None:
    path = write(["text,joy,anger", "a b,1,0", " ,1,1", "c d,,", ",,", "e f,0,", "g h,x,"])
    loaded = load(path)
    assert loaded.ids == ("2", "6")
    assert truth(loaded) == [[1, 0], [0, NAN]]
    messages = said()
    assert f"WARNING: {path}: rows without a text are left out: 2" in messages
    assert f"WARNING: {path}: rows without an annotated label are left out: 2" in messages
    assert f"WARNING: {path}, line 7, 'joy': 'x' counts as not annotated" in messages


def test_labels_from_which_nothing_can_be_learnt_are_named(write: Write, said: Said) -> None:
    path = write(["text,never,always,gone,joy", "a b,0,1,,1", "c d,0,1,,0", "e f,,,,0"])
    load(path, text_column="text", labels=["never", "always", "gone", "joy"])
    assert said() == [
        f"WARNING: {path}: no text carries 'never'",
        f"WARNING: {path}: every text carries 'always'",
        f"WARNING: {path}: no text carries 'gone'",
    ]


def test_texts_that_stand_again_are_kept_and_counted(write: Write, said: Said) -> None:
    path = write(["text,joy", "a b,1", "c d,0", "a b,0", "a b,1"])
    assert len(load(path)) == 4
    assert f"INFO: {path}: 2 texts stand there more than once, and are kept" in said()


# --- ids and what can't be split ----------------------------------------------------------------


def test_a_column_may_name_the_rows(write: Write) -> None:
    path = write(["key,text,joy", "b,a b,1", "a,c d,0", "a,,0"])
    assert load(path, id_column="key").ids == ("b", "a")
    path = write(["key,text,joy", "b,a b,1", "a,c d,0", "b,e f,0"])
    with pytest.raises(DataError, match=r"line 4: .* found 'b' again \(first on line 2\)"):
        load(path, id_column="key")


def test_a_text_that_is_taken_for_an_id_is_not_repeated_at_length(write: Write) -> None:
    private = "private words that go on and on and on"
    path = write(["text,joy", f"{private},1", f"{private},0"])
    with pytest.raises(
        DataError, match=r"line 3: .* found 'private words that g…' again"
    ) as caught:
        load(path, text_column="text", id_column="text")
    assert private not in str(caught.value)


@pytest.mark.parametrize("option", ["id_column", "group_column"])
def test_a_mistyped_column_is_named(write: Write, option: str) -> None:
    flag = f"--{option.replace('_', '-')}"
    with pytest.raises(DataError, match=f"the column 'athor', found .* {flag}"):
        load(write(["author,text,joy", "x,a b,1", "y,c d,0"]), **{option: "athor"})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "expected a table, found an empty file"),
        (["text,joy"], "expected rows below the header, found none"),
        (["text,joy", "a,b,1"], "line 2: expected 2 cells"),
        (["text,joy,joy", "a,1,1"], "the column 'joy' stands twice"),
        (["text,joy", "\u00e9,1"], None),
    ],
)
def test_a_damaged_file_is_named(write: Write, lines: list[str], message: str | None) -> None:
    path = write(lines)
    if message is None:
        path.write_bytes(path.read_bytes().decode().encode("latin-1"))
        message = "line 2: expected UTF-8"
    with pytest.raises(DataError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: can't be read \(No such file"):
        load(tmp_path / "gone.csv")


def test_json_lines_may_lack_keys(write: Write) -> None:
    lines = ['{"text": "a b", "joy": true}', '{"joy": 0, "text": "c d", "anger": 1.0}',
             '{"text": "e f", "anger": null, "joy": false}', '{"anger": 0}']  # fmt: skip
    loaded = load(write(lines, "mine.jsonl"), labels=["joy", "anger"])
    assert loaded.texts == ("a b", "c d", "e f")
    assert truth(loaded) == [[1, NAN], [0, 1], [0, NAN]]
