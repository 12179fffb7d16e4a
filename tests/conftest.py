"""Fixtures: tiny but real tokenizers, encoders and a trained model, made offline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before transformers is imported: no test may reach for the hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# The encoders here are so small that a second thread only costs time.
os.environ["OMP_NUM_THREADS"] = "1"

import huggingface_hub
import numpy as np
import pytest
import torch
from tests.hub_stand_in import Hub, Server
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    AutoModel,
    BertConfig,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2Tokenizer,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
    XLMRobertaTokenizer,
)

import overtone
from overtone.experiment.fit import Run

WORDS = """
anger anticipation disgust fear joy love optimism pessimism sadness surprise trust hopeless or ?
i am so happy today and my friends are here what a terrible day this bus is late again tomorrow
we will see the sea he said that nothing works she laughed at the old joke why would you do this
to me great news everyone our team won the match the soup was cold and grey , . ! ' #
""".split()  # noqa: SIM905 - one word a line would be eighty lines
SHAPE: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 130,
}  # fmt: skip


VECTOR_WORDS = "happy terrible day today so and the bus sea joke soup late friends match".split()  # noqa: SIM905


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with two layers, WordPiece and segments, as a local folder."""
    tokenizer = _word_pieces()
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), **SHAPE)
    return _save(tmp_path_factory.mktemp("bert"), config, _fast(tokenizer, "[CLS]", "[SEP]"))


@pytest.fixture(scope="session")
def distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DistilBERT with two layers: WordPiece, no segments."""
    tokenizer = _word_pieces()
    config = DistilBertConfig(
        vocab_size=tokenizer.get_vocab_size(), dim=32, n_layers=2, n_heads=2, hidden_dim=64,
        max_position_embeddings=130,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("distilbert"), config, _fast(tokenizer, "[CLS]", "[SEP]"))


@pytest.fixture(scope="session")
def electra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ELECTRA with two layers: as BERT, with embeddings narrower than its hidden states."""
    config = ElectraConfig(vocab_size=len(_vocabulary()), embedding_size=16, **SHAPE)
    folder = tmp_path_factory.mktemp("electra")
    return _save(folder, config, BertTokenizer(vocab=_vocabulary()))


@pytest.fixture(scope="session")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa with two layers: byte-level BPE, two separators, positions that begin at 2."""
    tokenizer = _byte_pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), type_vocab_size=1, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, **SHAPE,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("roberta"), config, _fast(tokenizer, "<s>", "</s>"))


@pytest.fixture(scope="session")
def xlm_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XLM-R with two layers: as RoBERTa, with a Unigram tokenizer."""
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *_pieces()]
    tokenizer = XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), type_vocab_size=1, layer_norm_eps=1e-5, **SHAPE
    )
    return _save(tmp_path_factory.mktemp("xlm-roberta"), config, tokenizer)


@pytest.fixture(scope="session")
def deberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DeBERTa-v3 with two layers: Unigram, no segments, relative positions only."""
    pieces = [("[PAD]", 0.0), ("[CLS]", 0.0), ("[SEP]", 0.0), ("[UNK]", 0.0), *_pieces()]
    tokenizer = DebertaV2Tokenizer(vocab=[*pieces, ("[MASK]", 0.0)])
    version_3: dict[str, Any] = {
        "share_att_key": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm",
    }  # fmt: skip
    config = DebertaV2Config(
        vocab_size=len(tokenizer), type_vocab_size=0, position_biased_input=False,
        relative_attention=True, pos_att_type="p2c|c2p", **version_3, **SHAPE,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("deberta"), config, tokenizer)


@pytest.fixture(scope="session")
def modernbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ModernBERT with two layers: byte-level BPE, rotary positions, one layer sees 16 tokens."""
    tokenizer = _byte_pairs(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = _pairs(cls=1, sep=2)
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(), pad_token_id=3, bos_token_id=1, cls_token_id=1,
        eos_token_id=2, sep_token_id=2, local_attention=16, **SHAPE,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("modernbert"), config, _fast(tokenizer, "[CLS]", "[SEP]"))


@pytest.fixture(
    scope="session",
    params=["bert", "distilbert", "electra", "roberta", "xlm_roberta", "deberta", "modernbert"],
)
def encoder(request: pytest.FixtureRequest) -> Path:
    """Each of the tiny encoders in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen words with eight numbers each."""
    rng = np.random.default_rng(0)
    lines = [
        " ".join([word, *(f"{value:.5f}" for value in rng.normal(size=8))]) for word in VECTOR_WORDS
    ]
    path = tmp_path_factory.mktemp("vectors") / "tiny.8d.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A tiny BERT trained on the sample for one epoch; nobody writes to its folder."""
    return overtone.train(
        "sample",
        tmp_path_factory.mktemp("trained") / "run",
        encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02"],
    )


@pytest.fixture(scope="session")
def run(trained: Run) -> Path:
    """The folder of that model."""
    return trained.path


@pytest.fixture(scope="session")
def tfidf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of TF-IDF trained on the sample: fast, often right, and without an encoder."""
    folder = tmp_path_factory.mktemp("tfidf") / "run"
    return overtone.train("sample", folder, config="best/tfidf").path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub's stand-in, where huggingface_hub finds it: here, and in processes started from here.

    Nobody is logged in; the test sets HF_TOKEN. Downloads go to the test's own folder, and files by
    plain HTTP, for hf_xet has a protocol of its own.
    """
    with Server() as started:
        cache = tmp_path / "cache"
        values = {
            "ENDPOINT": ("HF_ENDPOINT", started.url),
            "HF_HUB_OFFLINE": ("HF_HUB_OFFLINE", False),
            "HF_HUB_CACHE": ("HF_HUB_CACHE", str(cache / "hub")),
            "HF_HUB_DISABLE_XET": ("HF_HUB_DISABLE_XET", True),
            "HF_TOKEN_PATH": ("HF_TOKEN_PATH", str(cache / "token")),
        }
        for constant, (variable, value) in values.items():
            monkeypatch.setattr(huggingface_hub.constants, constant, value)
            monkeypatch.setenv(variable, str(int(value) if isinstance(value, bool) else value))
        template = started.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield started
        huggingface_hub.close_session()


def _vocabulary() -> dict[str, int]:
    """WordPiece's vocabulary: the fixture's words and all letters."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *(f"##{letter}" for letter in letters), "##ness", "##ism", "##ing"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*pieces, *WORDS])]
    return {word: n for n, word in enumerate(words)}


def _word_pieces() -> Tokenizer:
    """A WordPiece tokenizer with BERT's pair template."""
    tokenizer = Tokenizer(models.WordPiece(_vocabulary(), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = _pairs(cls=2, sep=3)
    return tokenizer


def _byte_pairs(special: list[str]) -> Tokenizer:
    """A byte-level BPE tokenizer of the fixture's words, without a template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [" ".join(WORDS)] * 4,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def _pieces() -> list[tuple[str, float]]:
    """Unigram's pieces and their log probabilities: a word is likelier than its letters."""
    words = [f"▁{word}" for word in dict.fromkeys(WORDS)]
    parts = ["▁", *(chr(code) for code in range(ord("a"), ord("z") + 1)), *"?!,.'"]
    return [*((word, -5.0) for word in words), *((part, -9.0) for part in parts)]


def _pairs(cls: int, sep: int) -> processors.TemplateProcessing:
    """BERT's templates, given the ids of its special tokens."""
    return processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )


def _fast(tokenizer: Tokenizer, cls: str, sep: str) -> PreTrainedTokenizerFast:
    """Name a tokenizer's special tokens."""
    special = {
        "[CLS]": {"pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"},
        "<s>": {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
    }[cls]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token=cls, sep_token=sep, **special
    )


def _save(folder: Path, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> Path:
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
