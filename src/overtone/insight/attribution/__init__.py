"""Attribution: how much each word of a text pushes for or against labels; a method a file.

A method is one file here with a `Config` and
`attribute(config, predictor, aligned, columns) -> (W, K)`: for each unit of the text the push for
(above nought) or against (below) the logit of each of the labels in these columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overtone.config import find_plugin, parse
from overtone.errors import InputError, MissingExtraError
from overtone.inference.predictor import Predictor
from overtone.inputs import Located
from overtone.insight.alignment import Aligned

LOOK_INSIDE = ("attention", "integrated_gradients")
"""Methods that need the torch model of an encoder; the others ask it about other texts only."""
BEST = ("integrated_gradients", "leave_one_out", "attention")
"""The most faithful first, as measured: docs/how-to/explain.md."""


class Attribution(Protocol):
    """A method, set up."""

    def __call__(
        self, predictor: Predictor, aligned: Aligned, columns: Sequence[int]
    ) -> NDArray[np.float32]:
        """Return the push of each unit for each label's logit, (W, K)."""


def load(name: str, options: Mapping[str, object], predictor: Predictor) -> Attribution:
    """Return the method called `name`, for a model.

    Raises:
        InputError: there is no such method, or it can't look into this model.
        ConfigError: the options are not its options.
        MissingExtraError: it needs packages that are not installed.

    """
    if name in LOOK_INSIDE and not _can_look(predictor):
        raise InputError(
            f"the method {name} needs a model with an encoder and the backend torch, found "
            "another: use leave_one_out, which works with all of them"
        )
    try:
        module = find_plugin(__name__, name)
    except ImportError as error:
        raise MissingExtraError("train", f"the method {name}") from error
    config: Any = parse(module.Config, options, where="attribution")

    def attribute(
        predictor: Predictor, aligned: Aligned, columns: Sequence[int]
    ) -> NDArray[np.float32]:
        found: NDArray[np.float32] = module.attribute(config, predictor, aligned, columns)
        return found

    return attribute


def best(predictor: Predictor) -> str:
    """Return the most faithful method that works with a model."""
    return next(name for name in BEST if name not in LOOK_INSIDE or _can_look(predictor))


def _can_look(predictor: Predictor) -> bool:
    """Return whether a model is torch's and has word embeddings."""
    network: Any = predictor.network
    return getattr(network, "ENCODER", False) and isinstance(predictor.inputs, Located)
