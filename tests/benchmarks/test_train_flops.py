"""The training benchmark counts what torch counts, and its rivals do what they should."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel, AutoModelForSequenceClassification

from overtone import inputs, losses, models
from overtone.errors import InputError
from overtone.labels import Labels
from overtone.losses import Count
from overtone.models.spanemo import SpanEmo

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LABELS = Labels.of("anger", "joy", "sadness")
TEXTS = ["i am so happy today", "what a terrible day this is", "why would you do this to me"]


@pytest.fixture
def flops(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return _import("_flops", monkeypatch)


def _import(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a benchmark's module, as a script beside it does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module(name)


def step_counted_by_torch(model: nn.Module, arrays: dict[str, Tensor]) -> int:
    """Return the operations of a forward and a backward pass in training."""
    model.train()
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        found: Any = model(**arrays)
        getattr(found, "logits", found).sum().backward()
    return int(counter.get_total_flops())


def spanemo(encoder: Path) -> tuple[SpanEmo, dict[str, Tensor]]:
    """Return overtone's model on a tiny encoder, and a batch for it."""
    made = models.create("spanemo", {"encoder": str(encoder)}, LABELS, TEXTS)
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    rows = np.arange(len(TEXTS))
    assert isinstance(made.model, SpanEmo)
    return made.model, models.tensors(kind.collate(kind.encode(TEXTS, LABELS), rows), "cpu")


@pytest.mark.parametrize("name", ["bert", "distilbert"])
def test_a_classifiers_step_is_counted_as_torch_counts_it(
    name: str, flops: ModuleType, request: pytest.FixtureRequest
) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(
        request.getfixturevalue(name), num_labels=5
    )
    ids = torch.randint(5, 50, (3, 17))
    shape = flops.Shape.of(model.config)
    forward = flops.encoder(shape, 3, 17) + flops.class_head(shape, 3, 5)
    found = step_counted_by_torch(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
    assert found == flops.STEP * forward


@pytest.mark.parametrize("name", ["bert", "distilbert"])
def test_overtones_step_is_counted_as_torch_counts_it(
    name: str, flops: ModuleType, request: pytest.FixtureRequest
) -> None:
    model, arrays = spanemo(request.getfixturevalue(name))
    texts, length = arrays["input_ids"].shape
    prefix = arrays["label_pool"].shape[1]
    shape = flops.Shape.of(model.encoder.config)
    pool = flops.label_pool(shape, texts, len(LABELS), prefix)
    head = flops.label_head(shape, texts, len(LABELS))
    found = flops.counted_by_torch(model.train(), arrays)
    last = flops.last_layer_tokens(shape, found, pool + head, texts, length)
    assert last == prefix < length
    encoder = flops.encoder(shape, texts, length, last)
    assert found == encoder + head + pool
    assert step_counted_by_torch(model, arrays) == flops.STEP * (encoder + head) + 2 * pool


def test_the_last_layers_tokens_follow_from_the_count(flops: ModuleType) -> None:
    shape = flops.Shape(layers=2, hidden=32, feed_forward=64)
    for tokens in range(1, 20):
        found = flops.encoder(shape, 4, 20, tokens) + 77
        assert flops.last_layer_tokens(shape, found, 77, 4, 20) == tokens
    full = flops.encoder(shape, 4, 20)
    assert flops.encoder(shape, 4, 20, 20) == full
    assert flops.last_layer_tokens(shape, full, 0, 4, 20) is None
    for other in (full + 1000, full // 3, full - 1000):
        with pytest.raises(InputError, match="no longer that of the model"):
            flops.last_layer_tokens(shape, other, 0, 4, 20)


def test_an_encoder_with_other_layers_is_refused(modernbert: Path, flops: ModuleType) -> None:
    with pytest.raises(InputError, match="found modernbert"):
        flops.Shape.of(AutoModel.from_pretrained(modernbert).config)


def test_batches_are_seen_in_training_only(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch = _import("_epoch", monkeypatch)
    model, arrays = spanemo(bert)
    with epoch.watched(model) as seen:
        model.eval()(**arrays)
        model.train()(**arrays)
    model(**arrays)
    shape = tuple(arrays["input_ids"].shape)
    assert seen.shapes == [shape]
    assert seen.tokens == shape[0] * shape[1]
    seen.check(shape[0])
    with pytest.raises(RuntimeError, match="an epoch of 4 rows, found 3"):
        seen.check(4)


def test_the_loop_over_examples_is_spanemos_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    public = _import("_spanemo_public", monkeypatch)
    torch.manual_seed(0)
    logits, targets = torch.randn(9, 5), (torch.rand(9, 5) < 0.4).float()
    targets[0], targets[1] = 0.0, 1.0  # no pair in either
    ours = losses.load("joint", {"alpha": public.ALPHA})(logits, targets, Count.of(targets))
    torch.testing.assert_close(public.joint(logits, targets), ours)


def test_spanemos_public_input_has_the_labels_at_their_places(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = _import("_spanemo_public", monkeypatch)
    tokenizer = Tokenizer.from_file(str(bert / "tokenizer.json"))
    ids, real, places = public._tokenised([*TEXTS, "so " * 200], LABELS, tokenizer)
    assert ids.shape == (4, 128)
    assert real == int((ids != tokenizer.token_to_id("[PAD]")).sum())
    for row in ids:
        assert [tokenizer.id_to_token(row[place]) for place in places] == list(LABELS.prompts)
    assert tokenizer.decode(ids[0].tolist()).startswith(
        "anger joy or sadness ? i am so happy today"
    )


@pytest.mark.slow
def test_the_benchmark_runs_and_writes_its_figures_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "train.py"), "--texts", "32", "--rounds", "1"]
    options = ["--data-dir", str(tmp_path), "--json", str(tmp_path / "speed.json")]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "32 GENERATED tweets" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]
    figures = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert list(figures["ways"]) == ["a", "b", "c", "d", "e"]
    for way in figures["ways"].values():
        assert way["flops_per_second"] > 0
        assert way["rounds"][0]["tokens"] <= way["rounds"][0]["padded_tokens"]
    assert figures["ways"]["a"]["rounds"][0]["padded_tokens"] == 32 * 128
    assert figures["ways"]["d"]["overtone_by_texts"] == 1
