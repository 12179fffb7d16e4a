"""The masked-language model: its head, its loss, what it shares, and what of it is kept."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, BartConfig, BartModel

from overtone import models
from overtone.errors import InputError
from overtone.inputs import Batch, single
from overtone.inputs.masking import MaskedInputs
from overtone.labels import Labels
from overtone.models import encoders, masked
from overtone.models.masked import MaskedLanguage

TEXTS = ["so happy today my friends are here", "what a terrible day", "the bus is late again"]


def load(encoder: Path, **options: int) -> masked.Pretrained:
    torch.manual_seed(0)
    given = {"train_embeddings": True, "freeze_layers": 0, **options}
    return masked.load(str(encoder), **given)  # type: ignore[arg-type]


def batch_of(encoder: Path) -> tuple[Batch, np.ndarray]:
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    kind = single.Inputs(single.Config(), tokenizer, 128)
    inputs = MaskedInputs(kind, 0.3, whole_words=True, seed=lambda: 0)
    encoded = inputs.encode(TEXTS, Labels.of("hidden token"))
    return inputs.collate(encoded, np.arange(3)), encoded.counts


def values_of(model: MaskedLanguage, batch: Batch) -> torch.Tensor:
    values: torch.Tensor = model.eval()(**models.tensors(batch, "cpu"))
    return values


def test_the_loss_is_that_of_the_whole_model_of_transformers(encoder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = AutoModelForMaskedLM.from_config(AutoModel.from_pretrained(encoder).config)
    with torch.no_grad():
        whole.get_output_embeddings().bias.normal_()  # a head that a new one differs from
    whole.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path)
    batch, counts = batch_of(encoder)
    found = values_of(load(tmp_path).model, batch)
    given = {key: torch.from_numpy(batch[key]) for key in ("input_ids", "attention_mask")}
    logits = whole.eval()(**given).logits.flatten(0, 1)[batch["places"]]
    wanted = F.cross_entropy(logits, torch.from_numpy(batch["wanted"]), reduction="none")
    is_cell = np.arange(found.shape[1]) < counts[:, None]
    torch.testing.assert_close(found[torch.from_numpy(is_cell)], wanted, atol=1e-4, rtol=1e-4)
    assert not found[torch.from_numpy(~is_cell)].any()


def test_a_checkpoint_without_a_head_gets_a_new_one_and_says_so(
    encoder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        model = load(encoder).model
    assert "gets a new one, which shares the word embeddings" in caplog.text
    inside, head = (sum(p.numel() for p in group) for group in model.groups())
    assert inside == sum(p.numel() for p in model.encoder.parameters())
    # The product with the vocabulary is the embeddings': the head's own are a layer and biases.
    assert 0 < head < sum(p.numel() for p in model.encoder.get_input_embeddings().parameters())
    values_of(model.train(), batch_of(encoder)[0]).sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None for p in model.groups()[1])


def test_what_is_shared_is_written_once_and_read_again(encoder: Path, tmp_path: Path) -> None:
    model, batch = load(encoder).model, batch_of(encoder)[0]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    again = copy.deepcopy(load(encoder).model)
    assert not torch.equal(values_of(again, batch), values_of(model, batch))
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(values_of(again, batch), values_of(model, batch))


def test_the_encoder_is_saved_alone_in_hugging_face_s_format(encoder: Path, tmp_path: Path) -> None:
    pretrained = load(encoder)
    pretrained.save(tmp_path)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        path.name for path in tmp_path.iterdir()
    }
    before, after = (encoders.load(str(folder), {}) for folder in (encoder, tmp_path))
    assert before.limit == after.limit
    assert before.tokenizer == after.tokenizer
    for key, value in before.model.state_dict().items():
        assert torch.equal(after.model.state_dict()[key], value), key


def test_frozen_embeddings_stay_and_so_does_what_the_head_shares(bert: Path) -> None:
    model = load(bert, train_embeddings=False).model
    values_of(model.train(), batch_of(bert)[0]).sum().backward()  # type: ignore[no-untyped-call]
    assert model.encoder.get_input_embeddings().weight.grad is None
    trained = [p.grad is not None for p in model.groups()[0]]
    assert trained
    assert all(trained)


def test_what_is_no_such_encoder_is_refused(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whose weights are random"):
        masked.load("random/bert-base", train_embeddings=True, freeze_layers=0)
    with pytest.raises(InputError, match="expected an encoder"):
        masked.load(str(tmp_path), train_embeddings=True, freeze_layers=0)
    tokenizer = AutoTokenizer.from_pretrained(bert)
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=2,
        decoder_attention_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    BartModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="it can't be adapted here"):
        masked.load(str(tmp_path), train_embeddings=True, freeze_layers=0)
