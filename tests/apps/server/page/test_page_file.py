"""A file of texts: what is read, labelled, shown, sorted, cancelled and saved."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.apps.server.page.conftest import HOSTILE, Open, Opened

import overtone
from overtone import data

NASTY = [
    "<script>document.title='no'</script>",
    '<img src=x onerror="document.title=1">',
    'she said "so happy", and left;\nthen came back',
    '=HYPERLINK("http://example.invalid","x")',
    "+1 for the team", "-2", "@friend thank you", "\tangry", "سعيد جدا", "\u202eevil\u202c", "🙂",
    "", "x" * 3000, "angry angry",
]  # fmt: skip


def table(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def sample(count: int) -> list[str]:
    """Return texts that ship with overtone, of many emotions."""
    split = data.load("sample", "train")
    return list(split.texts[:count])


def numbered(count: int) -> str:
    """Return a table of so many texts, glad and sad in turn."""
    words = ("so happy and glad", "terribly sad and alone")
    return table([["id", "text"], *([str(n), f"{words[n % 2]} {n}"] for n in range(count))])


def labelled(found: Opened, name: str, content: str | bytes) -> Page:
    """Choose a file, label it, and wait for the results."""
    expect(found.page.locator("#bars li")).not_to_have_count(0)
    found.upload(name, content)
    found.page.locator("#start").click()
    expect(found.page.locator("#results")).to_be_visible()
    return found.page


def saved(page: Page) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_nasty_content_is_shown_and_saved_as_text(
    opened: Open, hostile: Path, hostile_address: str
) -> None:
    found = opened(hostile_address)
    header = ["n", "text", "<b>bold</b>", "labels"]
    rows = [[str(n), text, "=1+1", "mine"] for n, text in enumerate(NASTY)]
    name = '<img src=x onerror="document.title=2">.csv'
    page = labelled(found, name, "\ufeff" + table([header, *rows]))
    expect(page.locator("#chosen-name")).to_have_text(name)
    expect(page.locator("#results-title")).to_have_text(f"14 texts of {name}")
    assert page.locator("#column option").all_inner_texts() == header
    shown = page.locator("#rows .c-text").evaluate_all("cells => cells.map(c => c.textContent)")
    assert shown == [text if len(text) <= 400 else f"{text[:400]}…" for text in NASTY]
    expect(page.locator("#results-note")).to_contain_text("1 row without a text")
    assert page.locator("#many img, #many script, #many b").count() == 0
    assert page.title().endswith("Overtone")

    texts = [text for text in NASTY if text]
    said = dict(zip(texts, overtone.load(hostile).predict(texts), strict=True))
    _, content = saved(page)
    assert content.startswith(b"\xef\xbb\xbf")
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert head == [*header, "labels_", *(f"p_{label}" for label in HOSTILE)]
    for text, line in zip(NASTY, lines, strict=True):
        guard = "'" if text[:1] in set("=+-@\t\r") and text != "-2" and text else ""
        assert line[1:4] == [guard + text, "'=1+1", "mine"]
        assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in line)
        if text:
            found_labels = " ".join(said[text].labels)
            assert line[4] in {found_labels, f"'{found_labels}"}
            written = [float(p) for p in line[5:]]
            assert written == pytest.approx([*said[text].probabilities.values()], abs=1e-6)
        else:
            assert line[4:] == [""] * 5


def test_a_thousand_rows_are_taken_and_one_more_is_not(opened: Open) -> None:
    found = opened()
    found.upload("big.csv", numbered(1001))
    alert = found.page.locator("#file-trouble")
    expect(alert).to_contain_text("This file has 1,001 rows. This page takes 1,000 rows.")
    expect(alert).to_contain_text("overtone predict MODEL --input FILE")
    expect(found.page.locator("#start")).to_be_hidden()
    found.upload("big.csv", numbered(1000))
    expect(found.page.locator("#start")).to_have_text("Label 1,000 texts")
    expect(alert).to_be_hidden()
    found.page.get_by_label("The first line names the columns").uncheck()
    expect(alert).to_contain_text("1,001 rows")  # the header would be one of them


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text\nfine\nvoil\xe0".encode("latin-1"), "Line 3 holds bytes that are no UTF-8"),
        ("a.csv", b'text\n"open', "Line 2: a quote opens here"),
        ("a.csv", b"id,text\n1,a\n2\n", "Line 3 has 1 cell, the first line 2."),
        ("a.csv", b"", "There are no rows"),
        ("a.xlsx", b"PK\x03\x04", "This kind of file isn't read here."),
        ("a.csv", b"text\n" + b"\x00" * 9, "This is no text file."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    opened: Open, name: str, content: bytes, message: str
) -> None:
    found = opened()
    found.upload(name, content)
    expect(found.page.locator("#file-trouble")).to_contain_text(message)
    expect(found.page.locator("#chosen")).to_be_hidden()
    found.upload("good.csv", "text\nhello there\n")  # and the next one is read
    expect(found.page.locator("#file-trouble")).to_be_hidden()
    expect(found.page.locator("#start")).to_have_text("Label 1 text")


def test_a_file_can_be_dropped(opened: Open) -> None:
    found = opened()
    drop = """content => {
        const files = new DataTransfer();
        files.items.add(new File([content], "dropped.csv"));
        for (const kind of ["dragenter", "dragover", "drop"]) {
            document.querySelector("#many").dispatchEvent(
                new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        }
    }"""
    found.page.evaluate(drop, "text;n\nhello;1\nthere;2\n")
    expect(found.page.locator("#chosen-name")).to_have_text("dropped.csv")
    expect(found.page.locator("#start")).to_have_text("Label 2 texts")
    expect(found.page.locator("#drop")).not_to_have_class(re.compile("over"))


def test_another_column_and_no_header(opened: Open) -> None:
    found = opened()
    found.upload("a.csv", "so happy,worse\nso sad,bad\n")
    page = found.page
    expect(page.locator("#start")).to_have_text("Label 1 text")
    page.get_by_label("The first line names the columns").uncheck()
    expect(page.locator("#start")).to_have_text("Label 2 texts")
    assert page.locator("#column option").all_inner_texts() == ["column 1", "column 2"]
    page.get_by_label("Column with the texts").select_option("column 2")
    expect(page.locator("#preview li")).to_have_text(["worse", "bad"])
    with page.expect_request("**/v1/predict") as request:
        page.locator("#start").click()
    assert request.value.post_data_json == {"texts": ["worse", "bad"]}
    expect(page.locator("#results")).to_be_visible()
    name, content = saved(page)
    assert name == "a-labelled.csv"
    assert content.decode("utf-8-sig").startswith("column 1,column 2,labels,p_anger,")


def test_the_table_is_sorted_filtered_and_turned(opened: Open, model: Path) -> None:
    texts = sample(60)
    said = overtone.load(model).predict(texts)
    page = labelled(opened(), "a.csv", table([["text"], *([text] for text in texts)]))
    rows = page.locator("#rows tr")
    first = rows.first.locator(".c-place")
    expect(rows).to_have_count(25)
    expect(page.locator("#page-text")).to_have_text("1 to 25 of 60")
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(10)
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    place = page.get_by_role("columnheader", name="Row")
    expect(place).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Row", exact=True).click()
    expect(place).to_have_attribute("aria-sort", "descending")
    expect(first).to_have_text("60")

    joyful = [n + 1 for n, one in enumerate(said) if "joy" in one.labels]
    share = page.locator("#shares button", has_text="joy")
    expect(share).to_contain_text(f"{len(joyful)} ·")
    share.click()
    expect(page.locator("#shown")).to_have_text(f"{len(joyful)} texts")
    share = page.locator("#shares button", has_text="joy")
    expect(share).to_have_attribute("aria-pressed", "true")
    expect(share).to_be_focused()
    page.locator("#heads").get_by_role("button", name="joy").click()  # the head: its probability
    strongest = max(joyful, key=lambda n: said[n - 1].probabilities["joy"])
    expect(first).to_have_text(str(strongest))
    page.get_by_label("Show").select_option("")
    expect(page.locator("#shown")).to_have_text("60 texts")
    none = sum(not one.labels for one in said)
    page.get_by_label("Show").select_option("none")
    expect(page.locator("#shown")).to_have_text(f"{none} text{'' if none == 1 else 's'}")


def test_the_charts_count_what_is_so(opened: Open, model: Path) -> None:
    texts = sample(40)
    sets = [set(one.labels) for one in overtone.load(model).predict(texts)]
    page = labelled(opened(), "a.csv", table([["text"], *([text] for text in texts)]))
    for button in page.locator("#shares button").all():
        name = button.locator(".name").inner_text()
        count = sum(name in one for one in sets)
        expect(button.locator(".value")).to_have_text(re.compile(rf"^{count} · "))
    names = page.locator(".heat thead th").all_inner_texts()
    assert set(names) == set().union(*sets)
    assert len(names) > 3
    for row, cells in zip(names, page.locator(".heat tbody tr").all(), strict=True):
        both = [
            int(
                100 * sum({row, name} <= one for one in sets) / sum(row in one for one in sets)
                + 0.5
            )
            for name in names
        ]
        shown = cells.locator("td").all_inner_texts()
        assert [int(cell or 0) if cell != "·" else 100 for cell in shown] == both


def test_thresholds_decide_about_the_table_too(opened: Open) -> None:
    found = opened()
    page = labelled(found, "a.csv", numbered(30))
    asked = len(found.asked)
    handle = page.get_by_role("slider", name="Threshold of joy")
    handle.press("Home")
    share = page.locator("#shares button", has_text="joy")
    expect(share).to_contain_text("30 · 100 %")
    handle.press("End")
    expect(share).to_contain_text("0 · 0 %")
    _, content = saved(page)
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert not any("joy" in line["labels"] for line in lines)
    assert len(found.asked) - asked <= 1  # but for the blob that was saved


def test_labelling_can_be_cancelled_and_gone_on_with(opened: Open) -> None:
    found = opened()
    page = found.page
    held: list[Route] = []

    def hold_the_second(route: Route) -> None:
        if "glad 32" in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/v1/predict", hold_the_second)
    expect(page.locator("#bars li")).not_to_have_count(0)
    found.upload("a.csv", numbered(100))
    page.locator("#start").click()
    expect(page.locator("#progress-text")).to_have_text("32 of 100")
    expect(page.locator("#progress")).to_have_attribute("max", "100")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#progress-text")).to_have_text("Cancelled after 32 of 100.")
    expect(page.locator("#results-title")).to_have_text("32 texts of a.csv")
    assert len(held) == 1
    page.get_by_role("button", name="Go on with 68 texts").click()
    expect(page.locator("#results-title")).to_have_text("100 texts of a.csv")
    assert sum(url.endswith("v1/predict") for url in found.asked) == 5
    expect(page.locator("#start")).to_be_hidden()
    assert saved(page)[1].count(b"\r\n") == 101


def test_a_failure_on_the_way_keeps_what_is_done(opened: Open) -> None:
    found = opened(expected=("Failed to load resource",))
    page = found.page
    answers = iter([200, 500])

    def fail(route: Route) -> None:
        if next(answers, 200) == 500:
            route.fulfill(status=500, json={"title": "Internal", "detail": "it broke"})
        else:
            route.continue_()

    page.route("**/v1/predict", fail)
    labelled(found, "a.csv", numbered(70))
    expect(page.locator("#file-trouble")).to_contain_text("Internal: it broke")
    expect(page.locator("#progress-text")).to_have_text("Stopped after 32 of 70.")
    page.get_by_role("button", name="Go on with 38 texts").click()
    expect(page.locator("#results-title")).to_have_text("70 texts of a.csv")
    expect(page.locator("#file-trouble")).to_be_hidden()
