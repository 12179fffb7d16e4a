"""Each family of encoders as a tiny model: what it is given; that it trains, saves and loads."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

import overtone
from overtone import inputs, models
from overtone.data import Split
from overtone.experiment import fit as experiment
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare_splits
from overtone.experiment.recipe import compose
from overtone.inputs import Batch, batches
from overtone.labels import Labels
from overtone.models import encoders


@dataclass(frozen=True)
class Family:
    """What is known of a family, and of its tiny model."""

    special: str
    """The special tokens of a pair of texts, in order."""
    limit: int
    positions: range | None
    """Rows of the table of positions that a full row uses; None where positions are relative."""
    segments: int
    attention: str = "sdpa"
    """How torch computes its attention."""


BERT_LIKE, ROBERTA_LIKE = "[CLS] [SEP] [SEP]", "<s> </s> </s> </s>"
FAMILIES = {
    "bert": Family(BERT_LIKE, 130, range(130), 2),
    "distilbert": Family(BERT_LIKE, 130, range(130), 0),
    "electra": Family(BERT_LIKE, 130, range(130), 2),
    "roberta": Family(ROBERTA_LIKE, 128, range(2, 130), 0),
    "xlm_roberta": Family(ROBERTA_LIKE, 128, range(2, 130), 0),
    "deberta": Family(BERT_LIKE, 130, None, 0, "eager"),
    "modernbert": Family(BERT_LIKE, 130, None, 0),
}
LABELS = Labels.of("joy", "anger", "fear")
TEXTS = ("we laughed at the old joke", "bus", "what a terrible day , this bus is late again !")
LONG = "happy " * 300


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture
def folder(request: pytest.FixtureRequest, family: Family) -> Path:
    """The tiny model of a family."""
    name = next(name for name, found in FAMILIES.items() if found is family)
    found: Path = request.getfixturevalue(name)
    return found


def test_every_family_is_tried_here(encoder: Path, request: pytest.FixtureRequest) -> None:
    assert encoder in [request.getfixturevalue(name) for name in FAMILIES]


def test_rows_are_what_the_familys_own_tokenizer_makes_of_a_pair(
    folder: Path, family: Family
) -> None:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    batch = collated(folder, TEXTS, max_length=512)
    for row, text in enumerate(TEXTS):
        mask = batch["attention_mask"][row] == 1
        own = tokenizer("joy anger or fear?", text, return_token_type_ids=True)
        assert batch["input_ids"][row][mask].tolist() == own["input_ids"]
        if family.segments:
            assert batch["token_type_ids"][row][mask].tolist() == own["token_type_ids"]
        tokens = tokenizer.convert_ids_to_tokens(own["input_ids"])
        assert [token for token in tokens if token in family.special.split()] == (
            family.special.split()
        )


def test_rows_are_padded_with_the_familys_padding(folder: Path) -> None:
    pad = encoders.load(str(folder), {}).model.config.pad_token_id
    batch = collated(folder, TEXTS)
    assert (batch["input_ids"][batch["attention_mask"] == 0] == pad).all()
    assert (batch["attention_mask"] == 0).any()


def test_segments_are_given_to_families_that_know_them(folder: Path, family: Family) -> None:
    assert encoders.segments(encoders.load(str(folder), {}).model) == family.segments
    model, batch = lively(folder), collated(folder, TEXTS)
    other = {**batch, "token_type_ids": 1 - batch["token_type_ids"].astype(np.int64)}
    before, after = models.logits_of(model, batch), models.logits_of(model, other)
    assert (np.abs(before - after) > 1e-3).all() == bool(family.segments)
    assert (before == after).all() != bool(family.segments)


def test_the_limit_is_the_longest_row_and_it_fits(folder: Path, family: Family) -> None:
    assert encoders.load(str(folder), {}).limit == family.limit
    batch = collated(folder, [LONG, *TEXTS], max_length=512)
    assert batch["input_ids"].shape == (4, family.limit)
    assert np.isfinite(models.logits_of(lively(folder), batch)).all()


def test_one_token_more_has_no_position_unless_positions_are_relative(
    folder: Path, family: Family
) -> None:
    model = encoders.load(str(folder), {}).model.eval()
    ids = torch.full((1, family.limit + 1), 5)
    if family.positions is None:
        assert model(input_ids=ids).last_hidden_state.isfinite().all()
    else:
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=ids)


def test_a_full_row_uses_every_position_that_the_family_has(folder: Path, family: Family) -> None:
    model = lively(folder)
    table = position_table(model.encoder)
    assert (table is None) == (family.positions is None)
    model(**models.tensors(collated(folder, [LONG], max_length=512), "cpu")).sum().backward()
    if table is not None:
        assert table.grad is not None
        used = table.grad.abs().sum(dim=1).nonzero().flatten().tolist()
        assert used == list(family.positions or ())


@pytest.mark.parametrize("positions", [512, 8192])
def test_the_limit_of_a_family_without_a_table_is_what_its_config_says(
    modernbert: Path, tmp_path: Path, positions: int
) -> None:
    changed = with_config(modernbert, tmp_path, max_position_embeddings=positions)
    assert encoders.load(str(changed), {}).limit == positions
    batch = collated(changed, ["happy " * 1000], max_length=512)
    assert batch["input_ids"].shape == (1, 512)
    assert np.isfinite(models.logits_of(lively(changed), batch)).all()


def test_the_tokenizers_own_limit_holds_where_it_is_lower(bert: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bert, tmp_path / "copy"))
    file = copy / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_max_length": 64}))
    assert encoders.load(str(copy), {}).limit == 64


def test_padding_does_not_change_a_texts_logits(folder: Path) -> None:
    # Beside a full row: ModernBERT's windows then lie in nothing but padding.
    model = lively(folder)
    batch = collated(folder, [LONG, *TEXTS], max_length=512)
    together = models.logits_of(model, batch)
    for row, text in enumerate(TEXTS, start=1):
        alone = models.logits_of(model, collated(folder, [text]))
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5, rtol=0)
    unmasked = {**batch, "attention_mask": np.ones_like(batch["attention_mask"])}
    assert (np.abs(models.logits_of(model, unmasked) - together)[1:] > 1e-3).any(axis=1).all()


@pytest.mark.parametrize("head", ["spanemo", "cls_head"])
def test_a_family_trains_is_saved_and_predicts_the_same(
    folder: Path, head: str, tmp_path: Path
) -> None:
    parts = prepared(folder, head)
    before = {key: value.clone() for key, value in parts.pretrained.model.state_dict().items()}
    run: Run = experiment.fit_and_save(parts, tmp_path / "run")
    model = parts.pretrained.model
    assert isinstance(model.encoder, nn.Module)
    assert encoders.width(model.encoder) == 32
    moved = [
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    ]
    assert any(key.startswith("encoder.") for key in moved)
    assert any(key.startswith("head.") for key in moved)
    in_memory = batches.probabilities(
        partial(models.logits_of, model), parts.inputs, parts.dev_encoded
    )
    loaded = overtone.load(run.path).probabilities(parts.dev.texts)
    np.testing.assert_allclose(loaded, in_memory, atol=1e-6, rtol=0)
    assert in_memory.std() > 1e-3


def test_a_saved_shape_is_restored_bit_for_bit_without_a_network(
    folder: Path, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = encoders.load(str(folder), encoders.dropout(0.2, 0.3)).model.eval()
    saved = json.dumps(encoders.architecture(model), allow_nan=False)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    again = encoders.from_architecture(json.loads(saved)).eval()
    assert json.dumps(encoders.architecture(again)) == saved
    assert again.config._attn_implementation == family.attention
    assert model.config._attn_implementation == family.attention
    again.load_state_dict(model.state_dict())
    ids = torch.arange(5, 45).reshape(2, 20)
    assert torch.equal(hidden(again, ids), hidden(model, ids))


def test_nested_values_of_a_shape_are_restored(modernbert: Path, tmp_path: Path) -> None:
    rope = {
        "full_attention": {"rope_type": "default", "rope_theta": 777.0},
        "sliding_attention": {"rope_type": "linear", "rope_theta": 55.0, "factor": 4.0},
    }
    layers = ["sliding_attention", "full_attention"]
    changed = with_config(modernbert, tmp_path, rope_parameters=rope, layer_types=layers)
    model = encoders.load(str(changed), {}).model.eval()
    again = encoders.from_architecture(json.loads(json.dumps(encoders.architecture(model)))).eval()
    assert again.config.rope_parameters == rope
    assert again.config.layer_types == layers
    again.load_state_dict(model.state_dict())
    ids = torch.arange(5, 105).reshape(2, 50)
    assert torch.equal(hidden(again, ids), hidden(model, ids))
    plain = encoders.load(str(modernbert), {}).model.eval()
    assert not torch.equal(hidden(plain, ids), hidden(model, ids))


def test_every_dropout_of_a_family_follows_the_two_shares(folder: Path) -> None:
    ids = torch.arange(5, 45).reshape(2, 20)
    # A share that kept its own value would show here.
    off = loaded(folder, 0.0, 0.0)
    assert torch.equal(hidden(off.train(), ids), hidden(off.eval(), ids))
    for shares in ((0.5, 0.0), (0.0, 0.5)):
        found = loaded(folder, *shares)
        assert torch.equal(hidden(found.eval(), ids), hidden(off, ids))
        assert not torch.allclose(hidden(found.train(), ids), hidden(off, ids), atol=1e-3)
    modules = [
        part for part in loaded(folder, 0.25, 0.35).modules() if isinstance(part, nn.Dropout)
    ]
    assert {part.p for part in modules} <= {0.25, 0.35}
    assert 0.25 in {part.p for part in modules}


def test_a_restored_shape_takes_other_shares(folder: Path) -> None:
    saved = encoders.architecture(loaded(folder, 0.1, 0.1))
    again = encoders.from_architecture(saved, encoders.dropout(0.25, 0.35))
    shares = {part.p for part in again.modules() if isinstance(part, nn.Dropout)}
    assert 0.25 in shares
    assert 0.1 not in shares
    assert encoders.architecture(again) == encoders.architecture(loaded(folder, 0.25, 0.35))


def prepared(folder: Path, head: str) -> Parts:
    """Make the parts of a run of a few steps."""
    words = ("happy", "terrible", "sea", "bus", "soup", "friends")
    texts = tuple(f"{one} {other} today" for one in words for other in words)
    truth = np.asarray([[row % 2, row % 3 == 0, row < 6] for row in range(36)], dtype=np.float32)
    ids = tuple(map(str, range(36)))
    settings = [
        f"model.name={head}",
        f"model.encoder={folder}",
        "training.epochs=2",
        "training.device=cpu",
        "training.batch_size=8",
        "training.learning_rate=1e-3",
        "training.head_learning_rate=2e-2",
    ]
    recipe = compose(dataset="sample", settings=settings)
    train, dev = (
        Split("invented", name, ids[rows], texts[rows], LABELS, truth[rows])
        for name, rows in (("train", slice(24)), ("dev", slice(24, 36)))
    )
    return prepare_splits(recipe, train, dev)


def lively(folder: Path) -> models.Model:
    """Make a SpanEmo on a tiny encoder whose attention and positions make a difference."""
    torch.manual_seed(1)
    model = models.create("spanemo", {"encoder": str(folder)}, LABELS, ()).model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8 if parameter.ndim > 1 else 1)
    return model.eval()


def collated(folder: Path, texts: Sequence[str], max_length: int = 128) -> Batch:
    encoder = encoders.load(str(folder), {})
    tokenizer = Tokenizer.from_str(encoder.tokenizer)
    kind = inputs.load("label_prefix", {"max_length": max_length}, tokenizer, encoder.limit)
    return kind.collate(kind.encode(texts, LABELS), np.arange(len(texts)))


def loaded(folder: Path, hidden: float, attention: float) -> PreTrainedModel:
    """Load an encoder with some dropout, and make its attention matter."""
    model = encoders.load(str(folder), encoders.dropout(hidden, attention)).model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8 if parameter.ndim > 1 else 1)
    return model


def hidden(model: PreTrainedModel, ids: Tensor) -> Tensor:
    with torch.no_grad():
        found: Tensor = model(input_ids=ids).last_hidden_state
    return found


def position_table(encoder: object) -> Tensor | None:
    """Return the table of absolute positions, where there is one."""
    embeddings = getattr(encoder, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    return table.weight if isinstance(table, nn.Embedding) else None


def with_config(folder: Path, tmp_path: Path, **changes: object) -> Path:
    """Copy an encoder and change its config."""
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    file = copy / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return copy


def no_network(*_: object) -> NoReturn:
    raise AssertionError("something wanted the network")
