"""OpenVINO on the CPU: an export to it, or one to ONNX whose operators it knows."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from overtone.bundle import ONNX, OPENVINO, Bundle
from overtone.config import Range
from overtone.errors import BundleError
from overtone.inference import threads
from overtone.inference.backends import Opened
from overtone.inference.quiet_openvino import openvino
from overtone.inputs import Batch

TOKENS = 1024
"""Most tokens a batch: what a layer makes of them stays in a core's cache."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How to compute."""

    threads: Annotated[int, Range(0)] = 0
    """Threads in all; 0 takes OMP_NUM_THREADS, or as many as the process may use cores."""
    lanes: Annotated[int, Range(0)] = 0
    """Batches that are computed at once, which share the threads; 0 takes one a thread, 1 has all
    threads compute one: a single text of a large model is answered sooner."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Of products that are not bytes; bf16 pays on processors that multiply it."""


def open_bundle(config: Config, bundle: Bundle) -> Opened:
    """Return the function from a batch to its logits.

    Raises:
        BundleError: the file is no graph that this version of OpenVINO can compute.

    """
    in_all, lanes = threads.divided(config.threads, config.lanes)
    name = OPENVINO if OPENVINO in bundle.files else ONNX
    kinds = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16}
    settings: dict[str, object] = {
        "NUM_STREAMS": lanes,
        "INFERENCE_PRECISION_HINT": kinds[config.precision],
        "INFERENCE_NUM_THREADS": in_all,
    }
    core = openvino.Core()
    try:
        compiled = core.compile_model(core.read_model(bundle.file(name)), "CPU", settings)
    except RuntimeError as error:
        raise BundleError(
            f"{bundle.path}: OpenVINO {openvino.__version__} can't compute {name}; "
            "overtone export --format openvino makes what it can"
        ) from error
    # An input may have several names, one of which is the batch's.
    names = tuple(set(given.get_names()) for given in compiled.inputs)
    idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()  # a request computes one batch
    for _ in range(lanes):
        idle.put(compiled.create_infer_request())

    def logits_of(batch: Batch) -> NDArray[np.float32]:
        request = idle.get()
        try:
            found = request.infer(
                {place: batch[(known & batch.keys()).pop()] for place, known in enumerate(names)}
            )
            return np.array(found[0], dtype=np.float32)  # a copy: the request reuses its own
        finally:
            idle.put(request)

    return Opened(logits_of, TOKENS, lanes)
