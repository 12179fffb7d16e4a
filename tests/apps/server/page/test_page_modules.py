"""The page's modules by themselves: tables, decisions, counts, pauses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

SEPARATORS = (",", ";", "\t")


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    found = context.new_page()
    found.goto(address)
    yield found
    context.close()


def run(page: Page, module: str, body: str, *given: object) -> Any:  # noqa: ANN401 - as JavaScript
    """Run a function's body with a module `m` and what is given; an error becomes its message."""
    return page.evaluate(
        f"""async given => {{
            const m = await import(new URL("page/{module}.js", document.baseURI));
            try {{ return await (async () => {{ {body} }})(); }}
            catch (error) {{
                if (error.constructor.name !== "BadFile") throw error;
                return "refused: " + error.message;
            }}
        }}""",
        list(given),
    )


def parsed(page: Page, text: str, separator: str = ",") -> Any:  # noqa: ANN401
    return run(page, "csv", "return m.parse(...given).map(row => row.cells)", text, separator)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_as_python_reads_it(page: Page, separator: str, end: str) -> None:
    rows = [
        ["a", "b", "c"],
        ["", "", ""],
        ['"', '""', 'say "hi"'],
        ["comma, semicolon; tab\t", "line\nline", " spaces "],
        ["سعيد", "🙂", "=1+1"],
        ["x" * 10_000, "1", ""],
    ]
    written = io.StringIO()
    # With such an end, Python's writer leaves the other one in a cell without quotes.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL
    csv.writer(written, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    assert parsed(page, written.getvalue(), separator) == rows
    assert parsed(page, written.getvalue().removesuffix(end), separator) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("a", [["a"]]),
        ("a,", [["a", ""]]),
        (",", [["", ""]]),
        ('""', [[""]]),
        ("a\n\n\nb\n", [["a"], ["b"]]),
        ('5" pipe,b', [['5" pipe', "b"]]),
        ('"a\r\nb",c\r\n', [["a\r\nb", "c"]]),
    ],
)
def test_corners_of_csv(page: Page, text: str, rows: list[list[str]]) -> None:
    assert parsed(page, text) == rows


def test_csv_says_in_which_line_something_is_wrong(page: Page) -> None:
    assert parsed(page, 'a,b\n"c\nd",e\n"f').startswith("refused: Line 4: a quote opens here")
    assert parsed(page, 'a\n"b" c\n').startswith("refused: Line 2: something stands after")
    read = "const t = m.read(...given); return m.columns(t, true).rows"
    found = run(page, "csv", read, "a.csv", 'a,b\n"c\nd",e\nf\n')
    assert found.startswith("refused: Line 4 has 1 cell, the first line 2.")
    assert (
        run(page, "csv", read, "a.csv", "only\n") == "refused: There are no rows below the header."
    )
    assert run(page, "csv", read, "a.csv", "") == "refused: There are no rows in this file."
    assert run(page, "csv", read, "a.csv", "PK\0\0").startswith("refused: This is no text file.")
    assert run(page, "csv", read, "a.xlsx", "a").startswith("refused: This kind of file")
    assert run(page, "csv", read, "a.jsonl", '{"a": 1}\n{').startswith(
        "refused: Line 2 is no JSON."
    )
    assert run(page, "csv", read, "a.jsonl", "3").startswith("refused: Line 1: expected an object")


def test_bytes_become_text(page: Page) -> None:
    decode = "return m.decode(new Uint8Array(given[0]))"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert run(page, "csv", decode, list("a,é\n🙂".encode(encoding))) == "a,é\n🙂"
    found = run(page, "csv", decode, list("a\nb\né".encode("latin-1")))
    assert found.startswith("refused: Line 3 holds bytes that are no UTF-8 text.")
    # The bytes that UTF-8 would give a lone surrogate are no UTF-8.
    assert run(page, "csv", decode, [0xED, 0xA0, 0x80]).startswith("refused: Line 1")


def test_the_other_kinds_of_tables(page: Page) -> None:
    read = "return m.columns(m.read(...given), true)"
    table = {"names": ["id", "text"], "rows": [["1", 'say "hi"'], ["2", "b"]]}
    assert run(page, "csv", read, "a.TSV", 'id\ttext\r\n1\tsay "hi"\r\n\r\n2\tb\r\n') == table
    lines = '{"id": "1", "text": "say \\"hi\\""}\n\n{"text": "b", "id": 2}\n'
    assert run(page, "csv", read, "a.jsonl", lines) == table
    gaps = '{"text": "a"}\n{"text": "b", "__proto__": "x", "n": null}\n'
    assert run(page, "csv", read, "a.ndjson", gaps) == {
        "names": ["text", "__proto__", "n"], "rows": [["a", "", ""], ["b", "x", "null"]],
    }  # fmt: skip
    assert run(page, "csv", read, "a.jsonl", '"a"\n"b"') == {
        "names": ["text"],
        "rows": [["a"], ["b"]],
    }


def test_separator_and_text_column_are_found(page: Page) -> None:
    find = "return m.separatorOf(given[0])"
    for separator in SEPARATORS:
        assert run(page, "csv", find, f'"a,;\tb, c"{separator}b{separator}c\n,,,,;;;;') == separator
    assert run(page, "csv", find, "just a word") == ","
    assert run(page, "csv", find, '"never closed, at all') == ","
    guess = "return m.textColumn({names: given[0], rows: given[1]})"
    assert run(page, "csv", guess, ["id", " Text "], [["long long long", "a"]]) == 1
    assert run(page, "csv", guess, ["id", "said", "x"], [["1", "long long", ""]]) == 1


def test_cells_that_a_spreadsheet_would_run_are_guarded(page: Page) -> None:
    cells = ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "-1.5", "+3", "-1e5", "-", "a=b", "", "'x"]
    written = run(page, "csv", "return m.write([given[0]])", cells)
    [back] = csv.reader(io.StringIO(written, newline=""))
    assert back == [
        "'=1+1", "'+x", "'-x", "'@x", "'\tx", "'\rx", "-1.5", "+3", "-1e5", "'-", "a=b", "", "'x",
    ]  # fmt: skip


def test_deciding(page: Page) -> None:
    decide = "return m.decide(given[0], given[1], new Map(given[2]))"
    prediction = {"labels": ["b", "a"], "probabilities": {"a": 0.3, "b": 0.6, "c": 0.5}}
    names = ["a", "b", "c"]
    assert run(page, "decide", decide, names, prediction, []) == ["b", "a"]
    assert run(page, "decide", decide, names, prediction, [["c", 0.5]]) == [
        "b",
        "a",
    ]  # not above it
    assert run(page, "decide", decide, names, prediction, [["c", 0.49], ["a", 1]]) == ["b", "c"]
    words = "return given[0].map(m.inWords)"
    assert run(page, "decide", words, [["a"], ["a", "b"], names]) == ["a", "a and b", "a, b and c"]
    percents = "return given[0].map(m.percent)"
    assert run(page, "decide", percents, [0, 0.001, 0.5, 0.994, 0.9951, 1]) == [
        "0 %", "< 1 %", "50 %", "99 %", "> 99 %", "100 %",
    ]  # fmt: skip


def test_counting(page: Page) -> None:
    names, sets = ["a", "__proto__", "c"], [["a", "__proto__"], ["a"], [], ["a", "__proto__"]]
    assert run(page, "decide", "return m.shares(...given)", names, sets) == [3, 2, 0]
    table = [[3, 2, 0], [2, 2, 0], [0, 0, 0]]
    assert run(page, "decide", "return m.together(...given)", names, sets) == table


def test_pauses_are_what_the_server_says_within_reason(page: Page) -> None:
    pause = "return given[0].map(([header, attempt]) => m.pauseOf(header, attempt))"
    cases = [["2", 1], ["0", 1], ["9999", 1], [None, 1], [None, 3], ["Wed, 21 Oct 2015", 2]]
    assert run(page, "api", pause, cases) == [2, 0.3, 10, 1, 4, 2]


def test_batches_fit_what_the_server_takes(page: Page) -> None:
    body = """
        const job = { texts: given[0], predictions: [] };
        const found = [...m.batches(job, given[1])]
            .map(({ texts, places, end }) => [texts.length, places, end]);
        return [found, job.predictions.map((one) => one === null)];
    """
    limits = {"texts": 2, "characters": 10, "body_bytes": 1000}
    texts = ["a", " ", "b", "x" * 11, "c", "🙂" * 10]
    assert run(page, "many", body, texts, limits) == [
        [[2, [0, 2], 4], [2, [4, 5], 6]],
        [None, True, None, True],
    ]
    small = {"texts": 100, "characters": 10_000, "body_bytes": 400}
    found, _ = run(page, "many", body, ["é" * 60] * 4, small)
    assert [count for count, *_ in found] == [2, 2]
    # One more than a request takes is left out, and what follows isn't.
    assert run(page, "many", body, ["y" * 500, "a"], small)[0] == [[1, [1], 2]]
