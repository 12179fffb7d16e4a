"""ONNX Runtime on the CPU: an export, without torch.

Batches are small enough for a core's cache, and each is computed by one thread while others compute
others: all threads on one batch at a time would spend their time waiting for each other.
"""

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
from overtone.inference.backends import Opened
from overtone.inputs import Batch

LEVELS = {
    "none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
TOKENS = 512
"""Most tokens a batch: what a layer makes of them stays in a core's cache."""
ERRORS = 3
"""Its own messages from this level on: warnings are about how it works, not about the model."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How to compute."""

    threads: Annotated[int, Range(0)] = 0
    """Threads in all; 0 takes OMP_NUM_THREADS, or as many as the process may use cores."""
    lanes: Annotated[int, Range(0)] = 0
    """Batches that are computed at once, which share the threads; 0 takes one a thread: the most
    texts a second. 1 has all threads compute one: a single text of a large model is answered
    sooner."""
    optimise: Literal["none", "basic", "all"] = "all"
    """How far the graph is rewritten when it is opened."""


def open_bundle(config: Config, bundle: Bundle) -> Opened:
    """Return the function from a batch to its logits.

    Raises:
        BundleError: the file is no graph that this version of ONNX Runtime can compute.

    """
    in_all, lanes = threads.divided(config.threads, config.lanes)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = in_all // lanes
    options.inter_op_num_threads = 1
    options.graph_optimization_level = LEVELS[config.optimise]
    options.log_severity_level = ERRORS
    # Threads that wait for work by asking again and again take the cores from everybody else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
    return Opened(partial(_logits, session, names), TOKENS, lanes)


def _logits(
    session: onnxruntime.InferenceSession, names: tuple[str, ...], batch: Batch
) -> NDArray[np.float32]:
    """Return the logits (B, C) of a batch, of whose arrays the graph takes some."""
    (found,) = session.run(["logits"], {name: batch[name] for name in names})
    return np.asarray(found, dtype=np.float32)
