"""The models that ship: whole, small, free of torch and network, and on the terms that are said."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import overtone
from overtone import bundle, shipped
from overtone.errors import BundleError, InputError

ROOT = Path(__file__).parents[2]
TEXTS = ["What a lovely surprise, thank you!", "The train is late again and I hate it.", ""]
EXPECTED = {
    "goemotions-28": ({"gratitude"}, {"anger", "annoyance"}),
    "tweets-11": ({"joy"}, {"anger"}),
    "zero-shot": ({"gratitude", "surprise"}, {"anger", "annoyance"}),  # of its own labels
}
"""By model: labels of which one at least is on, for the first texts."""
UNSEEN = ["praise", "complaint"]
"""What zero-shot is asked for, and answers the first texts with in that order."""
MEGABYTES = 12.0

BLOCKED = """
import importlib.abc
import json
import socket
import sys

NAMES = ("torch", "transformers", "sklearn", "accelerate", "safetensors", "overtone.models")


class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in NAMES):
            raise ImportError(name + " is blocked")
        return None


def refuse(*arguments, **options):
    raise AssertionError("a socket was opened")


sys.meta_path.insert(0, Block())
socket.socket = type("Refused", (socket.socket,), {"__init__": refuse})
socket.create_connection = socket.getaddrinfo = refuse

import overtone

texts = json.loads(sys.argv[2])
found = {name: overtone.load(name, backend="onnx").predict(texts)
         for name in json.loads(sys.argv[1])}
found["unseen"] = overtone.load("zero-shot", labels=json.loads(sys.argv[3])).predict(texts)
print(json.dumps({name: [vars(one) for one in those] for name, those in found.items()}))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a state of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def manifest_of(name: str) -> dict[str, Any]:
    """Return the content of a model's bundle.json."""
    found: dict[str, Any] = json.loads((shipped.HERE / name / "bundle.json").read_text("utf-8"))
    return found


def test_the_names_are_those_that_are_promised() -> None:
    assert shipped.names() == sorted(EXPECTED)


def test_they_predict_without_torch_and_without_a_network() -> None:
    done = subprocess.run(
        [
            sys.executable, "-c", BLOCKED, json.dumps(shipped.names()), json.dumps(TEXTS),
            json.dumps(UNSEEN),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name, expected in EXPECTED.items():
        for one, some in zip(found[name], expected, strict=False):
            assert some & set(one["labels"]), (name, one)
        assert list(found[name][0]["probabilities"]) == manifest_of(name)["labels"]["names"]
    for one, most in zip(found["unseen"], UNSEEN, strict=False):
        assert list(one["probabilities"]) == UNSEEN
        assert max(one["probabilities"], key=one["probabilities"].get) == most
    assert found["unseen"][0]["labels"] == ["praise"]  # by the model's own threshold


@pytest.mark.parametrize("name", shipped.names())
def test_a_model_is_whole_small_and_has_its_own_scores(name: str) -> None:
    found = bundle.load(shipped.HERE / name)  # all hashes
    size = sum(file.stat().st_size for file in found.path.iterdir())
    assert size <= MEGABYTES * 1e6
    metrics = found.manifest.metrics
    # zero-shot's threshold is for labels that it never saw, and so chosen on others.
    assert metrics["cross_fitted"] == (found.manifest.fitted_on["dataset"] != "jigsaw")
    assert (name == "zero-shot") == bool(found.manifest.terms.get("experimental"))
    for score in ("jaccard", "jaccard_zero", "f1_micro", "f1_macro"):
        interval = metrics["intervals"][score]
        np.testing.assert_allclose(interval["value"], metrics["dev"][score], rtol=1e-9)
        assert interval["low"] < interval["value"] < interval["high"]


@pytest.mark.parametrize("name", shipped.names())
def test_a_changed_byte_is_refused(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shipped.HERE / name, copy)
    content = bytearray((copy / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.onnx").write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.onnx was changed"):
        overtone.load(copy)


@pytest.mark.parametrize("name", shipped.names())
def test_nothing_names_a_folder_of_the_machine_it_was_made_on(name: str) -> None:
    strings: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                collect(key)
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)
        elif isinstance(value, str):
            strings.append(value)

    collect(manifest_of(name))
    assert strings
    assert not [one for one in strings if one.startswith(("/", "~")) or "\\" in one]


@pytest.mark.parametrize("name", shipped.names())
def test_card_and_notice_say_the_same_terms(name: str) -> None:
    terms = manifest_of(name)["terms"]
    card = (shipped.HERE / name / "README.md").read_text("utf-8")
    notice = (ROOT / "NOTICE").read_text("utf-8")
    row = re.search(rf"^- {name}: (.*?)(?=^- |^$)", notice, re.MULTILINE | re.DOTALL)
    assert row is not None
    assert terms["licence"] in " ".join(row.group(1).split())
    assert f"Licence of the weights: {terms['licence']}" in card
    assert ("SemEval" in terms["data"]) == ("commercially is unclear" in card)
    assert ("SemEval" in terms["data"]) == ("unclear" in terms["notice"])


@pytest.mark.parametrize("name", shipped.names())
def test_the_card_has_the_scores(name: str) -> None:
    card = (shipped.HERE / name / "README.md").read_text("utf-8")
    for score in ("jaccard", "jaccard_zero", "f1_micro", "f1_macro"):
        assert f"**{manifest_of(name)['metrics']['dev'][score]:.4f}**" in card


@pytest.mark.parametrize("name", shipped.names())
def test_the_how_to_has_the_scores(name: str) -> None:
    page = (ROOT / "docs" / "how-to" / "shipped-models.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| **{name}** |"))
    for score in ("jaccard", "jaccard_zero", "f1_micro", "f1_macro"):
        interval = manifest_of(name)["metrics"]["intervals"][score]
        assert f"{interval['value']:.4f} ({interval['low']:.3f} to {interval['high']:.3f})" in row


def test_the_experimental_one_says_so_in_card_and_how_to() -> None:
    card = (shipped.HERE / "zero-shot" / "README.md").read_text("utf-8")
    assert "**EXPERIMENTAL.**" in card
    page = (ROOT / "docs" / "how-to" / "zero-shot.md").read_text("utf-8")
    assert f"{manifest_of('zero-shot')['decision']['threshold']:.3f}".lstrip("0") in page


def test_a_folder_of_that_name_comes_first(
    elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert bundle.locate("tweets-11") == shipped.HERE / "tweets-11"
    assert caplog.text == ""
    shutil.copytree(shipped.HERE / "tweets-11", elsewhere / "tweets-11")
    assert bundle.locate("tweets-11") == Path("tweets-11")
    bundle.locate("tweets-11")
    assert caplog.text.count("in place of the model that ships") == 1
    shutil.rmtree(elsewhere / "tweets-11")
    (elsewhere / "tweets-11").mkdir()
    with pytest.raises(InputError, match="found none at 'tweets-11'"):
        bundle.locate("tweets-11")


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(InputError, match=r"name of a model that ships \(.*tweets-11.*\)"):
        overtone.load("tweets11")


@pytest.mark.parametrize("name", ["..", ".", "", "tweets-11/", "/", "../shipped/tweets-11"])
def test_only_a_whole_name_is_a_name(name: str) -> None:
    assert shipped.find(name) is None


def test_what_ships_can_not_be_trained_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tweets-11 is an export, which can't be trained"):
        overtone.compress("tweets-11", tmp_path / "student", layers=1)
    with pytest.raises(InputError, match="tweets-11 is an export, which can't be trained"):
        overtone.train("sample", tmp_path / "run", init="tweets-11")
