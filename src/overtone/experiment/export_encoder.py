"""A model's encoder and tokenizer as a folder that transformers opens by itself."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from overtone import atomic
from overtone import bundle as bundles
from overtone.bundle import TOKENIZER, WEIGHTS
from overtone.errors import BundleError, InputError
from overtone.models import encoders

PREFIX = "encoder."
SPECIAL = {
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
"""transformers' words for special tokens, and what tokenizers call them."""


def export_encoder(model: str | Path, output: str | Path) -> Path:
    """Write a model's encoder in Hugging Face format; its head, labels and decision stay behind.

    `AutoModel.from_pretrained(output)` gives the hidden states that the model's head reads, and
    `AutoTokenizer` the same ids. BERT's pooler, which overtone does without, is new there.

    Args:
        model: the folder of a run or a bundle, or `hub:user/name`.
        output: the folder, made here.

    Raises:
        InputError: there is no such model, it is an export or has no encoder, or there is something
            at `output`.

    """
    folder = Path(output)
    if folder.exists():
        raise InputError(f"expected a new folder for the encoder, found {folder}: name another")
    start = bundles.exportable(model)
    weights = {
        name.removeprefix(PREFIX): tensor
        for name, tensor in load_file(start.file(WEIGHTS)).items()
        if name.startswith(PREFIX)
    }
    if not weights:
        raise InputError(
            f"expected a model on an encoder, found {start.manifest.config['model']['name']!r} at "
            f"{start.path}: only those on one have weights for transformers"
        )
    shape = start.manifest.architecture
    encoder = encoders.from_architecture(shape.get("encoder", shape))
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:
        raise BundleError(f"{start.path}: the weights don't fit the architecture") from error
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(start.file(TOKENIZER)))
    known = tokenizer.get_vocab()
    named = {
        kind: next((word for word in words if word in known), None)
        for kind, words in SPECIAL.items()
    }
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(start.file(TOKENIZER)),
        model_max_length=start.manifest.limit,
        **{kind: word for kind, word in named.items() if word is not None},
    )
    with atomic.folder(folder) as beside:
        encoder.save_pretrained(beside)
        tokenizer.save_pretrained(beside)
    return folder
