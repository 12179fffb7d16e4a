"""SpanEmo: what its forward computes, with every kind of encoder, and how it is saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.inputs import Batch
from overtone.labels import Labels
from overtone.models import Pretrained, encoders
from overtone.models.spanemo import SpanEmo

LABELS = Labels.of("joy", "anger", "sadness")
# Several word pieces: the tiny vocabulary has no "zest", only its letters.
LONG_LABELS = Labels(("joy", "zest", "anger"), ("joy", "zest", "anger"))
TEXTS = ("we laughed", "what a terrible day , the bus is late again !", "so happy")


def test_every_encoder_gives_one_logit_for_each_text_and_label(encoder: Path) -> None:
    made = created(encoder)
    logits = models.logits_of(made.model, collated(made, TEXTS, LABELS))
    assert logits.shape == (3, 3)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_padding_does_not_change_a_texts_logits(encoder: Path) -> None:
    made = created(encoder)
    together = models.logits_of(made.model, collated(made, TEXTS, LABELS))
    for row, text in enumerate(TEXTS):
        alone = models.logits_of(made.model, collated(made, [text], LABELS))
        np.testing.assert_allclose(together[row], alone[0], atol=1e-6, rtol=0)


def test_bert_sees_segments(bert: Path) -> None:
    made = created(bert)
    batch = collated(made, TEXTS, LABELS)
    flipped = {**batch, "token_type_ids": 1 - batch["token_type_ids"].astype(np.int64)}
    before, after = models.logits_of(made.model, batch), models.logits_of(made.model, flipped)
    assert (np.abs(before - after) > 1e-4).all()


@pytest.mark.parametrize("name", ["distilbert", "roberta"])
def test_encoders_without_segments_are_not_given_any(
    name: str, request: pytest.FixtureRequest
) -> None:
    made = created(request.getfixturevalue(name))
    batch = collated(made, TEXTS, LABELS)
    other = {**batch, "token_type_ids": np.full_like(batch["token_type_ids"], 7)}
    before, after = models.logits_of(made.model, batch), models.logits_of(made.model, other)
    np.testing.assert_array_equal(before, after)


def test_a_label_of_several_pieces_is_pooled_by_their_mean(bert: Path) -> None:
    made = created(bert)
    batch = collated(made, TEXTS[:1], LONG_LABELS)
    tokens = [
        Tokenizer.from_str(made.tokenizer).id_to_token(number) for number in batch["input_ids"][0]
    ]
    assert tokens[:10] == ["[CLS]", "joy", "z", "##e", "##s", "##t", "or", "anger", "?", "[SEP]"]
    hidden = hidden_states(made, batch)[0]  # (L, H)
    means = [hidden[1], hidden[2:6].mean(axis=0), hidden[7]]
    expected = [by_hand(made, pooled) for pooled in means]
    found = models.logits_of(made.model, batch)[0]
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


def test_forward_is_the_papers_formula(encoder: Path) -> None:
    made = created(encoder)
    batch = collated(made, TEXTS, LONG_LABELS)
    hidden = hidden_states(made, batch)
    found = models.logits_of(made.model, batch)
    for row in range(len(TEXTS)):
        for column, weights in enumerate(batch["label_pool"]):
            places = np.flatnonzero(weights)
            expected = by_hand(made, hidden[row, places].mean(axis=0))
            assert found[row, column] == pytest.approx(expected, abs=1e-6)


def test_columns_follow_the_prompts_and_not_the_names(bert: Path) -> None:
    made = created(bert)
    one = Labels(("first", "second", "third"), ("joy", "anger", "trust"))
    other = Labels(("third", "first", "second"), ("joy", "anger", "trust"))
    np.testing.assert_array_equal(
        models.logits_of(made.model, collated(made, TEXTS, one)),
        models.logits_of(made.model, collated(made, TEXTS, other)),
    )


def test_reading_the_labels_in_another_order_permutes_the_columns(encoder: Path) -> None:
    made = created(encoder)
    batch = collated(made, TEXTS, LONG_LABELS)
    order = [2, 0, 1]
    permuted = {**batch, "label_pool": batch["label_pool"][order]}
    np.testing.assert_allclose(
        models.logits_of(made.model, permuted),
        models.logits_of(made.model, batch)[:, order],
        atol=1e-6,
        rtol=0,
    )


def test_one_model_serves_label_sets_of_any_size(bert: Path) -> None:
    made = created(bert)
    for labels in (Labels.of("joy"), Labels.of("fear", "love"), LABELS):
        assert models.logits_of(made.model, collated(made, TEXTS, labels)).shape == (3, len(labels))


def test_dropout_acts_in_training_only(bert: Path) -> None:
    made = created(bert, dropout=0.5)
    batch = collated(made, TEXTS, LABELS)
    made.model.train()
    arrays = models.tensors(batch, "cpu")
    assert not torch.equal(made.model(**arrays), made.model(**arrays))
    first = models.logits_of(made.model, batch)
    np.testing.assert_array_equal(first, models.logits_of(made.model, batch))
    assert made.model.training  # logits_of left it as it was


def test_the_encoders_dropout_is_the_configs(encoder: Path) -> None:
    options = {"encoder": str(encoder), "encoder_dropout": 0.25, "attention_dropout": 0.35}
    model = models.create("spanemo", options, LABELS, ()).model
    parts = dict(model.named_modules())
    shares = {
        part.p
        for name, part in parts.items()
        if name.startswith("encoder") and isinstance(part, torch.nn.Dropout)
    }
    assert 0.25 in shares
    assert 0.1 not in shares


def test_groups_hold_every_parameter_exactly_once(encoder: Path) -> None:
    model = created(encoder).model
    body, head = model.groups()
    places = [id(parameter) for parameter in (*body, *head)]
    assert len(places) == len(set(places))
    assert set(places) == {id(parameter) for parameter in model.parameters()}
    assert {id(parameter) for parameter in head} == {id(p) for p in model.head.parameters()}
    assert [tuple(p.shape) for p in head] == [(32, 32), (32,), (1, 32), (1,)]


def test_no_parameter_is_without_a_gradient(encoder: Path) -> None:
    made = created(encoder)
    made.model(**models.tensors(collated(made, TEXTS, LABELS), "cpu")).sum().backward()
    without = [name for name, p in made.model.named_parameters() if p.grad is None]
    assert without == []


def test_a_restored_model_gives_identical_logits(encoder: Path) -> None:
    made = created(encoder)
    architecture = json.loads(json.dumps(made.model.architecture(), allow_nan=False))
    again = models.restore("spanemo", {"encoder": "gone", "dropout": 0.3}, architecture)
    again.load_state_dict(made.model.state_dict())
    batch = collated(made, TEXTS, LABELS)
    np.testing.assert_array_equal(
        models.logits_of(again, batch), models.logits_of(made.model, batch)
    )


def test_a_saved_architecture_says_nothing_of_where_it_came_from(encoder: Path) -> None:
    saved = json.dumps(created(encoder).model.architecture())
    assert str(encoder) not in saved
    assert "auto_map" not in saved


def created(encoder: Path, dropout: float = 0.0) -> Made:
    """Make a SpanEmo on a tiny encoder, with a head that is far from zero."""
    torch.manual_seed(1)
    made = models.create("spanemo", {"encoder": str(encoder), "dropout": dropout}, LABELS, ())
    assert isinstance(made.model, SpanEmo)
    return Made(made.model, made)


class Made:
    """A pretrained SpanEmo, its model by its own type."""

    def __init__(self, model: SpanEmo, pretrained: Pretrained) -> None:
        self.model = model
        self.tokenizer = pretrained.tokenizer
        self.limit = pretrained.limit


def collated(made: Made, texts: Sequence[str], labels: Labels) -> Batch:
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    return kind.collate(kind.encode(texts, labels), np.arange(len(texts)))


def hidden_states(made: Made, batch: Batch) -> NDArray[np.float64]:
    """Return the encoder's last hidden states, (B, L, H)."""
    arrays = models.tensors(batch, "cpu")
    given = {key: arrays[key] for key in ("input_ids", "attention_mask")}
    if encoders.segments(made.model.encoder):
        given["token_type_ids"] = arrays["token_type_ids"]
    made.model.eval()
    with torch.no_grad():
        found: NDArray[np.float64] = made.model.encoder(**given).last_hidden_state.double().numpy()
    return found


def by_hand(made: Made, x: NDArray[np.float64]) -> float:
    """Return p · tanh(W x + b) + c, from the head's own numbers."""
    w, b, p, c = (part.detach().double().numpy() for part in made.model.head.parameters())
    return float(p[0] @ np.tanh(w @ x + b) + c[0])
