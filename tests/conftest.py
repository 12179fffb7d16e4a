"""Fixtures: tiny but real tokenizers and encoders in Hugging Face format, made offline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# Before transformers is imported: no test may reach for the hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# The encoders here are so small that a second thread only costs time.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
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
    DistilBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

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


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with two layers, WordPiece and segments, as a local folder."""
    tokenizer = _word_pieces()
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), **SHAPE)
    return _save(tmp_path_factory.mktemp("bert"), config, tokenizer, cls="[CLS]", sep="[SEP]")


@pytest.fixture(scope="session")
def distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DistilBERT with two layers: WordPiece, no segments."""
    tokenizer = _word_pieces()
    config = DistilBertConfig(
        vocab_size=tokenizer.get_vocab_size(), dim=32, n_layers=2, n_heads=2, hidden_dim=64,
        max_position_embeddings=130,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("distilbert"), config, tokenizer, cls="[CLS]", sep="[SEP]")


@pytest.fixture(scope="session")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa with two layers: byte-level BPE, two separators, positions that begin at 2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [" ".join(WORDS)] * 4,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), type_vocab_size=1, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, **SHAPE,
    )  # fmt: skip
    return _save(tmp_path_factory.mktemp("roberta"), config, tokenizer, cls="<s>", sep="</s>")


@pytest.fixture(scope="session", params=["bert", "distilbert", "roberta"])
def encoder(request: pytest.FixtureRequest) -> Path:
    """Each of the tiny encoders in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


def _word_pieces() -> Tokenizer:
    """A WordPiece tokenizer of the fixture's words, all letters, and BERT's pair template."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *(f"##{letter}" for letter in letters), "##ness", "##ism", "##ing"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*pieces, *WORDS])]
    tokenizer = Tokenizer(
        models.WordPiece({word: n for n, word in enumerate(vocabulary)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def _save(
    folder: Path, config: PreTrainedConfig, tokenizer: Tokenizer, *, cls: str, sep: str
) -> Path:
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    special = {
        "[CLS]": {"pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"},
        "<s>": {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
    }[cls]
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token=cls, sep_token=sep, **special
    ).save_pretrained(folder)
    return folder
