"""A model's encoder opens in transformers, with the same hidden states and the same ids."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

import overtone
from overtone import bundle
from overtone.errors import InputError
from overtone.models._on_encoder import OnEncoder

TEXTS = ["so happy today", "the bus is late again!"]


def test_transformers_opens_the_encoder(run: Path, tmp_path: Path) -> None:
    compare(run, tmp_path / "weights")


@pytest.mark.slow
def test_transformers_opens_every_family(encoder: Path, tmp_path: Path) -> None:
    settings = ["training.epochs=1", "training.device=cpu"]
    run = overtone.train("sample", tmp_path / "run", encoder=str(encoder), settings=settings)
    compare(run.path, tmp_path / "weights")


def compare(model: Path, folder: Path) -> None:
    """Export a model's encoder and hold it against the model's own."""
    assert overtone.export_encoder(model, folder) == folder
    assert {file.name for file in folder.iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(folder)
    own = Tokenizer.from_file(str(bundle.load(bundle.locate(model)).file("tokenizer.json")))
    for text in TEXTS:
        assert tokenizer(text).input_ids == own.encode(text).ids
        assert tokenizer("joy or fear?", text).input_ids == own.encode("joy or fear?", text).ids
    network = overtone.load(model, backend="torch", device="cpu").network
    assert isinstance(network, OnEncoder)
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt", return_token_type_ids=True)
    opened = AutoModel.from_pretrained(folder).eval()
    given = (
        dict(batch)
        if network._takes_segments
        else {key: batch[key] for key in ("input_ids", "attention_mask")}
    )
    with torch.no_grad():
        expected = network.hidden(**batch)
        found = opened(**given).last_hidden_state
    shown = batch["attention_mask"].bool()
    torch.testing.assert_close(found[shown], expected[shown], rtol=0, atol=1e-5)


def test_only_models_on_encoders_and_new_folders(tfidf: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a model on an encoder, found 'tfidf'"):
        overtone.export_encoder(tfidf, tmp_path / "weights")
    with pytest.raises(InputError, match="expected a new folder for the encoder"):
        overtone.export_encoder(tfidf, tmp_path)
    assert not (tmp_path / "weights").exists()
