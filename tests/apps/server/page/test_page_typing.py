"""Typing a text shows its emotions, whatever the server does meanwhile."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.apps.server.page import stand_in
from tests.apps.server.page.conftest import HOSTILE, Open
from tests.apps.server.page.real_server import served

import overtone

HAPPY = "What a lovely surprise, thank you!"
FAILED = ("Failed to load resource",)


def in_words(labels: tuple[str, ...]) -> str:
    *first, last = labels
    return f"{', '.join(first)} and {last}" if first else last


def type_fast(page: Page, *texts: str) -> None:
    """Type several texts one after another, with no time between them."""
    page.evaluate(
        """texts => texts.forEach(text => {
            document.getElementById("text").value = text;
            document.getElementById("text").dispatchEvent(new InputEvent("input"));
        })""",
        list(texts),
    )


def test_typing_shows_what_the_model_says(opened: Open, model: Path) -> None:
    [said] = overtone.load(model).predict([HAPPY])
    assert len(said.labels) >= 2
    page = opened().page
    expect(page.locator("#bars li")).to_have_count(11)
    page.get_by_role("textbox", name="A text").press_sequentially(HAPPY)
    expect(page.locator("#found")).to_have_text(in_words(said.labels))
    expect(page.locator("#status")).to_have_text(f"In this text: {in_words(said.labels)}.")
    for item in page.locator("#bars li").all():
        name = item.locator(".name").inner_text()
        percent = round(said.probabilities[name] * 100)
        expect(item.locator(".value")).to_have_text(f"{percent} %")
        on = bool(re.search(r"\bon\b", item.get_attribute("class") or ""))
        assert on == (name in said.labels)


def test_an_example_is_a_press_away_and_an_empty_box_says_what_to_do(opened: Open) -> None:
    page = opened().page
    expect(page.locator("#found")).to_have_text("Type a text, or take an example.")
    page.get_by_role("button", name="We did it!").click()
    expect(page.get_by_role("textbox", name="A text")).to_have_value(re.compile("^We did it!"))
    expect(page.locator("#found")).to_have_text(re.compile("joy"))
    page.get_by_role("textbox", name="A text").fill(" ")
    expect(page.locator("#found")).to_have_text("Type a text, or take an example.")
    expect(page.locator("#bars li.on")).to_have_count(0)


def test_the_strongest_come_first_where_one_wants_them_to(opened: Open, model: Path) -> None:
    [said] = overtone.load(model).predict([HAPPY])
    found = opened()
    found.type(HAPPY)
    expect(found.page.locator("#bars li.on")).not_to_have_count(0)
    names = found.page.locator("#bars .name")
    assert names.all_inner_texts() == list(said.probabilities)
    found.page.get_by_label("Strongest first").check()
    p = said.probabilities
    assert names.all_inner_texts() == sorted(p, key=lambda name: -p[name])


def test_many_keys_are_one_request_and_an_old_answer_is_dropped(opened: Open) -> None:
    found = opened()
    expect(found.page.locator("#bars li")).to_have_count(11)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if "too early" in json.dumps(route.request.post_data_json):
            held.append(route)
        else:
            route.continue_()

    found.page.route("**/v1/predict", hold_the_first)
    with found.page.expect_request("**/v1/predict"):
        type_fast(found.page, "t", "to", "too", "too early")
    with found.page.expect_event("requestfailed"):  # the page itself gives it up
        type_fast(found.page, "W", HAPPY)
    expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    assert sum(url.endswith("v1/predict") for url in found.asked) == 2
    assert len(held) == 1
    expect(found.page.locator("#answer")).to_have_attribute("aria-busy", "false")


def test_a_text_that_is_too_long_is_not_sent(opened: Open) -> None:
    found = opened()
    expect(found.page.locator("#bars li")).to_have_count(11)
    found.type("🙂" * 20_001)
    expect(found.page.locator("#found-note")).to_have_text(
        "Too long: 20,001 characters, and the server takes 20,000."
    )
    assert not any(url.endswith("predict") for url in found.asked)
    found.type("🙂" * 20_000)
    expect(found.page.locator("#found-note")).to_be_hidden()
    expect(found.page.locator("#bars li .value").first).not_to_be_empty()


def test_odd_texts_are_answered(opened: Open, model: Path) -> None:
    predictor = overtone.load(model)
    found = opened()
    for text in ("<script>alert(1)</script>", "\u202eسعيد جدا\u202c", "a\u0000b", "x" * 5000):
        [said] = predictor.predict([text])
        with found.page.expect_response("**/v1/predict") as response:
            found.type(text)
        assert response.value.ok
        first = found.page.locator("#bars .value").first
        expect(first).to_have_text(f"{round(said.probabilities['anger'] * 100)} %")
    # A lone surrogate is no text; it becomes what the Unicode standard puts in its place.
    with found.page.expect_request("**/v1/predict") as request:
        found.page.evaluate("""() => { const box = document.getElementById("text");
            box.value = "joy \\ud83d"; box.dispatchEvent(new InputEvent("input")); }""")
    assert request.value.post_data_json == {"texts": ["joy \ufffd"]}


def test_labels_are_text_and_nothing_else(opened: Open, hostile_address: str) -> None:
    found = opened(hostile_address)
    found.type("angry sum proto سعيد")
    names = found.page.locator("#bars .name")
    expect(names).to_have_text(list(HOSTILE))
    expect(found.page.locator("#bars .value").last).to_have_text(re.compile(r"\d+ %"))
    assert found.page.title().endswith("Overtone")
    assert found.page.locator("main script").count() == 0


def test_a_busy_server_is_asked_again_in_its_own_time(opened: Open) -> None:
    found = opened(expected=FAILED)
    expect(found.page.locator("#bars li")).to_have_count(11)
    busy = ["0", "0"]

    def refuse_twice(route: Route) -> None:
        if busy:
            route.fulfill(status=503, headers={"Retry-After": busy.pop()}, body="{}")
        else:
            route.continue_()

    found.page.route("**/v1/predict", refuse_twice)
    found.type(HAPPY)
    expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    expect(found.page.locator("#trouble")).to_be_hidden()


def test_a_server_that_stays_busy_is_not_asked_for_ever(opened: Open) -> None:
    found = opened(expected=FAILED)
    expect(found.page.locator("#bars li")).to_have_count(11)
    found.page.route(
        "**/v1/predict",
        lambda route: route.fulfill(status=503, headers={"Retry-After": "0"}, body="{}"),
    )
    found.type(HAPPY)
    expect(found.page.get_by_role("alert")).to_have_text(
        re.compile("The server is busy. Wait a little, then try again.")
    )
    assert sum(url.endswith("v1/predict") for url in found.asked) == 4
    found.page.unroute("**/v1/predict")
    found.page.get_by_role("button", name="Try again").click()
    expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    expect(found.page.locator("#trouble")).to_be_hidden()


def test_a_refusal_is_shown_as_the_text_that_it_is(opened: Open) -> None:
    found = opened(expected=FAILED)
    expect(found.page.locator("#bars li")).to_have_count(11)
    problem = {"title": "Unprocessable", "status": 422, "detail": "<b>no</b> such text"}
    found.page.route("**/v1/predict", lambda route: route.fulfill(status=422, json=problem))
    found.type(HAPPY)
    alert = found.page.get_by_role("alert")
    expect(alert).to_contain_text("Unprocessable: <b>no</b> such text")
    expect(found.page.get_by_role("button", name="Try again")).to_be_hidden()


def test_an_answer_that_is_no_json_is_trouble_and_no_crash(opened: Open) -> None:
    found = opened()
    expect(found.page.locator("#bars li")).to_have_count(11)
    found.page.route("**/v1/predict", lambda route: route.fulfill(status=200, body="<html>"))
    found.type(HAPPY)
    expect(found.page.get_by_role("alert")).to_contain_text("makes no sense")


def test_a_server_with_keys_gets_the_one_that_is_typed(opened: Open, address: str) -> None:
    found = opened("about:blank", expected=FAILED)
    found.address = address
    found.asked.clear()

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer open sesame":
            route.continue_()
        else:
            route.fulfill(status=401, json={"title": "Unauthorized", "status": 401})

    found.page.route("**/v1/*", guard)
    found.page.goto(address)
    expect(found.page.get_by_role("alert")).to_contain_text("The server wants an API key.")
    found.page.get_by_label("API key").fill("open sesame")
    found.page.get_by_role("button", name="Use it").click()
    expect(found.page.locator("#bars li")).to_have_count(11)
    expect(found.page.get_by_role("alert")).to_be_hidden()


def test_a_server_that_goes_and_comes_back_as_another(
    opened: Open, model: Path, hostile: Path
) -> None:
    with served(model) as at:
        found = opened(at, expected=FAILED)
        found.type(HAPPY)
        expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    found.type("angry")
    expect(found.page.get_by_role("alert")).to_contain_text("The server doesn't answer.")
    expect(found.page.locator("#bars li.on")).to_have_count(0)
    port = int(at.rstrip("/").rpartition(":")[2])
    with served(hostile, port):
        # Nobody has to press anything.
        expect(found.page.locator("#bars li")).to_have_count(4, timeout=40_000)
        expect(found.page.locator("#found")).to_contain_text(HOSTILE[0])
        expect(found.page.get_by_role("alert")).to_be_hidden()


@pytest.mark.slow
def test_the_labels_are_those_that_the_server_was_started_with(opened: Open) -> None:
    with served("zero-shot", labels=["complaint", "praise"]) as at:
        found = opened(at)
        found.type("thank you so much")
        expect(found.page.locator("#bars .name")).to_have_text(["complaint", "praise"])
        expect(found.page.locator("#bars .value").first).not_to_be_empty()
        expect(found.page.locator("#facts")).to_contain_text("Never trained oncomplaint")
        expect(found.page.locator("#facts")).not_to_contain_text("macro F1")
        port = int(at.rstrip("/").rpartition(":")[2])
    # The same model, asked for others.
    with served("zero-shot", port, ["complaint", "zeal", "calm"]):
        found.type("thank you so very much")
        expect(found.page.locator("#bars .name")).to_have_text(["complaint", "zeal", "calm"])
        expect(found.page.locator("#bars .value").last).not_to_be_empty()


def test_the_page_works_below_a_path(opened: Open, model: Path) -> None:
    with stand_in.served(model, prefix="/behind/a/proxy/") as at:
        found = opened(at)
        found.type(HAPPY)
        expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
        assert all(url.startswith(at) for url in found.asked)


def test_nothing_is_stored(opened: Open) -> None:
    found = opened()
    found.type(HAPPY)
    expect(found.page.locator("#found")).to_have_text(re.compile("joy"))
    kept = "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
    assert found.page.evaluate(kept) == [0, 0, "", found.address]
    assert found.page.context.cookies() == []


@pytest.mark.parametrize("name", ["index.html", "main.js", "style.css"])
def test_no_file_of_the_page_names_another_host(name: str) -> None:
    folder = Path(overtone.__file__).parent / "apps" / "server" / "page"
    assert "//" not in re.sub(r"(^|\s)//.*", "", (folder / name).read_text(encoding="utf-8"))
