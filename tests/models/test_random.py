"""Encoders with random weights: the published shapes, to the last parameter."""

from __future__ import annotations

import importlib.util
import logging

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from overtone import inputs, models
from overtone.errors import InputError, MissingExtraError
from overtone.labels import Labels
from overtone.models import _random, encoders

LABELS = Labels.of("joy", "anger", "fear")
SIZES = {
    # Of the published models, and of their poolers, which nothing here reads.
    "random/bert-base": (109_482_240, 590_592),
    "random/bert-large": (335_141_888, 1_049_600),
    "random/distilbert": (66_362_880, 0),
}


@pytest.mark.parametrize("name", _random.SHAPES)
def test_a_shape_has_the_published_number_of_parameters(name: str) -> None:
    with torch.device("meta"):  # shapes without memory
        whole = AutoModel.from_config(_random.shape(name))
        encoder = encoders.from_architecture(_random.shape(name).to_dict())
    published, pooler = SIZES[name]
    assert sum(part.numel() for part in whole.parameters()) == published
    assert sum(part.numel() for part in encoder.parameters()) == published - pooler


def test_random_distilbert_computes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = made_with_seed(0)
    assert "random weights" in caplog.text
    assert made.limit == 512
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    batch = kind.collate(kind.encode(["I laughed.", "What a day!"], LABELS), np.arange(2))
    logits = models.logits_of(made.model, batch)
    assert logits.shape == (2, 3)
    assert np.isfinite(logits).all()
    dropouts = {part.p for part in made.model.modules() if isinstance(part, torch.nn.Dropout)}
    assert dropouts == {0.1, 0.25}

    again, other = made_with_seed(0), made_with_seed(1)
    np.testing.assert_array_equal(models.logits_of(again.model, batch), logits)
    assert not np.array_equal(models.logits_of(other.model, batch), logits)


def test_the_tokenizer_is_that_of_bert_base_uncased() -> None:
    tokenizer = Tokenizer.from_str(_random.tokenizer())
    assert tokenizer.get_vocab_size() == _random.VOCABULARY
    known = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, "the": 1996}
    assert {token: tokenizer.token_to_id(token) for token in known} == known
    tokenizer.no_padding()
    assert tokenizer.encode("Hello WORLD").tokens == ["[CLS]", "hello", "world", "[SEP]"]


@pytest.mark.parametrize("name", ["random/", "random/bert", "random/bert-base/", "random/../x"])
def test_an_unknown_shape_lists_those_that_there_are(name: str) -> None:
    with pytest.raises(InputError, match="random/bert-large") as caught:
        encoders.load(name, {})
    assert repr(name) in str(caught.value)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"overtone\[embedded\]"):
        encoders.load("random/distilbert", {})


def made_with_seed(seed: int) -> models.Pretrained:
    torch.manual_seed(seed)
    options = {"encoder": "random/distilbert", "encoder_dropout": 0.25}
    return models.create("spanemo", options, LABELS, ())
