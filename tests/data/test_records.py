"""Tables read row by row: every kind, what is wrong with a row, and rows that a bad one leaves."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from overtone.data import tables
from overtone.data.records import Record, Table
from overtone.errors import DataError, MissingExtraError

ROWS = [{"id": str(n), "text": text} for n, text in enumerate(["a, b", 'say "no"', "naïve 🙂"])]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def read(path: Path, content: str | bytes, most: int = 1000, skip: int = 0) -> list[Record]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Table(path, most).records(skip))


def problems(found: Sequence[Record]) -> list[str]:
    return [record.problem for record in found]


def texts(found: Sequence[Record]) -> list[object]:
    return [record.cells["text"] if record.cells else None for record in found]


def write(path: Path, kind: str) -> None:
    with tables.write(path, kind) as append:
        for row in ROWS:
            append(row)


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("kind", [".csv", ".tsv", ".txt", ".jsonl"])
def test_every_kind_is_read_packed_or_not(tmp_path: Path, kind: str, packed: str) -> None:
    write(tmp_path / "plain", kind)
    path = tmp_path / f"in{kind}{packed}"
    path.write_bytes(PACK[packed]((tmp_path / "plain").read_bytes()))
    table = Table(path)
    assert table.names() == ["id", "text"]
    assert table.count() == 3
    assert [record.cells for record in table.records()] == ROWS
    assert table.read == path.stat().st_size
    assert [record.cells for record in table.records(2)] == ROWS[2:]


def test_parquet_is_read_from_any_row(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table({"text": [f"t{n}" for n in range(50)], "n": list(range(50))})
    parquet.write_table(table, path, row_group_size=7)
    assert (Table(path).names(), Table(path).count()) == (["text", "n"], 50)
    for skip in (0, 6, 7, 8, 49, 50):
        found = list(Table(path, columns=("text",)).records(skip))
        assert [(r.line, r.cells) for r in found] == [
            (n + 1, {"text": f"t{n}"}) for n in range(skip, 50)
        ]


def test_several_frames_and_members_are_one_file(tmp_path: Path) -> None:
    lines = [json.dumps({"text": str(n)}).encode() + b"\n" for n in range(40)]
    for packed in (".gz", ".zst"):
        content = b"".join(PACK[packed](line) for line in lines)
        found = read(tmp_path / f"in.jsonl{packed}", content)
        assert texts(found) == [str(n) for n in range(40)]


@pytest.mark.parametrize("packed", [".gz", ".zst"])
def test_a_cut_file_ends_in_a_record_that_says_so(tmp_path: Path, packed: str) -> None:
    lines = b"".join(json.dumps({"text": f"{n * n * 7919}"}).encode() + b"\n" for n in range(20000))
    content = PACK[packed](lines)
    found = read(tmp_path / f"in.jsonl{packed}", content[: len(content) // 2])
    assert "damaged or cut" in found[-1].problem
    whole = texts(found[:-1])
    assert whole == [f"{n * n * 7919}" for n in range(len(whole))]
    assert len(whole) > 100


def test_zstandard_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "in.csv.zst").write_bytes(b"text\na\n")
    with pytest.raises(DataError, match="expected a header, found the file damaged"):
        Table(tmp_path / "in.csv.zst").names()


def test_zstandard_is_not_expanded_at_once(tmp_path: Path) -> None:
    """A small file may hold gigabytes; here a line of 300 MB that is refused."""
    packer = zstandard.ZstdCompressor().compressobj()
    with (tmp_path / "in.jsonl.zst").open("wb") as file:
        for _ in range(300):
            file.write(packer.compress(b"x" * 1_000_000))
        file.write(packer.compress(b'\n{"text": "a"}\n') + packer.flush())
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from overtone.data.records import Table\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "found = list(Table(Path(sys.argv[1])).records())\n"
        "print(len(found), found[0].problem, (peak() - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in.jsonl.zst")],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    said, _, grown = done.stdout.strip().rpartition(" ")
    assert said == "2 found a line longer than 8,000,000 bytes"
    assert int(grown) < 120


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{bad\n", "expected one JSON object"),
        (b"[1]\n", "expected one JSON object, found list"),
        (b'{"text": "\\ud83d"}\n', "surrogates not allowed"),
        (b'{"text": "caf\xe9"}\n', "expected UTF-8, found the byte 0xe9"),
        (b'{"text": "' + b"x" * 2000 + b'"}\n', "a line longer than 1,000 bytes"),
        (b"[" * 900 + b"\n", "expected one JSON object"),
    ],
)
def test_a_bad_line_of_json_takes_no_other_with_it(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    good = b'{"text": "a"}\n'
    found = read(tmp_path / "in.jsonl", good + line + b"\n" + good)
    assert texts(found) == ["a", None, "a"]
    assert problem in found[1].problem
    assert [record.line for record in found] == [1, 2, 4]
    assert read(tmp_path / "in.jsonl", good + line + b"\n" + good, skip=1) == found[1:]
    assert Table(tmp_path / "in.jsonl", 1000).count() == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"1,2,3\n", "expected 2 cells as in the header, found 3"),
        (b"1\n", "expected 2 cells as in the header, found 1"),
        (b"1,caf\xe9\n", "expected UTF-8, found the byte 0xe9"),
        (b"1," + b"x" * 2000 + b"\n", "a line longer than 1,000 bytes"),
        (b'1,"a"b\n', "found broken CSV"),
        (b'1,"never closed\n', "found broken CSV"),
        (b"1,a\rb\n", "found broken CSV"),
    ],
)
def test_a_bad_row_of_csv_takes_no_other_with_it(tmp_path: Path, line: bytes, problem: str) -> None:
    content = b"id,text\n1,a\n" + line + b'2,"b\nb"\n3,c\n'
    found = read(tmp_path / "in.csv", content)
    assert texts(found) == ["a", None, "b\nb", "c"]
    assert problem in found[1].problem
    for skip in range(len(found) + 1):
        assert read(tmp_path / "in.csv", content, skip=skip) == found[skip:]
    assert Table(tmp_path / "in.csv", 1000).count() == len(found)


def test_a_quote_that_is_never_closed_costs_one_row_however_many_follow(tmp_path: Path) -> None:
    rows = [f"{n},t{n}\n" for n in range(500)]
    content = 'id,text\n0,"open\n' + "".join(rows)
    for most in (1000, 1_000_000):  # the limit of a row ends it, or the file's end
        found = read(tmp_path / "in.csv", content, most)
        assert texts(found) == [None, *(f"t{n}" for n in range(500))]
        assert [record.line for record in found] == list(range(2, 503))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text('ab,"\n\r', max_size=6), max_size=12), st.integers(0, 12))
def test_any_csv_is_read_to_its_end_and_the_same_from_any_row(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], skip: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "in.csv"
    content = "id,text\n" + "\n".join(lines)
    found = read(path, content)
    assert read(path, content, skip=skip) == found[skip:]
    assert Table(path, 1000).count() == len(found)
    numbers = [record.line for record in found]
    assert numbers == sorted(set(numbers))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), min_size=1))
def test_csv_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [{"id": "1", "text": cell} for cell in cells]
    with tables.write(folder / "in.csv", ".csv") as append:
        for row in rows:
            append(row)
    expected = [row for _, row in tables.read(folder / "in.csv")]
    found = list(Table(folder / "in.csv").records())
    assert [record.cells for record in found if record.cells] == expected


def test_blank_lines_are_no_rows_and_rows_without_content_are(tmp_path: Path) -> None:
    assert texts(read(tmp_path / "a.csv", "id,text\n\n1,a\n,\n\n2,b\n,\n")) == ["a", "", "b", ""]
    assert texts(read(tmp_path / "a.tsv", "id\ttext\n\n1\ta\n\t\n")) == ["a", ""]
    assert texts(read(tmp_path / "a.jsonl", '\n{"text": "a"}\n \n')) == ["a"]


def test_a_separator_and_a_byte_order_mark_are_as_everywhere(tmp_path: Path) -> None:
    assert texts(read(tmp_path / "a.csv", "\ufeffid;text\n1;a,b\n")) == ["a,b"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.jsonl.zst"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACK[path.suffix if path.suffix in PACK else ""](b""))
    assert (Table(path).names(), list(Table(path).records()), Table(path).count()) == ([], [], 0)


def test_a_damaged_part_of_parquet_costs_its_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table({"text": [f"{n * 7919}" for n in range(3000)]})
    parquet.write_table(table, path, row_group_size=1000, use_dictionary=False)
    about = parquet.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    middle = about.data_page_offset + about.total_compressed_size // 2
    content[middle : middle + 200] = b"\xff" * 200
    found = read(path, bytes(content))
    assert len(found) == Table(path).count() == 3000
    assert texts(found)[:1000] == [f"{n * 7919}" for n in range(1000)]
    assert texts(found)[2000:] == [f"{n * 7919}" for n in range(2000, 3000)]
    assert "damaged part" in found[1999].problem
    assert read(path, bytes(content), skip=1500) == found[1500:]


def test_a_value_of_parquet_that_is_no_utf8_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    values = pa.array([b"a", b"caf\xe9", b"b"], pa.binary())
    bad = pa.StringArray.from_buffers(3, values.buffers()[1], values.buffers()[2])
    parquet.write_table(pa.table({"text": bad}), path)
    found = list(Table(path).records())
    assert texts(found) == ["a", None, "b"]
    assert problems(found)[1] == "expected UTF-8, found other bytes"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"", "expected a name that ends in .csv"),
        ("a.parquet.gz", b"", "expected a name that ends in .csv"),
        ("a.parquet", b"text", "expected a Parquet file"),
        ("a.csv", "text\na\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"a,a\n", "stands twice"),
        ("a.csv.gz", b"text\na\n", "damaged"),
        ("a.jsonl", b"text\na\n", "expected one JSON object"),
    ],
)
def test_a_file_that_is_no_table_is_said(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        Table(tmp_path / name).names()


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(DataError, match="No such file"):
            list(Table(tmp_path / name).records())


def test_a_missing_zstandard_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv.zst").write_bytes(PACK[".zst"](b"text\na\n"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r'pip install "overtone\[score\]"'):
        Table(tmp_path / "a.csv.zst").names()
