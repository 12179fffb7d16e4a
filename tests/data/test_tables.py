"""Tables of text: what is written is read, and what is damaged is named with its line."""

import contextlib
import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overtone.data import tables
from overtone.errors import DataError

KINDS = (".csv", ".tsv", ".jsonl")
Rows = list[tuple[int, dict[str, str]]]


def read(folder: Path, name: str, content: str | bytes) -> Rows:
    """Read a table that holds `content`."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(tables.read(path))


def cells(folder: Path, name: str, content: str | bytes) -> list[list[str]]:
    """Return the rows' cells only."""
    return [list(row.values()) for _, row in read(folder, name, content)]


def written(path: Path, rows: list[dict[str, str]]) -> str:
    """Write a table and return the file's content, line ends made one."""
    with tables.write(path, path.suffix) as append:
        for row in rows:
            append(row)
    return path.read_bytes().decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,text\n1,hello\n2,you\n"),
        ("a.CSV", "id,text\r\n1,hello\r\n2,you"),
        ("a.csv", "\ufeffid,text\n1,hello\n2,you\n"),
        ("a.csv", '"id","text"\n"1","hello"\n"2","you"\n'),
        ("a.tsv", "id\ttext\n1\thello\n2\tyou\n"),
        ("a.tsv", "\ufeffid\ttext\r\n1\thello\r\n2\tyou"),
        ("a.jsonl", '{"id": 1, "text": "hello"}\n{"id": "2", "text": "you"}\n'),
        ("a.jsonl", '\ufeff{"id":"1","text":"hello"}\r\n{"id":"2","text":"you"}'),
    ],
)
def test_every_kind_gives_the_same_rows_and_their_lines(
    tmp_path: Path, name: str, content: str
) -> None:
    rows = read(tmp_path, name, content)
    assert [row for _, row in rows] == [{"id": "1", "text": "hello"}, {"id": "2", "text": "you"}]
    first = 1 if name.endswith("jsonl") else 2
    assert [line for line, _ in rows] == [first, first + 1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('t,n\n"a, b",1\n', [["a, b", "1"]]),
        ('t,n\n"he said ""no""",1\n', [['he said "no"', "1"]]),
        ('t,n\n"two\nlines",1\n"x",2\n', [["two\nlines", "1"], ["x", "2"]]),
        ('t,n\nit\'s 5" wide,1\n', [['it\'s 5" wide', "1"]]),
        ("t,n\nline\u2028end,1\n", [["line\u2028end", "1"]]),
        ("t,n\nnext\u0085line,1\n", [["next\u0085line", "1"]]),
        ("t,n\n,\n", [["", ""]]),
        ("t,n\n\nx,1\n\n", [["x", "1"]]),
        ("t,n\nحب,😂\n", [["حب", "😂"]]),
        ("t,n\n" + "x" * 200_000 + ",1\n", [["x" * 200_000, "1"]]),
    ],
    ids=["comma", "quotes", "line feed", "stray quote", "U+2028", "U+0085", "empty cells",
         "blank lines", "unicode", "200 kB"],
)  # fmt: skip
def test_csv_cells(tmp_path: Path, content: str, expected: list[list[str]]) -> None:
    assert cells(tmp_path, "a.csv", content) == expected


def test_a_windows_line_end_inside_a_csv_cell_is_kept(tmp_path: Path) -> None:
    assert cells(tmp_path, "a.csv", 't,n\r\n"two\r\nlines",1\r\n')[0][0] in {
        "two\r\nlines",
        "two\nlines",
    }


def test_quotes_mean_nothing_to_read_tsv(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text('t\tn\n"open\t1\n""\t2\nx\ry\u2028z\t3\n', encoding="utf-8", newline="")
    assert [list(row.values()) for _, row in tables.read_tsv(path)] == [
        ['"open', "1"], ['""', "2"], ["x\ry\u2028z", "3"],
    ]  # fmt: skip


def test_json_values_that_are_no_text_become_json(tmp_path: Path) -> None:
    line = '{"a": 1, "b": 0.5, "c": true, "d": null, "e": ["é"], "f": ""}'
    assert cells(tmp_path, "a.jsonl", line) == [["1", "0.5", "true", "null", '["é"]', ""]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "expected a table, found an empty file"),
        ("a.tsv", "\ufeff", "expected a table, found an empty file"),
        ("a.jsonl", "", "expected a table, found an empty file"),
        ("a.csv", "a,b\n1,2\n3\n", "line 3: expected 2 cells .* found 1"),
        ("a.csv", "a,b\n1,2\n3,4,5\n", "line 3: expected 2 cells .* found 3"),
        ("a.tsv", "a\tb\n1\t2\n3\n", "line 3: expected 2 cells .* found 1"),
        ("a.tsv", "a\tb\n1\t2\n3\t4\t5\n", "line 3: expected 2 cells .* found 3"),
        ("a.csv", "a,b,a\n1,2,3\n", "line 1: the column 'a' stands twice"),
        ("a.tsv", "a\tb\ta\n1\t2\t3\n", "line 1: the column 'a' stands twice"),
        ("a.csv", 'a,b\n1,2\n3,"x"y\n', "line 3: not valid CSV"),
        ("a.csv", 'a,b\n1,2\n"x,2\n3,4\n', "quote that is not closed"),
        ("a.jsonl", '{"a": 1}\n\n{"a": \n', "line 3: expected one JSON object"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "line 2: expected one JSON object, found list"),
        ("a.jsonl", '{"a": 1}\n"x"\n', "line 2: expected one JSON object, found str"),
        ("a.jsonl", '{"a": 1} {"a": 2}\n', "line 1: expected one JSON object"),
        ("a.jsonl", "[" * 100_000 + "\n", "line 1: expected one JSON object"),
        ("a.jsonl", '{"a": ' + "1" * 5000 + "}\n", "line 1: expected one JSON object"),
        (
            "a.xls",
            "a\n1\n",
            r"expected a name that ends in \.csv, \.tsv, \.txt, \.jsonl, found \.xls",
        ),
        ("a", "a\n1\n", "found no ending"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_damaged_table_is_named_with_its_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, name, content)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_an_open_quote_is_named_by_the_line_on_which_it_opens(tmp_path: Path) -> None:
    """The reader only notices at the end of the file, where nobody would look for it."""
    content = 'a,b\n1,2\n"open,2\n' + "3,4\n" * 50
    with pytest.raises(DataError, match="line 3: "):
        read(tmp_path, "a.csv", content)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
@pytest.mark.parametrize("size", [1, 5000])
def test_a_byte_that_is_not_utf8_is_named_with_its_line(
    tmp_path: Path, name: str, size: int
) -> None:
    line = b'{"a": 1}\n' if name == "a.jsonl" else b"a\n"
    with pytest.raises(DataError, match=f"line {size + 1}: expected UTF-8, found the byte 0xff"):
        read(tmp_path, name, line + b"{}\n" * (size - 1) + b"\xff\n" + line)


@pytest.mark.parametrize("name", ["missing.csv", "folder.tsv"])
def test_a_file_that_can_t_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.tsv").mkdir()
    with pytest.raises(DataError, match=name):
        list(tables.read(tmp_path / name))


def test_require_columns_lists_what_is_missing_and_what_there_is() -> None:
    path = Path("a.csv")
    tables.require_columns(path, {"id": "", "text": ""}, ["text"])
    with pytest.raises(DataError, match=r"a\.csv, line 1: .*columns x, y, found 'id', 'text'"):
        tables.require_columns(path, {"id": "", "text": ""}, ["x", "id", "y"])


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
    written(tmp_path / f"b{kind}", [row for _, row in rows])


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
    if kind == ".csv":
        return re.sub("\r+\n", "\n", cell)
    return re.sub("[\t\r\n]+", " ", cell) if kind == ".tsv" else cell


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
        written(path, [{"text": text, "note": note} for text, note in rows])
        found = [tuple(row.values()) for _, row in tables.read(path)]
    kept = [tuple(as_kept(cell, kind) for cell in row) for row in rows]
    assert [tuple(as_kept(cell, kind) for cell in row) for row in found] == kept
