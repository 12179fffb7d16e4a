"""Tables of text that are written: no spreadsheet runs them, and what is written is read."""

import contextlib
import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.test_tables import read, write

from overtone.data import tables
from overtone.errors import DataError

KINDS = (".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".txt.gz", ".jsonl.gz", ".parquet")


def written(path: Path, rows: list[dict[str, str]]) -> str:
    """Write a table and return the file's content, line ends made one."""
    write(path, rows)
    return path.read_bytes().decode().replace("\r\n", "\n")


def test_equal_rows_make_equal_gzip_files(tmp_path: Path) -> None:
    for name in ("one.csv.gz", "two.csv.gz"):
        write(tmp_path / name, [{"t": "a"}])
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


@pytest.mark.parametrize("kind", [".csv", ".tsv"])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("@someone hello", "'@someone hello"),
        ("- a list", "'- a list"),
        ("=", "'="),
        ("-1.5", "-1.5"),
        ("+3", "+3"),
        ("-1e-05", "-1e-05"),
        ("a=b", "a=b"),
        ("joy", "joy"),
        ("", ""),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_guarded(
    tmp_path: Path, kind: str, cell: str, expected: str
) -> None:
    content = written(tmp_path / f"a{kind}", [{"id": "1", "text": cell}])
    separator = "," if kind == ".csv" else "\t"
    assert content == f"id{separator}text\n1{separator}{expected}\n"


@pytest.mark.parametrize("start", ["\t", "\r", "\n"])
def test_white_space_before_a_formula_does_not_hide_it(tmp_path: Path, start: str) -> None:
    content = written(tmp_path / "a.csv", [{"text": f"{start}=1+1"}])
    assert "'" in content


def test_column_names_are_guarded_too(tmp_path: Path) -> None:
    assert written(tmp_path / "a.csv", [{"=x": "1", "-1": "2"}]) == "'=x,-1\n1,2\n"


def test_json_lines_need_no_guard(tmp_path: Path) -> None:
    content = written(tmp_path / "a.jsonl", [{"text": "=1+1 é\n"}])
    assert json.loads(content) == {"text": "=1+1 é\n"}
    assert "é" in content
    assert content.count("\n") == 1


def test_columns_stay_in_the_order_of_the_first_row(tmp_path: Path) -> None:
    content = written(tmp_path / "a.csv", [{"b": "1", "a": "2"}, {"a": "4", "b": "3"}])
    assert content == "b,a\n1,2\n3,4\n"


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_surrogate_pair_in_json_is_refused_or_replaced(tmp_path: Path, kind: str) -> None:
    """JSON can spell what UTF-8 can't hold: whatever is read can be written."""
    try:
        rows = read(tmp_path, "a.jsonl", '{"text": "ha \\ud83d"}\n')
    except DataError as error:
        assert "line 1" in str(error)  # noqa: PT017 - either outcome is right
        return
    write(tmp_path / f"b{kind}", [row for _, row in rows])


def unguarded(cell: str) -> bool:
    """Return whether a cell is written without a guard."""
    if not cell.lstrip().startswith(("=", "+", "-", "@")) and cell[:1] not in {"\t", "\r", "\n"}:
        return True
    with contextlib.suppress(ValueError):
        float(cell)
        return True
    return False


def as_kept(cell: str, kind: str) -> str:
    """Return a cell as its format may keep it: CSV makes line ends one, TSV has neither."""
    if kind in EXACT:
        return cell
    if kind.startswith(".csv"):
        return re.sub("\r+\n", "\n", cell)
    return re.sub("[\t\r\n]+", " ", cell)


EXACT = (".jsonl", ".jsonl.gz", ".parquet")


# What `read` can give: any text that UTF-8 can hold.
CELLS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.lists(st.sampled_from("\"',;\n\r\t\u2028\x85\x0b a=")).map("".join)
).filter(unguarded)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=80)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_what_is_written_is_read(kind: str, rows: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{kind}"
        write(path, [{"text": text, "note": note} for text, note in rows])
        found = [tuple(row.values()) for _, row in tables.read(path)]
    kept = [tuple(as_kept(cell, kind) for cell in row) for row in rows]
    # In a spreadsheet's formats, rows without content at the end are none.
    while kind not in EXACT and kept and not any(map(str.strip, kept[-1])):
        kept.pop()
    assert [tuple(as_kept(cell, kind) for cell in row) for row in found] == kept
