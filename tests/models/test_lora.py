"""Low-rank updates: they alone are trained, and saved merged and by themselves."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import huggingface_hub
import numpy as np
import peft
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel

import overtone
from overtone import inputs, losses, models
from overtone.data import Split
from overtone.errors import InputError, MissingExtraError
from overtone.experiment import fit as experiment
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import compose
from overtone.labels import Labels
from overtone.losses import Count
from overtone.training import trainer
from overtone.training.config import Config
from overtone.training.result import Scores, TrainingSet
from overtone.training.stopping import Interrupted

LABELS = Labels.of("joy", "anger", "fear")
TEXTS = tuple(f"{word} {'day ' * (n % 3)}today" for n, word in enumerate(("happy", "terrible") * 6))
TARGETS = np.tile(np.asarray([[1, 0, 0], [0, 1, 1]], dtype=np.float32), (6, 1))
BCE = losses.load("bce", {})
CONFIG = Config(
    epochs=2, batch_size=4, device="cpu", patience=0, precision="fp32", checkpoint_steps=1, lora=4,
    learning_rate=1e-2, head_learning_rate=1e-2, metric="loss",
)  # fmt: skip

# PEFT asks transformers for something that goes by another name now.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


class Case:
    """Twelve texts and a tiny model, the same every time."""

    def __init__(self, encoder: Path, seed: int = 0, **options: object) -> None:
        torch.manual_seed(seed)
        made = models.create("spanemo", {"encoder": str(encoder), **options}, LABELS, ())
        kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
        self.model: Any = made.model
        self.data = TrainingSet(kind, kind.encode(TEXTS, LABELS), TARGETS, TEXTS)

    def arrays(self) -> dict[str, Tensor]:
        rows = np.arange(len(TEXTS))
        return models.tensors(self.data.inputs.collate(self.data.encoded, rows), "cpu")

    def logits(self) -> Tensor:
        with torch.no_grad():
            found: Tensor = self.model.eval()(**self.arrays())
        return found

    def fit(
        self,
        folder: Path,
        config: Config = CONFIG,
        seen: Callable[[], None] = lambda: None,
        first_loss: int = 9,
    ) -> None:
        """Train; `seen` is called in each step's loss, and every epoch is better on dev."""
        losses_on_dev: Iterator[int] = iter(range(first_loss, 0, -1))

        def loss(logits: Tensor, targets: Tensor, count: Count) -> Tensor:
            seen()
            return BCE(logits, targets, count)

        def validate(_: nn.Module) -> Scores:
            return {"loss": float(next(losses_on_dev))}

        trainer.fit(self.model, loss, self.data, validate, config, folder)


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def own_name(key: str) -> str:
    """Return what a tensor is called where there are no updates."""
    return key.replace("base_model.model.", "").replace("base_layer.", "")


def test_only_updates_and_head_are_trained(encoder: Path, tmp_path: Path) -> None:
    case = Case(encoder)
    before = weights(case.model)
    last: dict[str, Tensor] = {}
    case.fit(tmp_path, replace(CONFIG, epochs=1), seen=lambda: last.update(weights(case.model)))
    updates = {key for key in last if "lora_" in key}
    assert updates
    for key in last.keys() - updates:
        same = torch.equal(last[key], before[own_name(key)])
        assert same != key.startswith("head."), key
    # B begins at zero, so what is not zero was trained.
    assert all(last[key].any() for key in updates)


def test_every_linear_layer_of_the_encoder_gets_an_update(encoder: Path) -> None:
    case = Case(encoder)
    linear = {name for name, part in case.model.encoder.named_modules() if type(part) is nn.Linear}
    case.model.adapt(4, 16.0)
    trained = {name for name, each in case.model.encoder.named_parameters() if each.requires_grad}
    assert {own_name(name).split(".lora_")[0] for name in trained} == linear
    body, head = case.model.groups()
    assert len(body) == 2 * len(linear)
    assert all(each.requires_grad for each in (*body, *head))
    assert sum(each.numel() for each in body) < 0.25 * sum(
        each.numel() for each in case.model.encoder.parameters()
    )


def test_updates_begin_as_nothing(encoder: Path) -> None:
    case = Case(encoder)
    before = case.logits()
    case.model.adapt(4, 16.0)
    torch.testing.assert_close(case.logits(), before, atol=1e-6, rtol=0)


@pytest.mark.parametrize("alpha", [4.0, 16.0])
def test_the_merged_model_gives_the_same_logits(
    encoder: Path, tmp_path: Path, alpha: float
) -> None:
    case = Case(encoder)
    names = list(case.model.state_dict())
    before = case.logits()
    adapt(case, alpha)
    adapted = case.logits()
    case.model.merge(tmp_path)
    assert list(case.model.state_dict()) == names
    assert float((adapted - before).abs().max()) > 1e-2
    torch.testing.assert_close(case.logits(), adapted, atol=1e-5, rtol=0)


def test_an_update_is_the_product_of_its_matrices_times_alpha_over_rank(bert: Path) -> None:
    case = Case(bert)
    adapt(case, alpha=6.0)
    (layer,) = (
        part
        for name, part in case.model.encoder.named_modules()
        if name.endswith("layer.0.attention.self.query")
    )
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    states = torch.randn(3, 32)
    expected = layer.base_layer(states) + 6.0 / 4 * states @ down.T @ up.T
    torch.testing.assert_close(layer(states), expected, atol=1e-6, rtol=1e-5)


def test_pefts_own_loader_reads_the_adapter(encoder: Path, tmp_path: Path) -> None:
    """Onto the encoder as anyone loads it, pooler and all."""
    case = Case(encoder)
    adapt(case)
    given = {key: value for key, value in case.arrays().items() if key != "label_pool"}
    case.model.eval()
    with torch.no_grad():
        wanted = case.model.hidden(**given)
        head = weights(case.model.head)
        case.model.merge(tmp_path)
        loaded = peft.PeftModel.from_pretrained(
            AutoModel.from_pretrained(encoder), str(tmp_path / "adapter")
        ).eval()
        assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
            "adapter_config.json", "adapter_model.safetensors", "head.safetensors",
        ]  # fmt: skip
        if not case.model._takes_segments:
            del given["token_type_ids"]
        found = loaded(**given).last_hidden_state
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    saved = load_file(tmp_path / "adapter" / "head.safetensors")
    assert saved.keys() == head.keys()
    assert all(torch.equal(saved[key], value) for key, value in head.items())


def test_the_adapter_has_the_updates_and_nothing_else(bert: Path, tmp_path: Path) -> None:
    case = Case(bert)
    case.fit(tmp_path)
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert saved
    assert all("lora_A" in key or "lora_B" in key for key in saved)
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert (config["peft_type"], config["r"], config["lora_alpha"]) == ("LORA", 4, 16.0)


def test_saving_an_adapter_asks_nobody(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even about an encoder that came from the hub."""
    case = Case(bert)
    case.model.encoder.name_or_path = "someone/an-encoder"
    adapt(case)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    case.model.merge(tmp_path)
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert not any("embeddings" in key for key in saved)


def test_frozen_layers_get_no_update(encoder: Path) -> None:
    case = Case(encoder, freeze_layers=1)
    case.model.adapt(4, 16.0)
    updates = [name for name, _ in case.model.named_parameters() if "lora_" in name]
    assert updates
    assert not any(".0." in own_name(name) or "embeddings" in name for name in updates)
    assert any(".1." in own_name(name) for name in updates)


def test_nothing_left_to_train_is_an_error(encoder: Path) -> None:
    case = Case(encoder, freeze_layers=2)
    with pytest.raises(InputError, match=r"none that are trained: lower model\.freeze_layers"):
        case.model.adapt(4, 16.0)


def test_without_peft_the_extra_is_named(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"training\.lora needs .*overtone\[train\]"):
        Case(bert).model.adapt(4, 16.0)


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_a_resumed_run_ends_in_the_same_bits(bert: Path, tmp_path: Path, average: float) -> None:
    config = replace(CONFIG, average=average)
    whole = Case(bert)
    whole.fit(tmp_path / "whole", config)
    calls: Iterator[int] = iter(range(1, 1000))

    def stop() -> None:
        if next(calls) == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        Case(bert).fit(tmp_path / "cut", config, stop)
    again = Case(bert, seed=99)  # its first weights must not matter
    again.fit(tmp_path / "cut", config, first_loss=8)  # the second epoch's
    expected = weights(whole.model)
    assert weights(again.model).keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in weights(again.model).items())
    files = [
        load_file(tmp_path / run / "adapter" / "adapter_model.safetensors")
        for run in ("whole", "cut")
    ]
    assert all(torch.equal(value, files[1][key]) for key, value in files[0].items())


def test_a_run_saves_a_bundle_that_needs_no_peft(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = prepare_splits(
        compose(
            dataset="sample",
            settings=[
                f"model.encoder={bert}", "training.epochs=2", "training.device=cpu",
                "training.batch_size=4", "training.lora=4", "training.learning_rate=1e-2",
            ],
        ),
        *(Split("invented", name, TEXTS, TEXTS, LABELS, TARGETS) for name in ("train", "dev")),
    )  # fmt: skip
    experiment.fit_and_save(parts, tmp_path / "run", quiet=True)
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").is_file()
    assert not any("lora" in key for key in load_file(tmp_path / "run/bundle/model.safetensors"))
    rows = np.arange(len(TEXTS))
    wanted = models.logits_of(
        parts.pretrained.model, parts.inputs.collate(parts.train_encoded, rows)
    )
    monkeypatch.setitem(sys.modules, "peft", None)  # an import raises
    found = overtone.load(tmp_path / "run").probabilities(TEXTS)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-wanted)), atol=1e-5)


def adapt(case: Case, alpha: float = 16.0) -> None:
    """Give a model updates that make a difference."""
    case.model.adapt(4, alpha)
    torch.manual_seed(7)
    for name, parameter in case.model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)


def no_network(*_: object, **__: object) -> NoReturn:
    raise AssertionError("something wanted the network")
