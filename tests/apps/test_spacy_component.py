"""The component in a spaCy pipeline."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest

import overtone

spacy = pytest.importorskip("spacy", reason="NOT RUN: spaCy is not installed (extra spacy)")

from overtone.apps import spacy_component  # noqa: E402 - after the check

TEXTS = ["so happy today", "the bus is late again", "what a terrible day"]


def test_documents_get_probabilities_and_labels(run: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("overtone", config={"model": str(run)})
    model = overtone.load(run)
    for text in TEXTS:
        doc, expected = nlp(text), model.predict([text])[0]
        assert doc.cats == expected.probabilities
        assert doc._.emotions == expected.labels


def test_a_stream_is_labelled_in_order_and_blocks(run: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("overtone", config={"model": str(run), "batch_size": 2})
    found = list(nlp.pipe(iter(TEXTS), batch_size=1))
    assert [doc.text for doc in found] == TEXTS
    for doc, expected in zip(found, overtone.load(run).predict(TEXTS), strict=True):
        assert doc.cats == pytest.approx(expected.probabilities, abs=1e-6)
    assert list(nlp.pipe([])) == []


def test_the_entry_point_is_the_factory() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    declared = project["project"]["entry-points"]["spacy_factories"]["overtone"]
    entry = importlib.metadata.EntryPoint("overtone", declared, "spacy_factories")
    assert entry.load() is spacy_component.make
