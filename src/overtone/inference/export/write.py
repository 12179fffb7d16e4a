"""From a trained model to the files of an export."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from overtone.bundle import ONNX, OPENVINO
from overtone.errors import MissingExtraError
from overtone.inference.export import fused, int8, traced
from overtone.inputs import Batch
from overtone.models import Model

Format = Literal["onnx", "openvino"]
Precision = Literal["fp32", "fp16", "int8"]

FILES = {"onnx": ONNX, "openvino": OPENVINO}
"""The weights' file of each format."""


@dataclass(frozen=True)
class Target:
    """What is to be written."""

    format: Format
    precision: Precision
    keep: Sequence[str] = ()
    """Products that stay in float where the precision is int8, by their names in the graph."""


def graph(model: Model, batches: Sequence[Batch], target: Target) -> onnx.ModelProto:
    """Return a model as an ONNX graph of a target's precision.

    Args:
        model: the model.
        batches: what it is to be calibrated on.
        target: format and precision.

    Raises:
        InputError: torch can't write this architecture as a graph.

    """
    found = fused.build(model) if fused.can_build(model) else traced.trace(model, batches[0])
    if target.precision == "int8":
        portable = target.format == "openvino"
        return int8.quantise(found, batches, keep=target.keep, portable=portable)
    if target.precision == "fp16" and target.format == "onnx":
        return _halved(found)
    return found


def save(model: onnx.ModelProto, target: Target, path: Path) -> None:
    """Write a graph as a file of a target's format.

    Raises:
        MissingExtraError: OpenVINO is wanted and not installed.

    """
    if target.format == "onnx":
        onnx.save(model, path)
        return
    try:
        from overtone.inference.quiet_openvino import openvino  # noqa: PLC0415 - for this format
    except ImportError as error:
        raise MissingExtraError("openvino", "export --format openvino") from error
    found = openvino.Core().read_model(model.SerializeToString())
    openvino.save_model(found, path, compress_to_fp16=target.precision == "fp16")


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph with numbers in half precision; what goes in and comes out stays float."""
    # Only for this precision.
    from onnxruntime.transformers import float16  # noqa: PLC0415
    from onnxruntime.transformers.onnx_model import OnnxModel  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says how many numbers were too small for halves
        halved: onnx.ModelProto = float16.convert_float_to_float16(model, keep_io_types=True)
    OnnxModel(halved).topological_sort()  # it puts what reads the inputs at the end
    return halved
