"""Each page as a browser shows it: on wide and narrow screens, light and dark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.browser import chromium
from tests.insight.data_check.conftest import corpus

from overtone.apps.reports import data_check, explanation, identity, scores, summary, together
from overtone.apps.summary.summarise import summarise
from overtone.apps.summary.together import cooccur_scored
from overtone.evaluation import metrics
from overtone.experiment.cooccur import Found
from overtone.experiment.evaluate import Evaluation
from overtone.inference.predictor import Prediction
from overtone.insight import cooccurrence, slices
from overtone.insight import data_check as checks
from overtone.insight import identity as terms
from overtone.insight.data_check.report import Report
from overtone.insight.explain import Explanation, Word
from overtone.labels import Labels

TEXT = "nobody told us that the bus would not come so we walked all the way home"
LONG = "https://example.org/" + "a" * 300
NAMES = ("joy", "a" * 60, "سعادة")


def write_explanation(path: Path) -> None:
    text = f"so happy, but the bus is late again and again سعيد {LONG}"
    words = tuple(
        Word(text[start:end], start, end, dict.fromkeys(NAMES, push))
        for start, end, push in ((0, 2, 0.5), (3, 8, 4.0), (10, 13, -1.0), (22, 24, -4.0))
    )
    said = Prediction(NAMES, dict.fromkeys(NAMES, 0.8))
    explanation.write(Explanation(text, "leave_one_out", said, NAMES, words), LONG, path)


def write_data_check(path: Path) -> None:
    rows = [(TEXT, (1, 0)), (TEXT, (0, 1)), (f"{TEXT} <script>", (1, 1)), ("", (1, 0)),
            (f"{LONG} {LONG}", (1, 0))] * 2  # fmt: skip
    found = corpus({"train": rows[:6], "dev": rows[6:]}, NAMES[:2])
    kinds = checks.check(found, checks.configs({}))
    data_check.write(Report(LONG, found, tuple(kinds)), path, texts=True)


def write_summary(path: Path) -> None:
    scored = path.with_suffix(".csv")
    lines = ["labels,p_joy,p_fear,who,when"] + [
        f"{('joy', 'fear', '')[row % 3]},0.5,0.5,{('ann', 'b' * 60)[row % 2]},2026-01-{1 + row:02}"
        for row in range(28)
    ]
    scored.write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary.write(summarise(scored, by=["who"], time="when", every="week"), path)


def write_together(path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((200, len(NAMES))) < 0.3
    truth[:, 1] = truth[:, 0]
    ids = [f"row{n}-{'x' * 60}" for n in range(len(truth))]
    found = cooccurrence.measure(truth.astype(np.float64), ~truth, ids, Labels.of(*NAMES), 5)
    together.write(
        Found("m", LONG, "test", cross_fitted=True, out_of_fold=4, cooccurrence=found), path
    )


def write_said_together(path: Path) -> None:
    scored = path.with_suffix(".csv")
    lines = ["source_file,source_row,labels,p_joy,p_fear,text"] + [
        f"{'x' * 60},{row},{('joy', 'fear', 'joy fear')[(row % 5 == 0) + (row == 7)]},1,1,{LONG}"
        for row in range(60)
    ]
    scored.write_text("\n".join(lines) + "\n", encoding="utf-8")
    together.write(cooccur_scored(scored, text_column="text"), path)


def write_crowded_summary(path: Path) -> None:
    """Write as many labels as the tweets have, one with a long name."""
    names = (*NAMES, *(f"emotion{n}" for n in range(8)))
    scored = path.with_suffix(".jsonl")
    rows = [
        {"labels": [names[row % 11]], "probabilities": dict.fromkeys(names, 0.5),
         "who": f"author {row % 7}"}
        for row in range(200)
    ]  # fmt: skip
    scored.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    summary.write(summarise(scored, by=["who"]), path)


def write_scores(path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((200, len(NAMES))) < 0.3).astype(np.float32)
    said = rng.random(truth.shape) < 0.4
    values = [("a" * 60, "<b>web</b>", "سعادة", "")[n % 4] for n in range(200)]
    labels = Labels.of(*NAMES)
    found = slices.measure("who", values, truth, said, resamples=20)
    score = metrics.score(truth, said, said.astype(np.float32), labels)
    scores.write(Evaluation(LONG, "dev", score, 1.0, 200.0, slices=tuple(found)), "m", path)


def write_identity(path: Path) -> None:
    neutral = np.random.default_rng(0).random((40, 20)) < 0.2
    names = ["a" * 60, "<b>tall</b>", *(f"term {n}" for n in range(38))]
    found = terms.measure("toxic", names, neutral, neutral, neutral.astype(np.float32))
    identity.write(found, LONG, path)


WRITERS = (
    write_explanation, write_data_check, write_summary, write_crowded_summary, write_together,
    write_said_together, write_scores, write_identity,
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=WRITERS, ids=lambda write: write.__name__)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with names and texts that are long, of both directions, and no markup."""
    write: Callable[[Path], None] = request.param
    path = tmp_path_factory.mktemp("page") / "page.html"
    write(path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_everyone_can_read_it_on_any_screen_and_it_asks_for_nothing(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    try:
        shown = context.new_page()
        asked: list[str] = []
        shown.on("request", lambda request: asked.append(request.url))
        said: list[str] = []
        shown.on("console", lambda message: said.append(message.text))
        shown.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        result = Axe().run(shown)
        assert result.violations_count == 0, result.generate_report()
        assert said == []
    finally:
        context.close()


def test_the_table_of_groups_fits_a_phone_with_eleven_labels(
    browser: Browser, tmp_path: Path
) -> None:
    write_crowded_summary(tmp_path / "page.html")
    context = browser.new_context(viewport={"width": 390, "height": 900}, offline=True)
    try:
        shown = context.new_page()
        shown.goto((tmp_path / "page.html").as_uri())
        inside, whole = shown.locator(".wide:has(table.heat)").evaluate(
            "one => [one.clientWidth, one.scrollWidth]"
        )
        assert whole <= inside
        assert shown.locator("table.heat td").first.get_attribute("title") is not None
    finally:
        context.close()
