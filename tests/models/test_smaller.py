"""Smaller models: what is left computes what it did, and what can't be left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from overtone import models
from overtone.errors import InputError
from overtone.labels import Labels
from overtone.models import smaller
from overtone.models.smaller import Kept

LABELS = Labels.of("joy", "anger")
BATCH = {
    "input_ids": torch.tensor([[5, 9, 11, 7, 12]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 0]]),
    "token_type_ids": torch.zeros(1, 5, dtype=torch.long),
}


def made(encoder: Path, name: str = "cls_head") -> Any:  # noqa: ANN401
    torch.manual_seed(0)
    return models.create(name, {"encoder": str(encoder)}, LABELS, ()).model.eval()


def shrunk(encoder: Path, kept: Kept, name: str = "cls_head") -> Any:  # noqa: ANN401
    """Return the smaller model, restored as from a bundle."""
    whole = made(encoder, name)
    weights = {key: value.clone() for key, value in whole.state_dict().items()}
    architecture, rest = smaller.shrink(whole, weights, kept)
    model = models.restore(name, {}, architecture)
    model.load_state_dict(rest)
    return model.eval()


def test_all_layers_are_the_same_model(encoder: Path) -> None:
    if encoder.name.startswith("modernbert"):
        pytest.skip("its layers are of two kinds")
    found = shrunk(encoder, Kept(layers=(0, 1)))
    with torch.inference_mode():
        torch.testing.assert_close(found(**BATCH), made(encoder)(**BATCH), rtol=0, atol=0)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_that_is_kept_is_that_one(encoder: Path, layer: int) -> None:
    if encoder.name.startswith("modernbert"):
        pytest.skip("its layers are of two kinds")
    whole, found = made(encoder), shrunk(encoder, Kept(layers=(layer,)))
    assert smaller.depth(found) == 1
    kept = models.encoders.layers(found.encoder, "")[0].state_dict()
    for key, value in models.encoders.layers(whole.encoder, "")[layer].state_dict().items():
        assert torch.equal(kept[key], value), key
    with torch.inference_mode():
        assert torch.isfinite(found(**BATCH)).all()


@pytest.mark.parametrize("name", ["bert", "distilbert", "electra", "xlm_roberta", "deberta"])
def test_rows_of_the_embeddings_are_numbered_anew(
    name: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    pieces = np.array([0, 1, 2, 3, 5, 7, 9, 11, 12])
    found = shrunk(folder, Kept(pieces=pieces))
    assert found.encoder.config.vocab_size == len(pieces)
    new = {int(old): place for place, old in enumerate(pieces)}
    ids = torch.tensor([[new[old] for old in BATCH["input_ids"][0].tolist()]])
    with torch.inference_mode():
        torch.testing.assert_close(
            found(**{**BATCH, "input_ids": ids}), made(folder)(**BATCH), rtol=0, atol=0
        )


def test_the_last_layer_that_is_left_is_cut_to_the_labels(bert: Path) -> None:
    batch = {**BATCH, "label_pool": torch.eye(2, 3)}
    found = shrunk(bert, Kept(layers=(0,)), "spanemo")
    with torch.inference_mode():
        quick = found(**batch)
        hidden = found.hidden(**BATCH)[:, :3]
        slow = found.scores(torch.matmul(batch["label_pool"], hidden)).squeeze(-1)
    torch.testing.assert_close(quick, slow)


@pytest.mark.parametrize("layers", [(2,), (1, 0), (0, 0), (-1,)])
def test_layers_that_are_not_there_are_refused(bert: Path, layers: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="the model's 2, ascending from 0 to 1"):
        shrunk(bert, Kept(layers=layers))


def test_layers_of_several_kinds_are_refused(modernbert: Path) -> None:
    with pytest.raises(InputError, match="all of one kind, found modernbert"):
        shrunk(modernbert, Kept(layers=(0,)))


def test_padding_that_would_move_is_refused(xlm_roberta: Path) -> None:
    with pytest.raises(InputError, match="counts its positions from the id of its padding"):
        shrunk(xlm_roberta, Kept(pieces=np.array([1, 2, 3])))


def test_a_model_without_an_encoder_is_refused() -> None:
    model = models.create("tfidf", {}, LABELS, ["so happy", "so sad"]).model
    with pytest.raises(InputError, match="with an encoder, spanemo or cls_head"):
        smaller.depth(model)


def test_where_a_number_is_asked_for_the_first_layers_are_kept() -> None:
    assert [smaller.first(count, 3) for count in (1, 2, 3)] == [(0,), (0, 1), (0, 1, 2)]
    for wrong in (0, 4):
        with pytest.raises(InputError, match="1 to 3 layers"):
            smaller.first(wrong, 3)
