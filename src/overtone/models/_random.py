"""Encoders of published shapes with random weights: for their cost, where nothing is downloaded.

Seconds and memory depend on a model's shape and its rows, not on what it has learnt. The shapes are
those of the SpanEmo study's encoders: Devlin et al., BERT (NAACL 2019), section 3, and Sanh et al.,
DistilBERT (2019), section 3, as in the config.json of bert-base-uncased, bert-large-uncased and
distilbert-base-uncased. All three have the vocabulary of bert-base-uncased, and so has minilm.
"""

from __future__ import annotations

from collections.abc import Callable

from transformers import BertConfig, DistilBertConfig, PreTrainedConfig

from overtone.errors import InputError, MissingExtraError
from overtone.models import _sources

PREFIX = "random/"
VOCABULARY = 30522
POSITIONS = 512

SHAPES: dict[str, Callable[[], PreTrainedConfig]] = {
    "random/bert-base": lambda: BertConfig(
        vocab_size=VOCABULARY, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
        intermediate_size=3072, max_position_embeddings=POSITIONS, type_vocab_size=2,
    ),
    "random/bert-large": lambda: BertConfig(
        vocab_size=VOCABULARY, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16,
        intermediate_size=4096, max_position_embeddings=POSITIONS, type_vocab_size=2,
    ),
    "random/distilbert": lambda: DistilBertConfig(
        vocab_size=VOCABULARY, dim=768, n_layers=6, n_heads=12, hidden_dim=3072,
        max_position_embeddings=POSITIONS, sinusoidal_pos_embds=False,
    ),
}  # fmt: skip


def shape(name: str) -> PreTrainedConfig:
    """Return the config of the encoder `random/…`.

    Raises:
        InputError: no shape is called that.

    """
    if name not in SHAPES:
        raise InputError(
            f"no encoder with random weights is called {name!r}; there are: {', '.join(SHAPES)}"
        )
    return SHAPES[name]()


def tokenizer() -> str:
    """Return the tokenizer of bert-base-uncased, as tokenizer.json.

    Raises:
        MissingExtraError: the package that carries it is not installed.

    """
    folder = _sources.minilm()
    if folder is None:
        raise MissingExtraError("embedded", f"an encoder {PREFIX}…")
    return (folder / "tokenizer.json").read_text(encoding="utf-8")
