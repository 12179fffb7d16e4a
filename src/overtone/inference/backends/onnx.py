"""ONNX Runtime on the CPU: an export, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from overtone.bundle import ONNX, Bundle
from overtone.config import Range
from overtone.errors import BundleError
from overtone.inference import threads
from overtone.inputs import Batch
from overtone.inputs.batches import LogitsOf

LEVELS = {
    "none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
ERRORS = 3
"""Its own messages from this level on: warnings are about how it works, not about the model."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How to compute."""

    threads: Annotated[int, Range(0)] = 0
    """Threads for a product; 0 takes OMP_NUM_THREADS, or as many as the process may use cores."""
    spin: bool = False
    """Whether threads wait for work by trying again and again: faster by a little, at the price of
    cores that look busy to everybody else."""
    optimise: Literal["none", "basic", "all"] = "all"
    """How far the graph is rewritten when it is opened."""


def open_bundle(config: Config, bundle: Bundle) -> LogitsOf:
    """Return the function from a batch to its logits.

    Raises:
        BundleError: the file is no graph that this version of ONNX Runtime can compute.

    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = config.threads or threads.share()
    options.inter_op_num_threads = 1
    options.graph_optimization_level = LEVELS[config.optimise]
    options.log_severity_level = ERRORS
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(config.spin)))
    try:
        session = onnxruntime.InferenceSession(
            str(bundle.file(ONNX)), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its kinds share no base of their own
        raise BundleError(
            f"{bundle.path}: ONNX Runtime {onnxruntime.__version__} can't compute {ONNX} "
            f"({type(error).__name__}); install the version that it was made with, or export again"
        ) from error
    names = tuple(given.name for given in session.get_inputs())
    return partial(_logits, session, names)


def _logits(
    session: onnxruntime.InferenceSession, names: tuple[str, ...], batch: Batch
) -> NDArray[np.float32]:
    """Return the logits (B, C) of a batch, of whose arrays the graph takes some."""
    (found,) = session.run(["logits"], {name: batch[name] for name in names})
    return np.asarray(found, dtype=np.float32)
