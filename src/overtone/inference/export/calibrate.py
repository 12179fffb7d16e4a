"""What flows through a graph on calibration texts, as far as int8 needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from overtone.inputs import Batch

ROWS = 512
"""Most rows of an input that are kept."""


@dataclass(frozen=True)
class Sample:
    """What was seen of one value."""

    rows: NDArray[np.float32]
    """(n, K) rows drawn from all batches, n at most `ROWS` or so."""
    extremes: NDArray[np.float32]
    """(K,) the largest absolute value of each channel, over all rows."""


def sample(
    model: onnx.ModelProto, names: Sequence[str], batches: Iterable[Batch]
) -> dict[str, Sample]:
    """Return a sample of each of some values inside a graph.

    Args:
        model: the graph.
        names: of the values, each (..., K).
        batches: what goes in; a few hundred texts say enough.

    """
    if not names:
        return {}
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    for name in names:
        shown.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    wanted = [given.name for given in session.get_inputs()]
    rng = np.random.default_rng(0)
    rows: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    extremes: dict[str, NDArray[np.float32]] = {}
    batches = list(batches)
    for batch in batches:
        found = session.run(list(names), {name: batch[name] for name in wanted})
        for name, value in zip(names, found, strict=True):
            flat = value.reshape(-1, value.shape[-1])
            share = rng.permutation(len(flat))[: -(-ROWS // len(batches))]
            rows[name].append(flat[share])
            largest = np.abs(flat).max(axis=0)
            extremes[name] = np.maximum(extremes.get(name, largest), largest)
    return {name: Sample(np.concatenate(rows[name]), extremes[name]) for name in names}
