"""Which column holds what: guessed and said where there is no doubt, else asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overtone import data
from overtone.errors import ConfigError, DataError, InputError

Write = Callable[..., Path]
Said = Callable[[], list[str]]


def resolved(path: Path, **options: object) -> dict[str, Any]:
    """Return a table's options as a recipe has them."""
    return data.resolve("table", {"file": str(path), **options})


@pytest.mark.parametrize(
    "name", ["text", "Tweet", "COMMENT", "comment_text", "sentence", "content", "message"]
)
def test_a_usual_name_is_the_text_s(write: Write, name: str) -> None:
    path = write([f"note,{name},joy", "some words here,a,1", "other words here,b,0"])
    found = resolved(path)
    assert (found["text_column"], found["labels"]) == (name, ["joy"])


def test_the_only_column_of_several_words_is_the_text_s(write: Write, said: Said) -> None:
    path = write([
        "id,phrase,source,joy,day", "7,so happy today,web,1,2020-01-02 10:00",
        "8,what a day,app,0,2020-01-03 10:00", "9,fine,web,0,2020-01-03 10:00",
    ])  # fmt: skip
    found = resolved(path)
    assert found == {
        "file": str(path), "text_column": "phrase", "labels": ["joy"], "soft_labels": False,
        "language": "en", "dev_share": 0.1, "split_seed": 0,
    }  # fmt: skip
    assert said() == [
        f"INFO: {path}: texts from column 'phrase', labels: joy; left out: id, source, day"
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b,joy", "x y,k l m,1", "z w,n o,0"], "several columns .*'a' or --text-column 'b'"),
        (["text,comment,joy", "x,k,1"], "--text-column 'text' or --text-column 'comment'"),
        (["a,b,joy", "x,5,1", "z,6,0"], "no column may hold the texts: name it with --text-column"),
        (["a,joy", "the same,1", "the same,0"], "no column may hold the texts"),
    ],
)
def test_texts_are_asked_for_where_there_is_doubt(
    write: Write, lines: list[str], message: str
) -> None:
    path = write(lines)
    with pytest.raises(InputError, match=message) as caught:
        resolved(path)
    assert str(caught.value).startswith(str(path))


def test_label_columns_are_those_of_yes_and_no(write: Write) -> None:
    path = write([
        "text,joy,id,anger,stars,fear,gone,trust,,disgust",
        "a b,1,0,TRUE,5,yes,, 1.0,0,0",
        "c d,0,1,false,4, No ,,0.0,1,",
        "e f,,2,True,2,,,,2,1",
    ])  # fmt: skip
    assert resolved(path)["labels"] == ["joy", "anger", "fear", "trust", "disgust"]


@pytest.mark.parametrize("name", ["labels", "Label", "EMOTIONS", "emotion", "tags"])
@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_labels_may_be_names_in_a_column_of_a_usual_name(
    write: Write, said: Said, name: str, separator: str
) -> None:
    path = write([
        f"text\t{name}\tstars", f"a b\tjoy{separator} love\t5", "c d\tJoy\t4",
        "e f\t\t1", f"g h\tanger{separator}joy\t1",
    ], "mine.tsv")  # fmt: skip
    found = resolved(path)
    assert found["labels"] == ["anger", "joy", "love"]
    assert (found["label_column"], found["separator"]) == (name, separator)
    (message,) = said()
    assert message == (
        f"INFO: {path}: texts from column 'text', labels in column '{name}', with '{separator}' "
        "between: anger, joy, love; left out: stars"
    )


def test_a_column_called_label_may_hold_yes_and_no(write: Write) -> None:
    found = resolved(write(["text,label", "a b,1", "c d,0"]))
    assert (found["labels"], "label_column" in found) == (["label"], False)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["text,joy,tags", "a,1,x"], "--labels 'joy' or --label-column 'tags'"),
        (["text,label,tags", "a,x,y"], "--label-column 'label' or --label-column 'tags'"),
        (
            ["text,stars", "a,5", "b,4"],
            "found the columns 'text', 'stars': name them with --labels",
        ),
        (["text,joy", "a,", "b,"], "expected label columns of 0 and 1"),
        (["text,joy", "a,0.2", "b,0.7"], "for numbers between 0 and 1 give --soft-labels"),
        (["text,tags", 'a,"x;y,z"'], "found , and ;; name it with --separator ','"),
        (["text,tags", "a,", "b, "], "expected label names under 'tags', found none"),
    ],
)
def test_labels_are_asked_for_where_there_is_doubt(
    write: Write, lines: list[str], message: str
) -> None:
    path = write(lines)
    with pytest.raises(InputError, match=message) as caught:
        resolved(path)
    assert str(caught.value).startswith(str(path))


def test_a_label_column_of_more_than_typos_is_not_left_out_silently(write: Write) -> None:
    rows = [f"words {n},{'yess' if n % 10 == 0 else n % 2},0" for n in range(100)]
    path = write(["text,joy,anger", *rows])
    assert resolved(path)["labels"] == ["joy", "anger"]
    with pytest.raises(DataError, match="found 10 that are something else, more than typos"):
        data.load(str(path), "all")


def test_a_file_without_a_header_is_not_taken_for_one_with(write: Write) -> None:
    path = write(["so happy today,1,0", "what a day,0,1.0", "fine then,0,0"])
    with pytest.raises(InputError, match="expected a header on the first line"):
        resolved(path)


def test_what_stands_in_a_header_s_place_is_not_repeated_at_length(write: Write) -> None:
    private = "a long and private text that is in the place of the header"
    path = write(["\t".join([private, *(f"c{n}" for n in range(50))])], "mine.tsv")
    path.write_text(path.read_text() * 2)
    for options in ({}, {"text_column": "text"}, {"text_column": private}):
        with pytest.raises(InputError) as caught:
            resolved(path, **options)
        assert private[:50] not in str(caught.value)
        assert len(str(caught.value)) < 800


def test_names_that_a_terminal_might_obey_are_quoted(write: Write, said: Said) -> None:
    resolved(write(['text,"jo\ny",\x1b[31mred,\u062d\u0628', "a b,1,0,1", "c d,0,1,0"]))
    (message,) = said()
    assert message.endswith("labels: 'jo\\ny', '\\x1b[31mred', \u062d\u0628")


def test_a_header_in_an_error_is_quoted(write: Write) -> None:
    path = write(["text,jo\x1b[31my,tags", "a b,1,x", "c d,0,y"])
    with pytest.raises(InputError, match=r"--labels 'jo\\x1b\[31my' or --label-column 'tags'"):
        resolved(path)
    options = {"text_column": "text", "label_column": "tags", "separator": ","}
    with pytest.raises(DataError, match=r"the labels '\\x1bz', found 'x'"):
        data.load(str(path), "all", None, {**options, "labels": ["\x1bz"]})


def test_soft_labels_are_found_where_they_are_allowed(write: Write) -> None:
    path = write(["text;joy;age", "a b;0,2;5", "c d;0.7;7", "e f;1;9"])
    assert resolved(path, soft_labels=True)["labels"] == ["joy"]


def test_what_is_named_is_not_guessed(write: Write, said: Said) -> None:
    path = write(["text,words,joy,anger,tags", "a,b c,1,0,x", "d,e f,0,1,y", "g,h i,1,1,x"])
    found = resolved(path, text_column="words", labels=["anger"])
    assert (found["text_column"], found["labels"]) == ("words", ["anger"])
    assert said() == []
    found = resolved(path, text_column="words", label_column="tags")
    assert (found["labels"], found["separator"]) == (["x", "y"], ",")
    found = resolved(path, labels=["anger", "joy"], id_column="words", group_column="tags")
    assert (found["text_column"], found["labels"]) == ("text", ["anger", "joy"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_column": "txt"}, "the column 'txt', .* did you mean 'text'. .* --text-column"),
        ({"text_column": "TEXT"}, "did you mean 'text'"),
        (
            {"labels": ["joy", "angr"]},
            "the column 'angr', found .* did you mean 'anger'. .*--labels",
        ),
        (
            {"label_column": "emotion"},
            "the column 'emotion', found 'text', 'joy', 'anger'; .*--label",
        ),
        (
            {"label_column": "joy"},
            "expected label names under 'joy', found 1, 0; .* --labels 'joy'",
        ),
    ],
)
def test_a_column_that_is_not_there_is_named(
    write: Write, options: dict[str, object], message: str
) -> None:
    path = write(["text,joy,anger", "a b,1,0", "c d,0,1"])
    with pytest.raises(DataError, match=message) as caught:
        resolved(path, **options)
    assert str(caught.value).startswith(str(path))


def test_what_is_resolved_stays_so_and_needs_no_file(write: Write, said: Said) -> None:
    path = write(["tweet,emotions", "a b,joy", "c d,anger;joy"])
    found = resolved(path)
    path.unlink()
    said()
    assert data.resolve("table", found) == found
    assert json.loads(json.dumps(found)) == found
    assert said() == []


def test_paths_become_whole(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(["text,joy", "a b,1", "c d,0"])
    monkeypatch.chdir(path.parent)
    found = data.resolve("table", {"file": "mine.csv", "dev": "dev.csv", "test": "../t.csv"})
    assert (found["file"], found["dev"]) == (str(path), str(path.parent / "dev.csv"))
    assert Path(str(found["test"])).is_absolute()


def test_labels_that_are_wanted_are_the_columns(write: Write) -> None:
    """A model's labels say which of a file's columns it is scored on."""
    path = write(["text,joy,seen,anger", "a b,1,1,0", "c d,0,1,1"])
    options = {"file": str(path)}
    assert data.resolve("table", options, ["anger", "joy"])["labels"] == ["anger", "joy"]
    with pytest.raises(DataError, match="expected the column 'fear', found 'text', 'joy'"):
        data.resolve("table", options, ["anger", "fear"])


def test_labels_that_are_wanted_are_those_of_a_list(write: Write) -> None:
    path = write(["text,tags", "a b,joy", "c d,anger"])
    found = data.resolve("table", {"file": str(path)}, ["joy", "anger", "fear"])
    assert (found["label_column"], found["labels"]) == ("tags", ["joy", "anger", "fear"])


def test_a_table_needs_a_file() -> None:
    with pytest.raises(ConfigError, match=r"data\.file is missing"):
        data.check("table", {})


def test_a_file_is_not_named_twice() -> None:
    with pytest.raises(InputError, match=r"the dataset a\.csv has file '.*a\.csv', found 'b\.csv'"):
        data.check("a.csv", {"file": "b.csv"})
