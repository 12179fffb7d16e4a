"""A model's notice: said once a machine, and never in the way."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest

from overtone import bundle, shipped
from overtone.bundle import Bundle
from overtone.inference import terms


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the state goes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "overtone" / terms.FILE


@pytest.fixture
def tweets() -> Bundle:
    """Return a model whose data has terms."""
    return bundle.load(shipped.HERE / "tweets-11")


def with_notice(found: Bundle, notice: object) -> Bundle:
    manifest = dataclasses.replace(found.manifest, terms={"notice": notice})
    return dataclasses.replace(found, manifest=manifest)


def test_it_is_said_once(state: Path, tweets: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        terms.say_once(tweets)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "commercially is unclear" in caplog.text
    assert state.is_file()
    terms.say_once(with_notice(tweets, "Other terms now."))
    assert len(caplog.records) == 2


@pytest.mark.parametrize("notice", ["", None, 3, ["x"]])
def test_where_there_is_none_nothing_is_said_or_written(
    state: Path, tweets: Bundle, notice: object, caplog: pytest.LogCaptureFixture
) -> None:
    terms.say_once(with_notice(tweets, notice))
    assert caplog.text == ""
    assert not state.exists()


def test_where_it_can_not_be_remembered_nothing_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tweets: Bundle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    terms.say_once(tweets)
    assert caplog.text == ""


@pytest.mark.parametrize("damaged", ["", "{", "3", '{"a": 1}', "[1]", "[" * 100_000])
def test_a_damaged_memory_is_written_anew(
    state: Path, tweets: Bundle, damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    state.parent.mkdir(parents=True)
    state.write_text(damaged, encoding="utf-8")
    terms.say_once(tweets)
    terms.say_once(tweets)
    assert len(caplog.records) == 1


def test_a_long_notice_is_cut(
    state: Path, tweets: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    terms.say_once(with_notice(tweets, "x" * 10_000))
    assert state.is_file()
    assert len(caplog.records[0].getMessage()) < 600


def test_what_is_experimental_is_said_each_time(
    state: Path, tweets: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = dataclasses.replace(tweets.manifest, terms={"experimental": "x" * 1000})
    for _ in range(2):
        terms.say(dataclasses.replace(tweets, manifest=manifest))
    assert [record.getMessage() for record in caplog.records] == [
        "EXPERIMENTAL: " + "x" * terms.MOST
    ] * 2
    assert not state.exists()
