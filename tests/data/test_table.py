"""Files of one's own: splits, cells, typos that are said, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from pyarrow import Table, parquet

from overtone import data
from overtone.data import Split, tables
from overtone.errors import DataError, InputError, MissingDataError

Write = Callable[..., Path]
Said = Callable[[], list[str]]

NAN = None
"""How the tests write a cell that is not annotated."""


def load(path: Path, split: str = "all", **options: object) -> Split:
    """Load a file."""
    return data.load(str(path), split, None, options)


def truth(split: Split) -> list[list[float | None]]:
    """Return the targets, None where a cell is not annotated."""
    return [
        [None if np.isnan(cell) else cell for cell in row] for row in data.truth(split).tolist()
    ]


def many(rows: int) -> list[str]:
    """Return a table: each second text is joyful, each tenth angry."""
    return [
        "text,joy,anger",
        *(f"text {n},{int(n % 2 == 0)},{int(n % 10 == 3)}" for n in range(rows)),
    ]


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


# --- splits -----------------------------------------------------------------------------------


def test_a_part_is_dev_where_no_dev_file_is_given(write: Write, said: Said) -> None:
    path = write(many(200))
    train, dev = load(path, "train"), load(path, "dev", text_column="text", labels=["joy", "anger"])
    assert (len(train), len(dev)) == (180, 20)
    assert not set(train.ids) & set(dev.ids)
    assert data.truth(train).sum(axis=0).tolist() == [90, 18]
    assert data.truth(dev).sum(axis=0).tolist() == [10, 2]
    (message,) = (line for line in said() if "no dev file" in line)
    assert message == (
        f"INFO: {path}: no dev file is given: 180 texts are train and 20 dev, drawn with "
        "data.split_seed 0"
    )


def test_share_and_seed_of_dev_are_options(write: Write) -> None:
    path = write(many(200))
    one, again, other = (
        load(path, "dev", dev_share=0.25, split_seed=seed).ids for seed in (1, 1, 2)
    )
    assert len(one) == 50
    assert one == again != other


def test_a_typo_is_said_once_and_not_for_dev_again(write: Write, said: Said) -> None:
    lines = many(50)
    lines[7] = "text 6,oops,0"
    path = write(lines)
    options = {"text_column": "text", "labels": ["joy", "anger"]}
    load(path, "train", **options)
    assert sum("oops" in line for line in said()) == 1
    load(path, "dev", **options)
    assert said() == []


def test_the_same_text_is_never_in_both_parts(write: Write) -> None:
    path = write(["text,joy", *(f"text {n // 3},{n % 2}" for n in range(90))])
    train, dev = load(path, "train"), load(path, "dev")
    assert len(train) + len(dev) == 90
    assert not set(train.texts) & set(dev.texts)


def test_a_text_with_other_spaces_or_case_is_the_same_text(write: Write, said: Said) -> None:
    forms = ("Text {}", " text  {}", "TEXT\u00a0{} ")
    path = write(["text,joy", *(f"{forms[n % 3].format(n // 3)},{n % 2}" for n in range(90))])
    found = [load(path, name) for name in ("train", "dev")]
    assert f"INFO: {path}: 60 texts stand there more than once, and are kept" in said()
    train, dev = ({" ".join(text.lower().split()) for text in split.texts} for split in found)
    assert (len(train), len(dev)) == (27, 3)
    assert not train & dev


@pytest.mark.parametrize("split", ["dev", "test"])
def test_texts_of_a_dev_file_that_are_trained_on_are_counted(
    write: Write, said: Said, split: str
) -> None:
    path = write(many(20))
    other = write(["text,joy,anger", " Text 1,0,1", "text  2,1,1", "new one,1,0"], "other.csv")
    load(path, split, **{split: str(other)})
    (warning,) = (line for line in said() if "as well" in line)
    assert warning.startswith(f"WARNING: {other}: texts that stand in {path} as well: 2; ")
    write(["text,joy,anger", "new one,1,0", "a new one,0,1"], "other.csv")
    load(path, split, **{split: str(other)})
    assert not any("as well" in line for line in said())


def test_a_group_is_never_in_both_parts(write: Write) -> None:
    rows = [f"text {n},{n % 2},{f'author {n // 4}' if n < 80 else ''}" for n in range(100)]
    path = write(["text,joy,author", *rows])
    train, dev = (
        load(path, name, group_column="author", dev_share=0.3) for name in ("train", "dev")
    )
    assert len(train) + len(dev) == 100
    author = {str(line): row["author"] for line, row in tables.read(path)}
    authors = [{author[key] for key in split.ids} - {""} for split in (train, dev)]
    assert not authors[0] & authors[1]
    # Those without an author are in both: they are no group.
    assert all(any(not author[key] for key in split.ids) for split in (train, dev))


def test_files_of_their_own_are_dev_and_test(write: Write, said: Said) -> None:
    path = write(many(20))
    dev = write(["anger,text,extra,joy", "1,d one,x,0", "0,d two,y,1"], "dev.csv")
    test = write(["joy;anger;text", "1;1;t one"], "test.csv")
    options = {"dev": str(dev), "test": str(test)}
    assert len(load(path, "train", **options)) == len(load(path, "all", **options)) == 20
    found = load(path, "dev", **options)
    assert (found.dataset, found.name, found.texts) == ("dev.csv", "dev", ("d one", "d two"))
    assert truth(found) == [[0, 1], [1, 0]]
    assert truth(load(path, "test", **options)) == [[1, 1]]
    assert not any("no dev file" in line for line in said())


def test_without_a_test_file_there_is_no_test_split(write: Write) -> None:
    with pytest.raises(MissingDataError, match=r"no test file: .*data\.test=FILE.* split all"):
        load(write(many(20)), "test")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["text,joy", "a b,1"], r"dev\.csv: expected the column 'anger', found 'text', 'joy'"),
        (["txt,joy,anger", "a b,1,0"], r"dev\.csv: expected the column 'text', .* mean 'txt'"),
        (["text,joy,anger", "a b,,"], r"dev\.csv: expected rows with a text under 'text' and"),
        (["text,joy,anger"], r"dev\.csv: expected rows below the header"),
    ],
)
def test_a_dev_file_must_be_like_the_other(write: Write, lines: list[str], message: str) -> None:
    dev = write(lines, "dev.csv")
    with pytest.raises(DataError, match=message):
        load(write(many(20)), "dev", dev=str(dev))


def test_a_label_only_in_the_dev_file_is_an_error(write: Write) -> None:
    path = write(["text,tags", "a b,joy", "c d,anger"])
    dev = write(["text,tags", "a b,joy", 'c d,"joy,hope"'], "dev.csv")
    with pytest.raises(DataError, match=r"dev\.csv, line 3: .* labels anger, joy, found 'hope'"):
        load(path, "dev", dev=str(dev))


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
    "rows", [["a b,1"], ["a b,1", "a b,0"], ["a b,1", ",1", "c d,"]], ids=["one", "same", "usable"]
)
def test_one_text_cannot_be_split(write: Write, rows: Sequence[str]) -> None:
    path = write(["text,joy", *rows])
    assert len(load(path)) >= 1
    with pytest.raises(DataError, match=r"expected rows for a train and a dev part, found .*--dev"):
        load(path, "train")


def test_two_texts_can_be_split(write: Write) -> None:
    path = write(["text,joy", "a b,1", "c d,0"])
    assert {*load(path, "train").texts, *load(path, "dev").texts} == {"a b", "c d"}


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


def test_a_wrong_split_lists_the_splits(write: Write) -> None:
    with pytest.raises(InputError, match="no split 'validation'; there are: all, train, dev, test"):
        load(write(many(4)), "validation")
