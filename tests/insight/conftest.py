"""Tiny trained models to explain: SpanEmo, a linear head, TF-IDF, and an export."""

from __future__ import annotations

from pathlib import Path

import pytest

import overtone
from overtone.inference.predictor import Predictor

SETTINGS = ("training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02")


def trained(folder: Path, **options: object) -> Path:
    """Train on the sample for an epoch; return the run's folder."""
    return overtone.train("sample", folder / "run", **options).path  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def run(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny SpanEmo."""
    folder = tmp_path_factory.mktemp("insight")
    return trained(folder, encoder=str(bert), settings=list(SETTINGS))


@pytest.fixture(scope="session")
def spanemo(run: Path) -> Predictor:
    """A tiny SpanEmo."""
    return overtone.load(run, device="cpu")


@pytest.fixture(scope="session")
def linear(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A tiny encoder with a linear head, which reads long texts in windows."""
    folder = tmp_path_factory.mktemp("insight-linear")
    long = ["inputs.long=windows", "inputs.max_length=16"]
    settings = [*SETTINGS, *long]
    path = trained(folder, model="cls_head", encoder=str(bert), settings=settings)
    return overtone.load(path, device="cpu")


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """TF-IDF, which has no encoder to look into."""
    return overtone.load(trained(tmp_path_factory.mktemp("insight-bag"), config="best/tfidf"))


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """The tiny SpanEmo on ONNX Runtime."""
    folder = tmp_path_factory.mktemp("insight-export") / "onnx"
    overtone.export(run, folder, precision="fp32")
    return overtone.load(folder)
