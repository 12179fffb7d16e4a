"""Tiny trained models to explain: SpanEmo, a linear head, TF-IDF, and an export."""

from __future__ import annotations

from pathlib import Path

import pytest

import overtone
from overtone.inference.predictor import Predictor


@pytest.fixture(scope="session")
def spanemo(run: Path) -> Predictor:
    """The tiny SpanEmo."""
    return overtone.load(run, device="cpu")


@pytest.fixture(scope="session")
def linear(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A tiny encoder with a linear head, which reads long texts in windows."""
    folder = tmp_path_factory.mktemp("insight-linear")
    settings = ["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02",
                "inputs.long=windows", "inputs.max_length=16"]  # fmt: skip
    found = overtone.train(
        "sample", folder / "run", model="cls_head", encoder=str(bert), settings=settings
    )
    return overtone.load(found.path, device="cpu")


@pytest.fixture(scope="session")
def bag(tfidf: Path) -> Predictor:
    """TF-IDF, which has no encoder to look into."""
    return overtone.load(tfidf)


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """The tiny SpanEmo on ONNX Runtime."""
    folder = tmp_path_factory.mktemp("insight-export") / "onnx"
    overtone.export(run, folder, precision="fp32")
    return overtone.load(folder)
