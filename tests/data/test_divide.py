"""Dividing a table: each row goes to one file, as it is; labels in proportion, groups together."""

from __future__ import annotations

import gzip
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import Table, parquet

from overtone import data
from overtone.data import tables
from overtone.data.divide import divide
from overtone.errors import DataError, InputError, OvertoneError

SHARES = (0.8, 0.1, 0.1)


def posts(rows: int = 100) -> str:
    """A CSV file: every second text is glad, every tenth is angry; two texts form a thread."""
    lines = ["id,text,joy,anger,thread"]
    lines += [
        f"{n},made up text {n},{int(n % 2 == 0)},{int(n % 10 == 0)},{n // 2}" for n in range(rows)
    ]
    return "\r\n".join(lines) + "\r\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_row_goes_to_one_file_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, "posts.csv", posts())
    parts = divide(path, SHARES)
    assert [part.path.name for part in parts] == [
        "posts-train.csv", "posts-dev.csv", "posts-test.csv",
    ]  # fmt: skip
    header, *rows = path.read_bytes().splitlines(keepends=True)
    found = [part.path.read_bytes().splitlines(keepends=True) for part in parts]
    assert all(lines[0] == header for lines in found)
    assert sorted(line for lines in found for line in lines[1:]) == sorted(rows)
    # In the order of the file.
    assert all(lines[1:] == [row for row in rows if row in set(lines)] for lines in found)
    assert names(tmp_path) == ["posts-dev.csv", "posts-test.csv", "posts-train.csv", "posts.csv"]


def test_labels_are_in_proportion(tmp_path: Path) -> None:
    parts = divide(write(tmp_path, "posts.csv", posts()), SHARES)
    assert [part.rows for part in parts] == [80, 10, 10]
    assert [data.truth(part.split).sum(axis=0).tolist() for part in parts] == [
        [40, 8], [5, 1], [5, 1],
    ]  # fmt: skip


def test_two_shares_are_train_and_dev(tmp_path: Path) -> None:
    parts = divide(write(tmp_path, "posts.csv", posts()), (0.75, 0.25))
    assert [part.split.name for part in parts] == ["train", "dev"]
    assert [part.rows for part in parts] == [75, 25]


def test_what_is_said_is_what_the_files_hold(tmp_path: Path) -> None:
    for part in divide(write(tmp_path, "posts.csv", posts()), SHARES):
        loaded = data.load(str(part.path), "all")
        assert loaded.texts == part.split.texts
        np.testing.assert_array_equal(data.truth(loaded), data.truth(part.split))


def test_the_seed_decides_which_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "posts.csv", posts())
    one, again, other = (
        divide(path, SHARES, tmp_path / str(n), seed=seed)[0].path.read_bytes()
        for n, seed in enumerate((1, 1, 2))
    )
    assert one == again
    assert one != other


def test_groups_stay_together(tmp_path: Path) -> None:
    path = write(tmp_path, "posts.csv", posts())
    parts = divide(path, SHARES, options={"group_column": "thread"})
    threads = [{row["thread"] for _, row in tables.read(part.path)} for part in parts]
    assert sum(map(len, threads)) == len(set.union(*threads)) == 50
    assert [part.rows for part in parts] == [80, 10, 10]


def test_the_same_text_stays_together_and_rows_without_a_group_do_not(tmp_path: Path) -> None:
    rows = [f"{'the same text' if n < 30 else f'text {n}'},{n % 2},{'' if n % 2 else 'x'}"
            for n in range(60)]  # fmt: skip
    path = write(tmp_path, "a.csv", "\n".join(["text,joy,thread", *rows]))
    same = [part.split.texts.count("the same text") for part in divide(path, (0.5, 0.5))]
    assert sorted(same) == [0, 30]
    options = {"group_column": "thread"}
    for part in divide(path, (0.5, 0.5), options=options, force=True):
        found = [row["thread"] for _, row in tables.read(part.path)]
        assert found.count("x") in {0, 30}
        assert 10 < found.count("") < 20


def test_a_text_with_other_spaces_or_case_is_the_same_text(tmp_path: Path) -> None:
    forms = ("Text {}", " text  {}")
    rows = [f"{forms[n % 2].format(n // 2)},{n // 2 % 2}" for n in range(40)]
    path = write(tmp_path, "a.csv", "\n".join(["text,joy", *rows]))
    one, two = (
        {" ".join(text.lower().split()) for text in part.split.texts}
        for part in divide(path, (0.5, 0.5))
    )
    assert len(one) == len(two) == 10
    assert not one & two


def test_a_column_may_name_the_rows(tmp_path: Path) -> None:
    # The last row has no text: that its id stands again is no matter.
    content = "id,text,joy\n" + "".join(f"x{n},text {n},{n % 2}\n" for n in range(20)) + "x0,,1\n"
    path = write(tmp_path, "id.csv", content)
    parts = divide(path, [0.8, 0.2], options={"id_column": "id"})
    assert sorted(part.rows for part in parts) in ([4, 17], [5, 16])
    for part in parts:
        rows = [row["id"] for _, row in tables.read(part.path) if row["text"]]
        assert list(part.split.ids) == rows
    with pytest.raises(DataError, match=r"the column 'di', found .* --id-column"):
        divide(path, [0.8, 0.2], options={"id_column": "di"}, force=True)


def test_rows_without_text_or_label_go_somewhere_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = posts(20) + ",,1,0,\r\n50,not annotated,,,\r\n"
    with caplog.at_level(logging.WARNING):
        parts = divide(write(tmp_path, "posts.csv", content), (0.5, 0.5))
    assert sum(part.rows for part in parts) == 22
    assert sum(len(part.split) for part in parts) == 20
    assert "1" in caplog.text


# --- what is kept, byte for byte ------------------------------------------------------------------

ODD = (
    '\ufeffid;text;joy\n1;=1+1;1\n2;"two\nlines; and ""quotes""";0\n\n3;@you + -me;1\n'
    "4;caf\u00e9 \u2028 there;0"
)


def test_odd_cells_are_untouched(tmp_path: Path) -> None:
    path = write(tmp_path, "odd.csv", ODD)
    parts = divide(path, (0.5, 0.5))
    whole = path.read_bytes() + b"\n"
    head = "\ufeffid;text;joy\n".encode()
    bodies = [part.path.read_bytes().removeprefix(head) for part in parts]
    assert sum(map(len, bodies)) == len(whole) - len(head)
    for record in (b"1;=1+1;1\n", b'2;"two\nlines; and ""quotes""";0\n', b"3;@you + -me;1\n"):
        assert sum(body.count(record) for body in bodies) == 1
    rows = [row for part in parts for _, row in tables.read(part.path)]
    assert sorted(rows, key=lambda row: row["id"]) == [row for _, row in tables.read(path)]


def test_json_values_keep_their_types(tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": f"made up text {n}", "joy": n % 2, "by": {"x": [n, None]}})
        for n in range(20)
    ]
    path = write(tmp_path, "a.jsonl", "\n".join(lines))
    parts = divide(path, (0.5, 0.5))
    found = [line for part in parts for line in part.path.read_text().splitlines()]
    assert sorted(found) == sorted(lines)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = Table.from_pydict(
        {
            "text": [f"made up text {n}" for n in range(20)],
            "joy": [n % 2 == 0 for n in range(20)],
            "seen": [float(n) for n in range(20)],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    parts = divide(tmp_path / "a.parquet", (0.5, 0.5))
    found = [parquet.read_table(part.path) for part in parts]
    assert all(one.schema == table.schema for one in found)
    rows = [row for one in found for row in one.to_pylist()]
    assert sorted(rows, key=lambda row: row["seen"]) == table.to_pylist()


def test_gzipped_tables_stay_gzipped(tmp_path: Path) -> None:
    path = write(tmp_path, "Posts.CSV.gz", gzip.compress(posts().encode()))
    parts = divide(path, SHARES)
    assert parts[0].path.name == "Posts-train.CSV.gz"
    rows = [line for part in parts for line in gzip.decompress(part.path.read_bytes()).splitlines()]
    assert sorted(set(rows)) == sorted(posts().encode().splitlines())
    once = parts[0].path.read_bytes()
    assert divide(path, SHARES, force=True)[0].path.read_bytes() == once


CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=9
)


@settings(deadline=None, max_examples=60)
@given(
    cells=st.lists(st.tuples(CELL, CELL), min_size=3, max_size=9),
    kind=st.sampled_from(["csv", "tsv", "jsonl"]),
)
def test_any_table_is_put_together_again(cells: list[tuple[str, str]], kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{kind}"
        with tables.write(path, f".{kind}") as append:
            for n, (text, note) in enumerate(cells):
                append({"n": str(n), "text": f"{n} {text}", "note": f"-{note}", "joy": str(n % 2)})
        options: dict[str, Any] = {"text_column": "text", "labels": ["joy"]}
        parts = divide(path, (0.5, 0.5), options=options)
        rows = [row for part in parts for _, row in tables.read(part.path)]
        assert sorted(rows, key=lambda row: int(row["n"])) == [row for _, row in tables.read(path)]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["posts-train.csv", "posts-dev.csv", "posts-test.csv"])
def test_files_that_are_there_are_replaced_by_force_only(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "posts.csv", posts())
    write(tmp_path, name, "old")
    with pytest.raises(InputError, match=f"{name} is already there.*--force"):
        divide(path, SHARES)
    assert names(tmp_path) == sorted(["posts.csv", name])
    divide(path, SHARES, force=True)
    assert (tmp_path / name).read_text() != "old"


@pytest.mark.parametrize(
    "shares",
    [(1,), (0.5, 0.4), (0.5, 0.25, 0.125, 0.125), (1, 0), (0.9, 0.2, -0.1), (80, 10, 10), (),
     (float("nan"), 0.5), (float("inf"), 0.5)],
)  # fmt: skip
def test_shares_that_are_none(tmp_path: Path, shares: tuple[float, ...]) -> None:
    path = write(tmp_path, "posts.csv", posts())
    with pytest.raises(InputError, match="sum to 1"):
        divide(path, shares)
    assert names(tmp_path) == ["posts.csv"]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("", {}),
        ("text,joy\n", {}),
        ("text,joy\na b,1\nc d,0\n", {}),  # two rows, three parts
        ("text,joy\n" + "a b,1\n" * 20, {}),  # one text, three parts
        (posts(), {"group_column": "thraed"}),
        (posts(), {"text_column": "txt"}),
        (posts(), {"labels": ["love"]}),
        (posts() + "1,2\n", {}),
        (b"\xff\xfe", {}),
    ],
)
def test_a_file_that_can_t_be_divided_leaves_nothing(
    tmp_path: Path, content: str | bytes, options: dict[str, Any]
) -> None:
    path = write(tmp_path, "posts.csv", content)
    with pytest.raises(DataError, match=r"posts\.csv"):
        divide(path, SHARES, tmp_path / "new" / "deep", options=options)
    assert names(tmp_path) == ["posts.csv"]


@pytest.mark.parametrize("name", ["gone.csv", "posts", "posts.xlsx", "folder.csv"])
def test_what_is_no_table(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OvertoneError, match=name):
        divide(tmp_path / name, SHARES)
    assert names(tmp_path) == ["folder.csv"]
