"""Tables of text: what is there is read, and what is damaged is named with its line."""

import datetime as dt
import gzip
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from overtone.data import tables
from overtone.errors import DataError, MissingExtraError

Rows = list[tuple[int, dict[str, str]]]


def read(folder: Path, name: str, content: str | bytes) -> Rows:
    """Read a table that holds `content`."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(tables.read(path))


def cells(folder: Path, name: str, content: str | bytes) -> list[list[str]]:
    """Return the rows' cells only."""
    return [list(row.values()) for _, row in read(folder, name, content)]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a table."""
    with tables.write(path, tables.check_kind(path)) as append:
        for row in rows:
            append(row)


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
        ("t,n\n,\nx,1\n", [["", ""], ["x", "1"]]),
        ("t,n\n\nx,1\n\n", [["x", "1"]]),
        ("t,n\nحب,😂\n", [["حب", "😂"]]),
        ("t,n\n" + "x" * 200_000 + ",1\n", [["x" * 200_000, "1"]]),
    ],
    ids=["comma", "quotes", "line feed", "stray quote", "U+2028", "U+0085", "empty cells",
         "blank lines", "unicode", "200 kB"],
)  # fmt: skip
def test_csv_cells(tmp_path: Path, content: str, expected: list[list[str]]) -> None:
    assert cells(tmp_path, "a.csv", content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("t;n\na, b;1\n", [["a, b", "1"]]),
        ("t\tn\na, b;\t1\n", [["a, b;", "1"]]),
        ('"t, u";n\n"a; b";1\n', [["a; b", "1"]]),
        ('"t ""; u"\tn\na;b\t1\n', [["a;b", "1"]]),
        ("t;u,n\na,1\n", [["a", "1"]]),
        ("t;u\tn;o\na;1;2\n", [["a", "1", "2"]]),
        ("text\na; b\n", [["a; b"]]),
        ("\n\nt;n\na, b;1\n", [["a, b", "1"]]),
    ],
    ids=[
        "semicolon",
        "tab",
        "quoted comma",
        "quoted quote",
        "comma first",
        "most",
        "none",
        "blank",
    ],
)
def test_the_header_says_what_separates_the_cells_of_csv(
    tmp_path: Path, content: str, expected: list[list[str]]
) -> None:
    assert cells(tmp_path, "a.csv", content) == expected


EDGES = [
    ("t,n\na,1\n,\n,\n", [("a", "1")]),
    ("t,n\na,1\n ,  \n", [("a", "1")]),
    ("t,n,,\na,1,,\nb,2\nc,3,\n", [("a", "1"), ("b", "2"), ("c", "3")]),
    ("t,n, \na,1, \n,,\n,,,,\n", [("a", "1")]),
    ("t,n\na,1\n,\nb,2\n,\n", [("a", "1"), ("", ""), ("b", "2")]),
    (",,,\nt,n\na,1\n", [("a", "1")]),
    (" t , n\n a ,1\n", [(" a ", "1")]),
]


@pytest.mark.parametrize(("content", "expected"), EDGES, ids=[content for content, _ in EDGES])
@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("b.csv", ";"), ("a.tsv", "\t")])
def test_the_empty_edges_of_a_spreadsheet_are_left_out(
    tmp_path: Path, name: str, separator: str, content: str, expected: list[tuple[str, str]]
) -> None:
    rows = [row for _, row in read(tmp_path, name, content.replace(",", separator))]
    assert [(row["t"], row["n"]) for row in rows] == expected
    assert all(len(row) == 2 for row in rows)


def test_an_index_without_a_name_is_a_column(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", ",t\n0,a\n") == [(2, {"": "0", "t": "a"})]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.jsonl"])
def test_a_gzipped_table_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    content = '{"t": "a"}\n{"t": "b"}\n' if name.endswith("jsonl") else "\ufefft\na\nb\n"
    plain = read(tmp_path, name, content)
    assert len(plain) == 2
    assert read(tmp_path, f"{name}.gz", gzip.compress(content.encode())) == plain
    assert read(tmp_path, f"{name.upper()}.GZ", gzip.compress(content.encode())) == plain


def test_a_gzipped_table_is_expanded_as_it_is_read(tmp_path: Path) -> None:
    """The first rows come before the last ones are known to be damaged."""
    whole = gzip.compress(b"t\n" + b"some words\n" * 100_000)
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    rows = tables.read(tmp_path / "a.csv.gz")
    assert next(rows) == (2, {"t": "some words"})
    with pytest.raises(DataError, match=r"expected a gzip file, found one that is cut"):
        list(rows)


def test_a_gzipped_table_that_is_damaged_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"t\n" + bytes(range(97, 120)) * 100)
    for content in (
        b"t\nx\n",
        whole[:-1],
        whole[:5],
        whole[:40] + b"xx" + whole[42:],
        whole + b"x",
    ):
        with pytest.raises(DataError, match=r"a\.csv\.gz: expected a gzip file") as caught:
            read(tmp_path, "a.csv.gz", content)
        assert "\n" not in str(caught.value)


def test_values_of_parquet_become_text(tmp_path: Path) -> None:
    columns = {
        "text": ["a", None], "on": [True, False], "n": [1, None], "x": [0.5, float("nan")],
        "list": [["é"], []], "day": [dt.date(2020, 1, 2), None],
    }  # fmt: skip
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert list(tables.read(tmp_path / "a.parquet")) == [
        (1, {"text": "a", "on": "true", "n": "1", "x": "0.5", "list": '["é"]',
             "day": "2020-01-02"}),
        (2, {"text": "", "on": "false", "n": "", "x": "", "list": "[]", "day": ""}),
    ]  # fmt: skip


def test_a_parquet_table_of_many_blocks_keeps_its_order(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [{"n": str(n)} for n in range(10_000)])
    found = list(tables.read(tmp_path / "a.parquet"))
    assert found == [(n + 1, {"n": str(n)}) for n in range(10_000)]


def test_a_damaged_parquet_table_is_named(tmp_path: Path) -> None:
    write(tmp_path / "whole.parquet", [{"t": "some words"}] * 50)
    whole = (tmp_path / "whole.parquet").read_bytes()
    for content in (b"", b"t\nx\n", whole[:-9], whole[:20], whole[:10] + b"\xff" * 9 + whole[19:]):
        with pytest.raises(DataError, match=r"a\.parquet: expected a Parquet file") as caught:
            read(tmp_path, "a.parquet", content)
        assert "\n" not in str(caught.value)


def test_a_parquet_table_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([["a"], ["b"]], names=["t", "t"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="the column 't' stands twice"):
        list(tables.read(tmp_path / "a.parquet"))


def test_parquet_without_its_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for use in (
        lambda: list(tables.read(tmp_path / "a.parquet")),
        lambda: write(tmp_path / "a.parquet", []),
    ):
        with pytest.raises(MissingExtraError, match=r'pip install "overtone\[parquet\]"'):
            use()


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
    assert cells(tmp_path, "a.jsonl", line) == [["1", "0.5", "true", "", '["é"]', ""]]


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
            r"expected a name that ends in \.csv, \.tsv, .* found \.xls; .* save it as CSV UTF-8",
        ),
        ("a", "a\n1\n", "found no ending"),
        ("a.gz", "a\n1\n", r"in \.csv\.gz and the like, found \.gz"),
        ("a.parquet.gz", "a\n1\n", r"found \.gz"),
        (".csv", "a\n1\n", "found no ending"),
        ("a.csv", ",t,,u\n1,2,3,4\n", "line 1: two columns have no name"),
        ("a.csv", "t, t\n1,2\n", "line 1: the column 't' stands twice"),
        ("a.csv", "t;n\n1;2\n3\n", "line 3: expected 2 cells .* the separator must be quoted"),
        ("a.csv", "t,n,\n1,2,\n3,4,5\n", "line 3: expected nothing below a column that has no"),
        ("a.csv", "t,n,\n1,2,,\n", "line 2: expected 3 cells as in the header, found 4"),
        ("a.csv", "t,n,o\n,\n1,2,3\n", "line 2: expected 3 cells as in the header, found 2"),
        ("a.csv", "t\tn\n".encode("utf-16"), "line 1: expected UTF-8, found UTF-16, .*CSV UTF-8"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_damaged_table_is_named_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
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
