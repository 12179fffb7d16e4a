"""Encoders: what is loaded, what is refused, and that nothing is run, unpickled or downloaded."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModel, DebertaV2Config

from overtone import inputs, models
from overtone.errors import InputError
from overtone.labels import Labels
from overtone.models import _sources, encoders

BERT = {
    "model_type": "bert", "vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 8,
}  # fmt: skip


def test_a_folder_is_loaded_with_its_tokenizer_and_limit(bert: Path) -> None:
    found = encoders.load(str(bert), {})
    assert found.limit == 130
    assert Tokenizer.from_str(found.tokenizer).token_to_id("[CLS]") == 2
    assert found.model.config.hidden_size == 32


def test_robertas_first_two_positions_do_not_count(roberta: Path) -> None:
    assert encoders.load(str(roberta), {}).limit == 128


@pytest.mark.parametrize(("name", "expected"), [("bert", 2), ("distilbert", 0), ("roberta", 0)])
def test_segments_are_counted_where_the_encoder_tells_them_apart(
    name: str, expected: int, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(name)
    assert encoders.segments(encoders.load(str(folder), {}).model) == expected


def test_the_longest_row_that_the_limit_allows_fits(encoder: Path) -> None:
    made = models.create("spanemo", {"encoder": str(encoder)}, Labels.of("joy", "fear"), ())
    kind = inputs.load(
        "label_prefix", {"max_length": 512}, Tokenizer.from_str(made.tokenizer), made.limit
    )
    encoded = kind.encode(["happy " * 600], Labels.of("joy"))
    batch = kind.collate(encoded, np.arange(1))
    assert batch["input_ids"].shape == (1, made.limit)
    assert np.isfinite(models.logits_of(made.model, batch)).all()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-encoder"):
        encoders.load(str(tmp_path / "no-such-encoder"), {})


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="safetensors"):
        encoders.load(str(tmp_path), {})


def test_weights_other_than_safetensors_are_refused_and_never_unpickled(
    bert: Path, tmp_path: Path
) -> None:
    folder, marker = copied(bert, tmp_path), tmp_path / "unpickled"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(marker)))
    with pytest.raises(InputError, match="safetensors"):
        encoders.load(str(folder), {})
    assert not marker.exists()


def test_code_beside_an_encoder_is_never_run(bert: Path, tmp_path: Path) -> None:
    folder, marker = copied(bert, tmp_path), tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass C: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.C"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError):
        encoders.load(str(folder), {})
    assert not marker.exists()


def test_cut_weights_are_an_error_of_the_input(bert: Path, tmp_path: Path) -> None:
    folder = copied(bert, tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match="safetensors"):
        encoders.load(str(folder), {})


def test_weights_in_several_files_are_loaded(encoder: Path, tmp_path: Path) -> None:
    whole = encoders.load(str(encoder), {}).model
    folder = copied(encoder, tmp_path)
    (folder / "model.safetensors").unlink()
    whole.save_pretrained(folder, max_shard_size="20KB")
    assert (folder / "model.safetensors.index.json").is_file()
    found = encoders.load(str(folder), {}).model.state_dict()
    assert found.keys() == whole.state_dict().keys()
    assert all(torch.equal(found[key], value) for key, value in whole.state_dict().items())


def test_a_missing_file_of_several_is_an_error_of_the_input(bert: Path, tmp_path: Path) -> None:
    folder = copied(bert, tmp_path)
    (folder / "model.safetensors").unlink()
    encoders.load(str(bert), {}).model.save_pretrained(folder, max_shard_size="20KB")
    next(folder.glob("model-00002*")).unlink()
    with pytest.raises(InputError, match="model-00002"):
        encoders.load(str(folder), {})


def test_quantised_weights_are_refused(bert: Path, tmp_path: Path) -> None:
    folder = copied(bert, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="floating-point"):
        encoders.load(str(folder), {})


def test_a_folder_with_a_sentencepiece_model_only_is_loaded(tmp_path: Path) -> None:
    """As microsoft/deberta-v3-base is published: spm.model, no tokenizer.json."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["so happy today what a terrible day the bus is late again"] * 4),
        model_prefix=str(tmp_path / "spm"), vocab_size=60, hard_vocab_limit=False, minloglevel=2,
        pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
    )  # fmt: skip
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "DebertaV2Tokenizer"}')
    config = DebertaV2Config(
        vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, type_vocab_size=0,
    )  # fmt: skip
    AutoModel.from_config(config).save_pretrained(tmp_path)
    tokenizer = Tokenizer.from_str(encoders.load(str(tmp_path), {}).tokenizer)
    tokens = tokenizer.encode("so happy", "today").tokens
    assert tokens[0] == "[CLS]"
    assert tokens.count("[SEP]") == 2
    assert "".join(tokens[1 : tokens.index("[SEP]")]).replace("\u2581", " ").strip() == "so happy"


def test_a_folder_without_a_tokenizer_is_an_error_of_the_input(bert: Path, tmp_path: Path) -> None:
    folder = copied(bert, tmp_path)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(InputError):
        encoders.load(str(folder), {})


def test_weights_that_do_not_fit_the_config_are_an_error_of_the_input(
    bert: Path, tmp_path: Path
) -> None:
    folder = copied(bert, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))
    with pytest.raises(InputError):
        encoders.load(str(folder), {})


def test_a_file_with_none_of_the_encoders_weights_is_refused(bert: Path, tmp_path: Path) -> None:
    folder = copied(bert, tmp_path)
    save_file({"unrelated": torch.zeros(2)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError):  # or the encoder would be a random one
        encoders.load(str(folder), {})


def test_minilm_is_the_embedded_model_and_takes_512_tokens() -> None:
    made = models.create("spanemo", {"encoder": "minilm"}, Labels.of("joy", "fear"), ())
    assert made.limit == 512
    assert made.model.architecture()["hidden_size"] == 384
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    encoded = kind.encode(["I am so happy today!", "This is awful."], Labels.of("joy", "anger"))
    logits = models.logits_of(made.model, kind.collate(encoded, np.arange(2)))
    assert logits.shape == (2, 2)
    assert np.isfinite(logits).all()


def test_minilm_with_one_changed_byte_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec(_sources.MINILM_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = tmp_path / _sources.MINILM_PACKAGE
    shutil.copytree(Path(spec.origin).parent, package)
    with (package / "model" / "model.safetensors").open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match="not those of") as caught:
        encoders.load("minilm", {})
    assert _sources.MINILM_SHA256[:16] in str(caught.value)


def test_an_architecture_is_built_with_random_weights() -> None:
    model = encoders.from_architecture(BERT)
    assert model.config.hidden_size == 8
    assert model.pooler is None


@pytest.mark.parametrize(
    "architecture",
    [
        {},
        {**BERT, "model_type": "no-such-model"},
        {**BERT, "model_type": "../bert"},
        {**BERT, "auto_map": {"AutoModel": "evil.Model"}},
        {**BERT, "hidden_act": "no-such-function"},
        {**BERT, "hidden_size": "eight"},
    ],
    ids=["empty", "unknown", "path", "code", "activation", "type"],
)
def test_an_architecture_that_transformers_does_not_know_is_refused(
    architecture: dict[str, Any],
) -> None:
    with pytest.raises(InputError):
        encoders.from_architecture(architecture)


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_a_folder_cannot_ask_for_a_kernel_from_the_hub(
    bert: Path, tmp_path: Path, key: str
) -> None:
    folder = copied(bert, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config[key] = "kernels-community/flash-attn"
    (folder / "config.json").write_text(json.dumps(config))
    assert encoders.load(str(folder), {}).model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("key", ["return_dict", "output_hidden_states", "output_attentions"])
def test_an_architecture_does_not_say_what_is_returned(key: str) -> None:
    model = encoders.from_architecture({**BERT, key: key != "return_dict"})
    found = model(input_ids=torch.ones((1, 3), dtype=torch.long))
    assert set(found) == {"last_hidden_state"}


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_an_architecture_cannot_ask_for_a_kernel_from_the_hub(key: str) -> None:
    with contextlib.suppress(InputError):  # to refuse it or to leave it out is the same to us
        model = encoders.from_architecture({**BERT, key: "kernels-community/flash-attn"})
        assert model.config._attn_implementation in {"eager", "sdpa"}


@pytest.mark.parametrize(
    "architecture",
    [
        {"model_type": "dpt", "backbone": "facebook/dinov2-base", "use_pretrained_backbone": True},
        {"model_type": "timm_backbone", "backbone": "resnet18", "use_pretrained_backbone": True},
        {"model_type": "timm_wrapper", "architecture": "resnet18"},
    ],
    ids=lambda architecture: str(architecture["model_type"]),
)
def test_an_architecture_cannot_ask_for_a_download(architecture: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        encoders.from_architecture(architecture)


def test_an_architecture_that_encodes_no_text_is_refused() -> None:
    pictures = {
        "model_type": "vit", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 8, "image_size": 8, "patch_size": 4,
    }  # fmt: skip
    with pytest.raises(InputError):
        models.restore("spanemo", {}, pictures)


def copied(encoder: Path, tmp_path: Path) -> Path:
    """Return a copy of an encoder's folder that may be damaged."""
    return Path(shutil.copytree(encoder, tmp_path / "copy"))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]
