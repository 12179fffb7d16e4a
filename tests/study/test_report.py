"""The report is one page that needs nothing else, whatever names and texts hold."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.study.conftest import Chosen, Study, make

from overtone import data
from overtone.config import Table
from overtone.study import results, tables
from overtone.study.report import labels, mistakes, page

VOID = {"meta", "br", "input", "link", "hr", "img"}


class Checked(HTMLParser):
    """Reads a page, notes what it refers to, and whether its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "xlink:href", "srcset", "data"}:
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="session")
def found(study: Study) -> tables.Findings:
    """The small study's findings."""
    return tables.draw(results.load(study.plan, study.cells, study.folder))


def write(found: tables.Findings, path: Path, *, texts: bool = True) -> str:
    """Return a report."""
    page.write(found, path, texts=texts)
    return path.read_text(encoding="utf-8")


def test_the_page_is_whole_and_refers_to_nothing_outside(
    found: tables.Findings, tmp_path: Path
) -> None:
    text = write(found, tmp_path / "report.html")
    read = Checked()
    read.feed(text)
    assert read.open == []
    assert read.tags["script"] == 0
    assert read.tags["svg"] >= 8
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} <= set(read.ids)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"' <)]*", text)) <= namespaces
    assert "url(http" not in text
    for section in (
        "Table 1", "Table 2", "Claims", "Quality and cost", "By epoch", "By amount of data",
        "One setting at a time", "Labels together", "The worst mistakes",
    ):  # fmt: skip
        assert section in text


def test_charts_share_no_id(found: tables.Findings, tmp_path: Path) -> None:
    read = Checked()
    read.feed(write(found, tmp_path / "report.html"))
    drawn = [name for name in read.ids if re.fullmatch(r"[mp][0-9a-f]{10}", name)]
    assert drawn
    assert len(set(drawn)) == len(drawn)


def test_the_same_study_gives_the_same_page(found: tables.Findings, tmp_path: Path) -> None:
    assert write(found, tmp_path / "a.html") == write(found, tmp_path / "b.html")


def test_texts_are_left_out_where_asked(found: tables.Findings, tmp_path: Path) -> None:
    texts = [text for text in data.load("sample", "train").texts if text.isascii()]
    plain = [text for text in texts if not set(text) & set("&<>'\"")]
    with_texts = write(found, tmp_path / "a.html")
    assert any(text in with_texts for text in plain)
    without = write(found, tmp_path / "b.html", texts=False)
    assert not any(text in without for text in plain)
    assert "The worst mistakes" not in without


def test_names_and_texts_are_no_markup(table: Table, tmp_path: Path, choose: Chosen) -> None:
    nasty = '<img src=x onerror=alert(1)> $x_1$ & "quoted" \''
    rows = [f"<script>alert({n})</script> day {n},{n % 2},{(n + 1) % 2}" for n in range(40)]
    file = tmp_path / "posts.csv"
    file.write_text("\n".join(["text,joy,<b>anger</b>", *rows]) + "\n", encoding="utf-8")
    plan = {
        **table,
        "study": {"name": nasty, "hold_out": 0.3},
        "datasets": {"posts": {"dataset": str(file), "title": nasty, "beside": "wikipedia"}},
        "models": {"tfidf": {"config": "best/tfidf", "title": nasty, "beside": "bert-base"}},
        "sensitivity": {},
    }
    study = make(plan, tmp_path / "study")
    (cell,) = study.cells
    ids = [str(n) for n in range(2, 14)]
    truth = np.tile(np.array([[1, 0]], dtype=np.float32), (len(ids), 1))
    choose(cell, study.folder, truth, truth < 0.5)
    (cell.folder(study.folder) / "history.jsonl").write_text("{}\n", encoding="utf-8")
    text = write(
        tables.draw(results.load(study.plan, study.cells, study.folder)), tmp_path / "r.html"
    )
    read = Checked()
    read.feed(text)
    assert read.open == []
    assert read.tags["img"] == read.tags["script"] == 0
    assert "&lt;img src=x onerror=alert(1)&gt; $x_1$" in text


def test_the_worst_mistakes_are_those_with_the_highest_loss(found: tables.Findings) -> None:
    group = found.results.group("sample", "tfidf")
    assert group is not None
    worst = mistakes.worst(group, most=5)
    predictions = group.results[0].predictions
    truth = predictions.truth > 0.5
    loss = -np.log(np.where(truth, predictions.probabilities, 1 - predictions.probabilities))
    wrong = (truth != predictions.decided).any(axis=1)
    row = int(np.argmax(np.where(wrong, loss.sum(axis=1), -1)))
    split = data.load("sample", "train")
    text = split.texts[split.ids.index(predictions.ids[row])]
    assert worst[0].text == " ".join(text.split())
    missed = {label for label, _ in worst[0].missed}
    named = np.array(predictions.labels)
    assert missed == set(named[truth[row] & ~predictions.decided[row]])


def test_which_labels_come_together_is_a_share_of_the_row_s_texts() -> None:
    on = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=bool)
    shares = labels._shares(on)
    assert shares[0].tolist() == [1.0, 0.5, 0.0]
    assert shares[1].tolist() == [0.5, 1.0, 0.0]
    assert np.isnan(shares[2]).all()
