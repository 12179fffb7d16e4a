"""Overtone's own trainer, as `overtone train` runs it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from _epoch import Epoch, watched
from _flops import (
    STEP,
    Shape,
    counted_by_torch,
    encoder,
    label_head,
    label_pool,
    last_layer_tokens,
)

from overtone.data import Split
from overtone.experiment.fit import fit_and_save
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import Recipe
from overtone.models.spanemo import SpanEmo


def epoch(recipe: Recipe, train: Split, dev: Split) -> Epoch:
    """Train for one epoch and measure it; scoring it on dev is left out of the time."""
    parts = prepare_splits(recipe, train, dev)
    model = parts.pretrained.model
    assert isinstance(model, SpanEmo)  # noqa: S101 - the only family that is measured
    with tempfile.TemporaryDirectory() as folder, watched(model) as seen:
        fit_and_save(parts, Path(folder), quiet=True)
        history = (Path(folder) / "history.jsonl").read_text(encoding="utf-8")
    entry = json.loads(history)
    seen.check(len(train))

    shape, labels = Shape.of(model.encoder.config), len(train.labels)
    model.train()
    prefix = seen.first["label_pool"].shape[1]
    texts, length = seen.first["input_ids"].shape
    pool, head = label_pool(shape, 1, labels, prefix), label_head(shape, 1, labels)
    found = counted_by_torch(model, seen.first)
    last = last_layer_tokens(shape, found, texts * (pool + head), texts, length)
    flops = sum(
        STEP * (encoder(shape, texts, length, last) + texts * head) + 2 * texts * pool
        for texts, length in seen.shapes
    )
    tokens = int(parts.train_encoded.lengths.sum())
    return Epoch(entry["seconds"], len(train), tokens, seen.tokens, flops, last, entry["precision"])
