"""The last layer where it is read gives what transformers' own layer gives there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from overtone import inputs, models
from overtone.labels import Labels
from overtone.models import encoders
from overtone.models._on_encoder import OnEncoder

LABELS = Labels.of("joy", "anger", "sadness")
TEXTS = ("we laughed", "what a terrible day , the bus is late again !", "so happy")
NO_DROPOUT = {"dropout": 0.0, "encoder_dropout": 0.0, "attention_dropout": 0.0}
WHOLE = ("modernbert", "deberta")
"""Families whose last layer is computed for all tokens."""
FAMILIES = {"spanemo": {}, "cls_head": {"pool": "cls"}}
"""What reads only a few tokens."""


class Case(NamedTuple):
    """A model without dropout, a padded batch, and transformers' own encoder with its weights."""

    model: Any
    arrays: dict[str, Tensor]
    own: Any


@pytest.fixture(params=FAMILIES)
def case(request: pytest.FixtureRequest, encoder: Path) -> Case:
    torch.manual_seed(0)
    options = {"encoder": str(encoder), **NO_DROPOUT, **FAMILIES[request.param]}
    made = models.create(request.param, options, LABELS, ())
    model = made.model
    assert isinstance(model, OnEncoder)
    with torch.no_grad():
        for parameter in model.parameters():  # so that attention makes a difference
            parameter.mul_(8 if parameter.ndim > 1 else 1)
    name = {"spanemo": "label_prefix", "cls_head": "single"}[request.param]
    kind = inputs.load(name, {}, Tokenizer.from_str(made.tokenizer), made.limit)
    batch = kind.collate(kind.encode(TEXTS, LABELS), np.arange(len(TEXTS)))
    assert (batch["attention_mask"] == 0).any()
    own = encoders.load(str(encoder), encoders.dropout(0.0, 0.0)).model
    own.load_state_dict(model.encoder.state_dict())
    assert own.config._attn_implementation in {"sdpa", "eager"}
    return Case(model, models.tensors(batch, "cpu"), own)


def full(case: Case) -> Tensor:
    """Return the logits that the head gives on transformers' own full forward pass."""
    model, arrays, own = case
    given = {"input_ids", "attention_mask"} | ({"token_type_ids"} & model_segments(own))
    hidden = own(**{key: arrays[key] for key in given}).last_hidden_state
    assert hidden.shape[1] == arrays["input_ids"].shape[1]
    if "label_pool" in arrays:
        head = arrays["label_pool"].shape[1]
        logits: Tensor = model.head(arrays["label_pool"] @ hidden[:, :head]).squeeze(-1)
    else:
        logits = model.head(hidden[:, 0])
    return logits


def model_segments(own: Any) -> set[str]:  # noqa: ANN401 - whatever AutoModel makes
    return {"token_type_ids"} if encoders.segments(own) else set()


@pytest.mark.parametrize("training", [False, True])
def test_logits_and_gradients_are_those_of_transformers_own_forward(
    case: Case, *, training: bool
) -> None:
    case.model.train(training)
    case.own.train(training)
    found, wanted = case.model(**case.arrays), full(case)
    assert float(wanted.detach().std()) > 1e-2
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    upstream = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(0))
    torch.autograd.backward([found, wanted], [upstream, upstream])
    largest = max(float(each.grad.abs().max()) for each in case.own.parameters())
    for name, parameter in case.own.named_parameters():
        ours = case.model.encoder.get_parameter(name).grad
        torch.testing.assert_close(ours, parameter.grad, rtol=0, atol=1e-5 * largest, msg=name)


def test_only_what_is_read_is_computed(case: Case) -> None:
    rows = case.arrays["label_pool"].shape[1] if "label_pool" in case.arrays else 1
    given = {key: value for key, value in case.arrays.items() if key != "label_pool"}
    hidden = case.model.hidden(**given, rows=rows)
    whole = case.own.config.model_type.split("-")[0] in WHOLE
    length = case.arrays["input_ids"].shape[1]
    assert rows < length
    assert hidden.shape[1] == (length if whole else rows)
    assert (products(case, rows) < products(case, None)) != whole


def test_all_is_computed_again_where_all_is_read(case: Case) -> None:
    given = {key: value for key, value in case.arrays.items() if key != "label_pool"}
    with torch.no_grad():
        case.model.eval().hidden(**given, rows=2)
        hidden = case.model.hidden(**given)
        first = case.model.hidden(**given, rows=2)
    assert hidden.shape[1] == case.arrays["input_ids"].shape[1]
    torch.testing.assert_close(first[:, :2], hidden[:, :2], atol=1e-5, rtol=1e-5)


def test_the_weights_keep_their_names(case: Case) -> None:
    assert list(case.model.encoder.state_dict()) == list(case.own.state_dict())


def products(case: Case, rows: int | None) -> int:
    """Return the operations of a forward pass."""
    given = {key: value for key, value in case.arrays.items() if key != "label_pool"}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        case.model.eval().hidden(**given, rows=rows)
    return int(counter.get_total_flops())
