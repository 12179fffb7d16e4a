"""The graph of any family, as torch writes it."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import torch
from torch.export import Dim

from overtone import models
from overtone.errors import InputError
from overtone.inputs import Batch
from overtone.models import Model


def trace(model: Model, batch: Batch) -> onnx.ModelProto:
    """Return the graph of a model in ONNX's own operators.

    Args:
        model: any family's.
        batch: an example with two rows or more.

    Raises:
        InputError: torch can't write this architecture as a graph.

    """
    model = model.cpu().eval()
    arrays = models.tensors(batch, "cpu")
    # The arrays share some dimensions, such as batch and length; torch finds out which.
    shapes = {name: dict.fromkeys(range(array.ndim), Dim.AUTO) for name, array in arrays.items()}
    try:
        with _quiet(), torch.inference_mode():
            program = torch.onnx.export(
                model, (), kwargs=arrays, dynamo=True, dynamic_shapes=shapes,
                input_names=list(arrays), output_names=["logits"], verbose=False,
            )  # fmt: skip
    except Exception as error:  # torch's exporter raises kinds of many packages
        raise InputError(
            f"torch {torch.__version__} can't write this architecture as a graph "
            f"({type(error).__name__}): it can be used with the backend torch"
        ) from error
    if program is None:  # only older exporters return nothing
        raise InputError("torch wrote no graph: install the version in constraints.txt")
    buffer = io.BytesIO()
    onnx.save(program.model_proto, buffer)
    found = onnx.load_from_string(buffer.getvalue())
    found.producer_name = "overtone"
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's warnings and progress, which are about itself, from the user."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx", "onnxscript", "onnx_ir")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
