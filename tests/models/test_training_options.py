"""Gradient checkpointing changes no gradient, and what is frozen is what was named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from overtone import inputs, models
from overtone.config import find_plugin, plugin_names
from overtone.errors import InputError
from overtone.labels import Labels
from overtone.models import Model, Solved
from overtone.models._on_encoder import OnEncoder
from overtone.training import optimizers
from overtone.training.config import Config
from overtone.training.step import precision

LABELS = Labels.of("joy", "anger", "sadness")
TEXTS = ("we laughed", "what a terrible day , the bus is late again !", "so happy")
PACKAGE = "overtone.models"
ON_ENCODER = ("cls_head", "spanemo")
LAYERS = 2
"""Of the tiny encoders."""

Made = tuple[Any, dict[str, Tensor]]


@pytest.fixture(params=ON_ENCODER)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(
    encoder: Path, family: str = "spanemo", *, dropout: float = 0.1, **options: object
) -> Made:
    """Return a model in training and a padded batch, the same every time."""
    torch.manual_seed(0)
    shares = dict.fromkeys(("dropout", "encoder_dropout", "attention_dropout"), dropout)
    found = models.create(family, {"encoder": str(encoder), **shares, **options}, LABELS, ())
    name = find_plugin(PACKAGE, family).INPUTS
    kind = inputs.load(name, {}, Tokenizer.from_str(found.tokenizer), found.limit)
    batch = kind.collate(kind.encode(TEXTS, LABELS), np.arange(len(TEXTS)))
    return found.model.train(), models.tensors(batch, "cpu")


def gradients(given: Made, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """Return each trained parameter's gradient; the dropouts' draws are the same every time."""
    model, arrays = given
    torch.manual_seed(1)
    with torch.autocast("cpu", dtype, enabled=dtype is not None):
        logits = model(**arrays)
    logits.float().square().sum().backward()
    return {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_checkpointing_leaves_every_gradient_as_it_is(
    encoder: Path, family: str, share: float
) -> None:
    """With dropout too: what is computed again draws the same."""
    kept = gradients(made(encoder, family, dropout=share))
    model, arrays = made(encoder, family, dropout=share)
    model.recompute()
    again = gradients((model, arrays))
    assert again.keys() == kept.keys()
    largest = max(float(each.abs().max()) for each in kept.values())
    assert largest > 1e-3
    for name, each in kept.items():
        torch.testing.assert_close(again[name], each, rtol=0, atol=1e-6 * largest, msg=name)


def test_checkpointing_keeps_less_and_computes_more(encoder: Path, family: str) -> None:
    bytes_kept, calls = [], []
    for checkpointing in (False, True):
        model, arrays = made(encoder, family)
        if checkpointing:
            model.recompute()
        counted = Counted(model.encoder)
        with torch.autograd.graph.saved_tensors_hooks(counted.keep, lambda kept: kept):
            logits = model(**arrays)
        logits.sum().backward()
        bytes_kept.append(counted.bytes)
        calls.append(counted.linear)
    assert bytes_kept[1] < bytes_kept[0]
    # Once more each, but for what lies outside the layers.
    assert 1.5 * calls[0] < calls[1] <= 2 * calls[0]


def test_checkpointing_works_in_bf16(encoder: Path) -> None:
    kept = gradients(made(encoder), torch.bfloat16)
    model, arrays = made(encoder)
    model.recompute()
    again = gradients((model, arrays), torch.bfloat16)
    for name, each in kept.items():
        assert torch.equal(again[name], each), name


@pytest.mark.parametrize("layers", range(LAYERS + 1))
def test_frozen_layers_are_the_first_and_the_embeddings(
    encoder: Path, family: str, layers: int
) -> None:
    model, arrays = made(encoder, family, freeze_layers=layers)
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad != is_frozen(name, layers), name
    trained = {name for name, each in model.named_parameters() if each.requires_grad}
    assert gradients((model, arrays)).keys() == trained
    assert any(name.startswith("head.") for name in trained)
    assert any(name.startswith("encoder.") for name in trained) == (
        layers < LAYERS or model.encoder.config.model_type in {"deberta-v2", "modernbert"}
    )


def is_frozen(name: str, layers: int) -> bool:
    """Return whether a parameter is of the embeddings or the first layers, by its name."""
    if not layers or name.startswith("head."):
        return False
    if name.startswith("encoder.embeddings"):
        return True
    return any(
        f".{prefix}.{layer}." in name for prefix in ("layer", "layers") for layer in range(layers)
    )


def test_frozen_weights_do_not_move_and_the_others_do(encoder: Path, family: str) -> None:
    given = made(encoder, family, freeze_layers=1)
    model = given[0]
    before = {name: value.clone() for name, value in model.named_parameters()}
    config = Config(optimizer="adamw", weight_decay=0.1)
    optimizer = optimizers.optimizer(model, config)
    optimizers.set_learning_rates(optimizer, config, 1.0)
    gradients(given)
    optimizer.step()
    for name, parameter in model.named_parameters():
        moved = not torch.equal(parameter, before[name])
        if is_frozen(name, 1):
            assert not moved, name
        elif parameter.ndim > 1:
            assert moved, name


def test_only_word_embeddings_are_frozen_where_that_is_said(encoder: Path, family: str) -> None:
    model, _ = made(encoder, family, train_embeddings=False)
    words = model.encoder.get_input_embeddings().weight
    assert words.shape[0] == model.encoder.config.vocab_size
    assert [name for name, each in model.named_parameters() if not each.requires_grad] == [
        name for name, each in model.named_parameters() if each is words
    ]


@pytest.mark.parametrize("layers", [LAYERS + 1, 100])
def test_more_layers_than_there_are_is_an_error(encoder: Path, family: str, layers: int) -> None:
    with pytest.raises(InputError, match=rf"freeze_layers is {layers}, the encoder has 2 layers"):
        made(encoder, family, freeze_layers=layers)


def test_checkpointing_with_frozen_layers_trains_the_others(encoder: Path) -> None:
    kept = gradients(made(encoder, freeze_layers=1))
    model, arrays = made(encoder, freeze_layers=1)
    model.recompute()
    again = gradients((model, arrays))
    assert again.keys() == kept.keys()
    for name, each in kept.items():
        torch.testing.assert_close(again[name], each, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("name", sorted(set(plugin_names(PACKAGE)) - set(ON_ENCODER)))
def test_families_without_an_encoder_say_so(name: str, vectors: Path) -> None:
    options = {"min_texts": 1} if name == "tfidf" else {"vectors": str(vectors)}
    model: Model = models.create(name, options, LABELS, TEXTS).model
    assert not isinstance(model, OnEncoder)
    with pytest.raises(InputError, match=r"gradient_checkpointing needs an encoder: spanemo or"):
        model.recompute()
    with pytest.raises(InputError, match=r"training\.lora needs an encoder: spanemo or"):
        model.adapt(8, 16.0)
    with pytest.raises(InputError, match=r"training\.layer_decay needs an encoder: spanemo or"):
        model.by_depth()
    with pytest.raises(InputError, match=r"training\.adversarial needs an encoder: spanemo or"):
        model.word_embeddings()
    with pytest.raises(InputError, match=r"training\.shard needs an encoder: spanemo or"):
        model.units()
    assert isinstance(model, Solved) == (name == "tfidf")


class Counted:
    """What the linear layers do, and the bytes that are kept for the backward pass."""

    def __init__(self, model: torch.nn.Module) -> None:
        """Count from now on."""
        self.bytes = 0
        self.linear = 0
        for part in model.modules():
            if isinstance(part, torch.nn.Linear):
                part.register_forward_hook(self._called)

    def keep(self, tensor: Tensor) -> Tensor:
        """Take in what is kept."""
        self.bytes += tensor.nbytes
        return tensor

    def _called(self, *_: object) -> None:
        self.linear += 1


def test_the_first_deberta_is_trained_in_fp32_where_nothing_else_is_asked_for() -> None:
    """Its attention does not bear bf16; every other family's does."""
    config = {"model_type": "deberta", "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1,
              "num_attention_heads": 2, "intermediate_size": 64}  # fmt: skip
    model = models.restore("cls_head", {}, {"encoder": config, "labels": 2})
    assert not model.gains_from_bf16
    assert precision("auto", torch.device("cpu"), gains=False) == "fp32"
    assert precision("bf16", torch.device("cpu"), gains=False) == "bf16"


def test_encoders_gain_from_bf16(encoder: Path) -> None:
    made = models.create("cls_head", {"encoder": str(encoder)}, Labels.of("joy"), ())
    assert made.model.gains_from_bf16
