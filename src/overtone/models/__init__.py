"""Model families: a batch's arrays, as tensors, to one logit per label. torch.

A family is one file here with a `Config`, `TEXT`, `INPUTS` and `LOSS` (the cleaner that suits it,
the input kind that it takes and the loss that goes with it; with `SOLVER` none does),
`create(config, labels, texts) -> Pretrained` for training and
`restore(config, architecture) -> Model` for what was saved. Its forward takes the arrays of a batch
by name and returns logits (B, C); in training it may return several, (M, B, C), that differ by the
head's dropout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from overtone.bundle import TOKENIZER, WEIGHTS, Bundle
from overtone.config import find_plugin, parse
from overtone.errors import BundleError, InputError
from overtone.inputs import Batch, Encoded, vocabulary
from overtone.labels import Labels

if TYPE_CHECKING:
    from overtone.models.smaller import Kept


class Model(nn.Module):
    """What every family offers, beside `forward(**arrays) -> (B, C)`."""

    LABELLED: ClassVar[tuple[str, ...]] = ()
    """Names of the tensors whose first dimension is the labels'; SpanEmo has none."""
    ENCODER: ClassVar[bool] = False
    """Whether it has an encoder, whose layers can be computed again or adapted."""
    gains_from_bf16: bool = False
    """Whether most of its work are large products, which bear bf16."""

    def architecture(self) -> dict[str, Any]:
        """Return what `restore` needs besides the options, as JSON values.

        A family with labelled tensors puts their number under `labels`.
        """
        raise TypeError(f"{type(self).__name__} must say its architecture")

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the trained parameters of the encoder and those of the head."""
        raise TypeError(f"{type(self).__name__} must say its parameter groups")

    def by_depth(self) -> list[list[nn.Parameter]]:
        """Return the encoder's trained parameters: the last layer's first, the embeddings' last.

        Raises:
            InputError: there are no layers.

        """
        raise InputError("training.layer_decay needs an encoder: spanemo or cls_head")

    def word_embeddings(self) -> nn.Module:
        """Return the layer whose output are the words' vectors, (B, L, D).

        Raises:
            InputError: there is no encoder.

        """
        raise InputError("training.adversarial needs an encoder: spanemo or cls_head")

    def recompute(self) -> None:
        """Compute inner states again in the backward pass, in place of keeping them.

        Raises:
            InputError: there are no layers.

        """
        raise InputError("training.gradient_checkpointing needs an encoder: spanemo or cls_head")

    def units(self) -> list[nn.Module]:
        """Return the parts of which a pass uses one after another, each enough to hold at a time.

        Raises:
            InputError: there are no layers.

        """
        raise InputError("training.shard needs an encoder: spanemo or cls_head")

    def adapt(self, rank: int, alpha: float) -> None:  # noqa: ARG002
        """Train low-rank updates in place of the encoder's weights.

        Raises:
            InputError: there is no encoder.

        """
        raise InputError("training.lora needs an encoder: spanemo or cls_head")

    def merge(self, folder: Path | None) -> None:
        """Put low-rank updates into the weights, and save them as `folder/adapter` if any."""


class Solved(Model):
    """A family whose weights a solver finds at once, in place of a training loop."""

    def solve(self, encoded: Encoded, targets: NDArray[np.float32]) -> None:  # noqa: ARG002
        """Find the weights for targets (n, C), NaN where not annotated."""
        raise TypeError(f"{type(self).__name__} must say how it is solved")


@dataclass(frozen=True)
class Pretrained:
    """A model to train, and what its inputs need to know."""

    model: Model
    tokenizer: str
    """The tokenizer as tokenizer.json."""
    limit: int
    """The most tokens that the model takes in one row."""


def create(
    name: str, options: Mapping[str, object], labels: Labels, texts: Sequence[str]
) -> Pretrained:
    """Make a model of family `name` with pretrained weights where its options name some.

    Args:
        name: a file of this package.
        options: options of its `Config`.
        labels: the labels.
        texts: the cleaned texts of the train split, for families that take their words from there.

    Raises:
        InputError: there is no such family or encoder.
        ConfigError: the options are not its options.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="model")
    made: Pretrained = module.create(config, labels, texts)
    return made


def restore(name: str, options: Mapping[str, object], architecture: Mapping[str, object]) -> Model:
    """Make an empty model of a saved shape, to load weights into; reads and downloads nothing.

    Raises:
        InputError: there is no such family, or the architecture names none that is known.

    """
    module = find_plugin(__name__, name)
    config = parse(module.Config, options, where="model")
    try:
        model: Model = module.restore(config, architecture)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"expected the architecture of a {name} model, found another "
            f"({type(error).__name__}: {error})"
        ) from error
    return model


def continued(
    name: str,
    options: Mapping[str, object],
    start: Bundle,
    labels: Labels,
    kept: Kept | None = None,
) -> Pretrained:
    """Make a model to train from a saved one, whose labels may be others.

    What belongs to a label is kept for the labels that both have, and new for the others.

    Args:
        name: the family, that of the saved model.
        options: options of its `Config`; its encoder is the saved model's in any case.
        start: the saved model.
        labels: the labels to train.
        kept: what of the saved model is kept; None keeps all.

    Raises:
        InputError: the saved model is of another family, or has no such layers or pieces.

    """
    before = start.manifest.config["model"]["name"]
    if before != name:
        raise InputError(
            f"expected a model of the family {name} to start from, found {before} in {start.path}"
        )
    old_labels, architecture = start.manifest.labels.names, dict(start.manifest.architecture)
    if "labels" in architecture:
        architecture["labels"] = len(labels)
    model = restore(name, options, architecture)
    if isinstance(model, Solved):
        raise InputError(f"a model of the family {name} can't be trained further: train a new one")
    fresh, saved = model.state_dict(), load_file(start.file(WEIGHTS))
    for key in model.LABELLED:
        rows = fresh[key].clone()
        for place, label in enumerate(labels.names):
            if label in old_labels:
                rows[place] = saved[key][old_labels.index(label)]
        saved[key] = rows
    tokenizer = start.file(TOKENIZER).read_text(encoding="utf-8")
    if kept is not None:
        from overtone.models import smaller  # noqa: PLC0415 - it brings transformers

        architecture, saved = smaller.shrink(model, saved, kept)
        model = restore(name, options, architecture)
        if kept.pieces is not None:
            tokenizer = vocabulary.cut(tokenizer, kept.pieces)
    load_weights(model, saved, start)
    return Pretrained(model, tokenizer, start.manifest.limit)


def load_weights(model: Model, weights: Mapping[str, Tensor], bundle: Bundle) -> None:
    """Put a bundle's weights into a model.

    Raises:
        BundleError: they are of another shape.

    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise BundleError(
            f"{bundle.path}: the weights don't fit the architecture in bundle.json"
        ) from error


def tensors(batch: Batch, device: torch.device | str) -> dict[str, Tensor]:
    """Return a batch's arrays as tensors on a device; a GPU fetches them while this goes on."""
    found = {key: torch.from_numpy(array) for key, array in batch.items()}
    if torch.device(device).type == "cuda":
        found = {key: tensor.pin_memory() for key, tensor in found.items()}
    return {key: tensor.to(device, non_blocking=True) for key, tensor in found.items()}


def logits_of(model: nn.Module, batch: Batch) -> NDArray[np.float32]:
    """Return the logits (B, C) of a batch, without gradients or dropout."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        found: Tensor = model(**tensors(batch, device))
    model.train(was_training)
    return found.float().cpu().numpy()
