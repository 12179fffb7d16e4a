"""Which rows of one's own files are dev and test: a share that is kept aside, or other files."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.data.conftest import Said, Write, load, many, truth

from overtone import data
from overtone.data import tables
from overtone.errors import DataError, InputError, MissingDataError

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


def test_a_wrong_split_lists_the_splits(write: Write) -> None:
    with pytest.raises(InputError, match="no split 'validation'; there are: all, train, dev, test"):
        load(write(many(4)), "validation")
