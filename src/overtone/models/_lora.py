"""Low-rank updates of an encoder's weights, through PEFT.

Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (ICLR 2022). Every linear
layer of the encoder gets one; a model is saved with them merged into its weights, so that it is an
ordinary one, and they alone are saved beside it in PEFT's own format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from overtone import atomic
from overtone.errors import MissingExtraError


def adapt(encoder: PreTrainedModel, rank: int, alpha: float) -> Any:  # noqa: ANN401 - PEFT's model
    """Return the encoder with low-rank updates that are trained in place of its weights.

    Raises:
        MissingExtraError: PEFT is not installed.

    """
    try:
        import peft  # noqa: PLC0415 - takes seconds to import, and few need it
    except ImportError as error:
        raise MissingExtraError("train", "training.lora") from error
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type] # a factor
        target_modules="all-linear",
    )
    return peft.get_peft_model(encoder, config)


def is_adapted(encoder: nn.Module) -> bool:
    """Return whether `adapt` made this encoder."""
    return hasattr(encoder, "merge_and_unload")


def merge(encoder: Any, head: nn.Module, folder: Path) -> PreTrainedModel:  # noqa: ANN401
    """Save the updates and the head, and return the encoder with the updates in its weights."""
    if not folder.exists():
        with atomic.folder(folder) as beside:
            encoder.save_pretrained(str(beside), safe_serialization=True)
            save_file(head.state_dict(), beside / "head.safetensors")
    merged: PreTrainedModel = encoder.merge_and_unload()
    return merged
