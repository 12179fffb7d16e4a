"""Makes products of floats products of bytes: static scales, found on calibration texts.

Activations become unsigned bytes with one scale a tensor, weights signed bytes with one scale a
column, which is what x86 multiplies fast; `scheme` finds the scales. What a product is off by on
average is put right in its bias. Scales don't depend on the batch, so neither do the answers. Word
vectors are stored as bytes too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from overtone.inference.export import calibrate, scheme
from overtone.inference.export.calibrate import Sample
from overtone.inference.export.graph import MICROSOFT
from overtone.inference.export.scheme import Scheme, signed
from overtone.inputs import Batch

Floats = NDArray[np.float32]

SMALLEST = 16
"""Products with fewer columns stay in float: they cost nothing."""
TABLE = 1000
"""Rows from which a table of vectors is stored as bytes."""


@dataclass(frozen=True)
class Product:
    """A node that multiplies by a constant matrix."""

    node: onnx.NodeProto
    weight: Floats
    """(K, N)."""
    bias: Floats | None
    """(N,)."""


def quantise(
    model: onnx.ModelProto,
    batches: Iterable[Batch],
    *,
    keep: Collection[str] = (),
    portable: bool = False,
) -> onnx.ModelProto:
    """Return a model with its products in bytes.

    Args:
        model: a model in float32.
        batches: of calibration texts, a few hundred of them.
        keep: names of products that stay in float.
        portable: whether to write ONNX's own QuantizeLinear and DequantizeLinear, from which
            OpenVINO makes its kernels, in place of ONNX Runtime's fused product.

    """
    found = onnx.ModelProto()
    found.CopyFrom(model)
    weights = {one.name: numpy_helper.to_array(one) for one in found.graph.initializer}
    groups: dict[str, list[Product]] = {}
    for node in found.graph.node:
        product = _product(node, weights)
        if product is not None and node.name not in keep:
            groups.setdefault(node.input[0], []).append(product)
    samples = calibrate.sample(model, tuple(groups), batches)
    writer = _Writer(found, portable=portable)
    for source, products in groups.items():
        writer.replace(source, products, _scheme(samples[source], products), samples[source])
    writer.finish()
    return found


def products(model: onnx.ModelProto) -> list[str]:
    """Return the names of the products that can be bytes, in the order of the graph."""
    weights = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    return [node.name for node in model.graph.node if _product(node, weights) is not None]


def _product(node: onnx.NodeProto, weights: Mapping[str, NDArray[np.generic]]) -> Product | None:
    """Return a node as a product, None where it is none that can be bytes."""
    if node.op_type not in {"Gemm", "MatMul"} or node.input[1] not in weights:
        return None
    weight = np.asarray(weights[node.input[1]])
    options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    plain = options.get("alpha", 1.0) == options.get("beta", 1.0) == 1.0
    if weight.ndim != 2 or weight.dtype != np.float32 or options.get("transA") or not plain:  # noqa: PLR2004
        return None
    if options.get("transB"):
        weight = weight.T
    if min(weight.shape) < SMALLEST:
        return None
    bias = None
    if len(node.input) > 2:  # noqa: PLR2004
        if node.input[2] not in weights:
            return None
        bias = np.asarray(weights[node.input[2]], dtype=np.float32)
    return Product(node, np.asarray(weight, dtype=np.float32), bias)


def _scheme(sample: Sample, products: list[Product]) -> Scheme:
    """Return the scheme for some products of one input."""
    return scheme.find(sample, np.concatenate([product.weight for product in products], axis=1))


class _Writer:
    """Puts bytes into a graph."""

    def __init__(self, model: onnx.ModelProto, *, portable: bool) -> None:
        self.model = model
        self.graph = model.graph
        self.portable = portable
        self.instead: dict[str, list[onnx.NodeProto]] = {}
        """The nodes that stand in a node's place, by its name."""

    def replace(self, source: str, products: list[Product], way: Scheme, sample: Sample) -> None:
        """Make some products of one input products of bytes."""
        scale = self._weight(f"{source}.scale", way.scale)
        zero = self._weight(f"{source}.zero", way.zero)
        before: list[onnx.NodeProto] = []
        value = source
        if way.smoothing is not None:
            factor = self._weight(f"{source}.smoothing", 1 / way.smoothing)
            before.append(_node("Mul", [source, factor], f"{source}.smooth"))
            value = f"{source}.smooth"
        before.append(_node("QuantizeLinear", [value, scale, zero], f"{source}.bytes"))
        if self.portable:
            inputs = [f"{source}.bytes", scale, zero]
            before.append(_node("DequantizeLinear", inputs, f"{source}.floats"))
        apart = f"{source}.apart"
        if len(way.apart):
            channels = self._weight(f"{source}.channels", way.apart)
            before.append(_node("Gather", [source, channels], apart))
            before[-1].attribute.append(helper.make_attribute("axis", -1))
        exact, rows = way.in_bytes(sample.rows), way.round_trip(sample.rows)
        for product in products:
            node, weight = product.node, way.weight(product.weight)
            bytes_, scales = signed(weight)
            off = exact @ weight - rows @ (bytes_.astype(np.float32) * scales)
            bias = off.mean(axis=0) + (0 if product.bias is None else product.bias)
            names = (
                self._weight(f"{node.name}.bytes", bytes_),
                self._weight(f"{node.name}.scales", scales),
                self._weight(f"{node.name}.bias", bias.astype(np.float32)),
            )
            whole, inner = node.output[0], f"{node.name}.inner"
            after = self._portable if self.portable else self._fused
            output = inner if len(way.apart) else whole
            nodes = [*before, *after(source, node.name, *names, output)]
            if len(way.apart):
                floats = self._weight(f"{node.name}.apart", product.weight[way.apart])
                nodes += _thin(apart, floats, inner, whole, flat=node.op_type == "Gemm")
            self.instead[node.name] = nodes
            before = []  # once for all of them, before the first

    def _fused(
        self, source: str, _: str, weight: str, scales: str, bias: str, output: str
    ) -> list[onnx.NodeProto]:
        inputs = [f"{source}.bytes", weight, f"{source}.scale", scales, f"{source}.zero", "", bias]
        return [_node("MatMulIntegerToFloat", inputs, output, MICROSOFT)]

    def _portable(
        self, source: str, name: str, weight: str, scales: str, bias: str, output: str
    ) -> list[onnx.NodeProto]:
        floats, product = f"{name}.floats", f"{name}.product"
        dequantise = _node("DequantizeLinear", [weight, scales], floats)
        dequantise.attribute.append(helper.make_attribute("axis", 1))
        return [
            dequantise,
            _node("MatMul", [f"{source}.floats", floats], product),
            _node("Add", [product, bias], output),
        ]

    def finish(self) -> None:
        """Put the new nodes in, tables into bytes, and leave out what nobody reads."""
        nodes = []
        for node in self.graph.node:
            nodes += self.instead.get(node.name, [node])
        self._replace_nodes([new for node in nodes for new in self._table(node)])
        read = {name for node in self.graph.node for name in node.input}
        kept = [one for one in self.graph.initializer if one.name in read]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)

    def _replace_nodes(self, nodes: list[onnx.NodeProto]) -> None:
        del self.graph.node[:]
        self.graph.node.extend(nodes)

    def _table(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Return nodes that read from a table of bytes, where the node reads from a large one."""
        known = {one.name: one for one in self.graph.initializer}
        if node.op_type != "Gather" or node.input[0] not in known:
            return [node]
        table = numpy_helper.to_array(known[node.input[0]])
        if table.ndim != 2 or len(table) < TABLE or table.dtype != np.float32:  # noqa: PLR2004
            return [node]
        bytes_, scales = signed(table.T)
        name = node.input[0]
        stored = self._weight(f"{name}.bytes", np.ascontiguousarray(bytes_.T))
        factors = self._weight(f"{name}.scales", scales[:, None])
        return [
            _node("Gather", [stored, node.input[1]], f"{name}.read"),
            _node("Gather", [factors, node.input[1]], f"{name}.factors"),
            helper.make_node("Cast", [f"{name}.read"], [f"{name}.cast"], to=onnx.TensorProto.FLOAT),
            _node("Mul", [f"{name}.cast", f"{name}.factors"], node.output[0]),
        ]

    def _weight(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _thin(apart: str, weight: str, inner: str, output: str, *, flat: bool) -> list[onnx.NodeProto]:
    """Return what adds the product of some channels in float; `flat` where rows are (n, K)."""
    if flat:
        return [_node("Gemm", [apart, weight, inner], output)]
    product = f"{output}.thin"
    return [
        _node("MatMul", [apart, weight], product),
        _node("Add", [product, inner], output),
    ]


def _node(kind: str, inputs: list[str], output: str, domain: str = "") -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], name=output, domain=domain)
