"""The fastest backend is measured once, and remembered for this model and this machine."""

from __future__ import annotations

import importlib.metadata
import json
import logging
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from overtone.bundle import Bundle
from overtone.errors import BundleError
from overtone.experiment.fit import Run
from overtone.inference import choice

NAMES = ("onnx", "openvino")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Path(platformdirs.user_cache_dir("overtone")) / choice.FILE


def seconds(**known: float) -> tuple[list[str], Callable[[str], float]]:
    """Return a stopwatch, and the names that it was asked about."""
    asked: list[str] = []

    def measure(name: str) -> float:
        asked.append(name)
        if name not in known:
            raise BundleError("it can't")
        return known[name]

    return asked, measure


@pytest.fixture
def bundle(run: Run) -> Bundle:
    pytest.importorskip("openvino")
    return run.bundle


def test_the_fastest_is_taken_and_remembered(
    bundle: Bundle, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        asked, measure = seconds(onnx=2.0, openvino=1.0)
        assert choice.fastest(bundle, NAMES, measure) == "openvino"
        assert asked == list(NAMES)
        asked, measure = seconds(onnx=1.0, openvino=2.0)
        assert choice.fastest(bundle, NAMES, measure) == "openvino"
        assert asked == []
    assert "measured now, onnx 2.000 s, openvino 1.000 s" in caplog.text
    assert "as measured before" in caplog.text
    assert len(json.loads(cache.read_text(encoding="utf-8"))) == 1


def test_another_model_is_measured_anew(bundle: Bundle, cache: Path) -> None:
    choice.fastest(bundle, NAMES, seconds(onnx=2.0, openvino=1.0)[1])
    other = Bundle(bundle.path, bundle.manifest, bundle.files, "another digest")
    assert choice.fastest(other, NAMES, seconds(onnx=1.0, openvino=2.0)[1]) == "onnx"
    assert len(json.loads(cache.read_text(encoding="utf-8"))) == 2


def test_another_release_is_measured_anew(
    bundle: Bundle, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice.fastest(bundle, NAMES, seconds(onnx=2.0, openvino=1.0)[1])
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "9" if name == "overtone" else version(name)
    )
    assert choice.fastest(bundle, NAMES, seconds(onnx=1.0, openvino=2.0)[1]) == "onnx"
    assert len(json.loads(cache.read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize("content", ["{", "[]", '"a"', "\ud800", '{"a": 1}', "[" * 100_000])
def test_a_damaged_cache_says_nothing(bundle: Bundle, cache: Path, content: str) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert choice.fastest(bundle, NAMES, seconds(onnx=1.0, openvino=2.0)[1]) == "onnx"
    assert "onnx" in json.loads(cache.read_text(encoding="utf-8")).values()


def test_a_backend_that_fails_is_left_out(bundle: Bundle, cache: Path) -> None:
    assert choice.fastest(bundle, NAMES, seconds(openvino=9.0)[1]) == "openvino"
    assert cache.exists()


def test_a_cache_that_can_not_be_written_is_no_error(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert choice.fastest(bundle, NAMES, seconds(onnx=1.0, openvino=2.0)[1]) == "onnx"
