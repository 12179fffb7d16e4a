"""Low-rank updates of an encoder's weights, through PEFT.

Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (ICLR 2022). Every linear
layer of the encoder that isn't frozen gets one; a model is saved with them merged into its weights,
so that it is an ordinary one, and they alone are saved beside it in PEFT's own format.
"""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from overtone import atomic
from overtone.errors import InputError, MissingExtraError


def adapt(encoder: PreTrainedModel, rank: int, alpha: float) -> Any:  # noqa: ANN401 - PEFT's model
    """Return the encoder with low-rank updates that are trained in place of its weights.

    Raises:
        InputError: no linear layer is left to train.
        MissingExtraError: PEFT is not installed.

    """
    try:
        import peft  # noqa: PLC0415 - takes seconds to import, and few need it
    except ImportError as error:
        raise MissingExtraError("train", "training.lora") from error
    layers = [
        name
        for name, part in encoder.named_modules()
        if isinstance(part, nn.Linear) and part.weight.requires_grad
    ]
    if not layers:
        raise InputError(
            "expected linear layers for training.lora to update, found none that are trained: "
            "lower model.freeze_layers, or train without training.lora"
        )
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type] # a factor
        # A pattern, which PEFT takes as it is: the updates are loaded onto these layers alone.
        target_modules="|".join(map(re.escape, layers)),
    )
    with warnings.catch_warnings():
        # PEFT asks transformers for something that goes by another name now.
        warnings.simplefilter("ignore", FutureWarning)
        return peft.get_peft_model(encoder, config)


def is_adapted(encoder: nn.Module) -> bool:
    """Return whether `adapt` made this encoder."""
    return hasattr(encoder, "merge_and_unload")


def merge(encoder: Any, head: nn.Module, folder: Path | None) -> PreTrainedModel:  # noqa: ANN401
    """Return the encoder with the updates in its weights; save them and the head in a folder."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed after this
        with atomic.folder(folder) as beside:
            # Without the embeddings, or PEFT would ask the hub whether they had another size.
            encoder.save_pretrained(str(beside), save_embedding_layers=False)
            (beside / "README.md").unlink(missing_ok=True)  # PEFT's template, with nothing in it
            save_file(head.state_dict(), beside / "head.safetensors")
    merged: PreTrainedModel = encoder.merge_and_unload()
    return merged
