"""Writes an ONNX graph node by node."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 23
MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's fused operators."""

TYPES = {
    "input_ids": TensorProto.INT64,
    "attention_mask": TensorProto.INT64,
    "token_type_ids": TensorProto.INT64,
    "label_pool": TensorProto.FLOAT,
    "counts": TensorProto.INT64,
}
SHAPES = {"label_pool": ("labels", "head")}
"""Those of inputs that are not (batch, length)."""


class Graph:
    """A graph in the making; values go by their names."""

    def __init__(self) -> None:
        """Begin without anything."""
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}
        self._numbers = itertools.count()

    def weight(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """Add a constant, once, and return its name."""
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def integers(self, *values: int) -> str:
        """Return a constant vector of integers."""
        return self.weight(f"integers_{'_'.join(map(str, values))}", np.asarray(values, np.int64))

    def add(
        self,
        kind: str,
        *inputs: str,
        domain: str = "",
        **attributes: Any,  # noqa: ANN401 - ONNX's
    ) -> str:
        """Add a node with one output and return the output's name; an empty input is left out."""
        output = f"{kind.lower()}_{next(self._numbers)}"
        self._nodes.append(
            helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes)
        )
        return output

    def model(self, inputs: tuple[str, ...], output: str) -> onnx.ModelProto:
        """Return the whole: inputs by their names in a batch, output `logits` (batch, labels)."""
        self._nodes.append(helper.make_node("Identity", [output], ["logits"], name="logits"))
        graph = helper.make_graph(
            self._nodes,
            "overtone",
            [
                helper.make_tensor_value_info(
                    name, TYPES[name], SHAPES.get(name, ("batch", "length"))
                )
                for name in inputs
            ],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("batch", "labels"))],
            list(self._weights.values()),
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
            producer_name="overtone",
            ir_version=11,
        )
