"""Makes products of floats products of bytes: static scales, found on calibration texts.

Activations become unsigned bytes with one scale a tensor, weights signed bytes with one scale a
column, which is what x86 multiplies fast. Three things keep the answers:

- Smoothing (Xiao et al., SmoothQuant, ICML 2023): a channel that is large in the activations is
  divided before the product and its row of the weights multiplied, where that helps.
- Ranges are those with the least error in the product, not the extremes: outliers are clipped.
- What the product is off by on average is put right in its bias.

Scales don't depend on the batch, so neither do the answers. Word vectors are stored as bytes too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from overtone.inference.export import calibrate
from overtone.inference.export.calibrate import Sample
from overtone.inference.export.graph import MICROSOFT
from overtone.inputs import Batch

Floats = NDArray[np.float32]

SMALLEST = 16
"""Products with fewer columns stay in float: they cost nothing."""
STRENGTHS = (0.0, 0.4, 0.6)
"""Degrees of smoothing that are tried; 0 is none."""
CLIPS = (1.0, 0.9, 0.8, 0.65, 0.5)
"""Shares of the extremes at which ranges are cut."""
WORTH = 0.8
"""Smoothing must bring the error below this share, for it costs a multiplication of its own."""
LEVELS = 255
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


@dataclass(frozen=True)
class Scheme:
    """How the input of some products becomes bytes."""

    scale: np.float32
    zero: np.uint8
    smoothing: Floats | None
    """(K,) what the input's channels are divided by."""

    def round_trip(self, rows: Floats) -> Floats:
        """Return rows (n, K) as the bytes say them, smoothed."""
        smooth = rows if self.smoothing is None else rows / self.smoothing
        found = np.clip(np.rint(smooth / self.scale) + int(self.zero), 0, LEVELS)
        return np.asarray((found - int(self.zero)) * self.scale, dtype=np.float32)


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
    """Return the scheme with the least error in some products of one input."""
    weight = np.concatenate([product.weight for product in products], axis=1)  # (K, N)
    truth = sample.rows @ weight
    best: tuple[float, Scheme] | None = None
    for strength in STRENGTHS:
        smoothing = _smoothing(sample, weight, strength) if strength else None
        error, scheme = _clipped(sample, weight, truth, smoothing)
        if best is None or error < best[0] * (WORTH if best[1].smoothing is None else 1):
            best = error, scheme
    assert best is not None  # noqa: S101 - there are strengths
    return best[1]


def _smoothing(sample: Sample, weight: Floats, strength: float) -> Floats:
    """Return what channels are divided by, (K,), about 1 in the middle."""
    large = np.maximum(sample.extremes, 1e-5) ** strength
    found = large / np.maximum(np.abs(weight).max(axis=1), 1e-5) ** (1 - strength)
    return np.asarray(found / np.exp(np.log(found).mean()), dtype=np.float32)


def _clipped(
    sample: Sample, weight: Floats, truth: Floats, smoothing: Floats | None
) -> tuple[float, Scheme]:
    """Return the least error over the shares of the extremes, and the scheme that has it."""
    rows = sample.rows if smoothing is None else sample.rows / smoothing
    bytes_, scales = signed(weight if smoothing is None else weight * smoothing[:, None])
    rounded = bytes_.astype(np.float32) * scales
    low, high = min(float(rows.min()), 0.0), max(float(rows.max()), 0.0)
    best: tuple[float, Scheme] | None = None
    for clip in CLIPS:
        scale = np.float32(max((high - low) * clip / LEVELS, 1e-8))
        zero = np.uint8(np.clip(np.rint(-low * clip / scale), 0, LEVELS))
        scheme = Scheme(scale, zero, smoothing)
        error = float(np.square(scheme.round_trip(sample.rows) @ rounded - truth).mean())
        if best is None or error < best[0]:
            best = error, scheme
    assert best is not None  # noqa: S101 - there are clips
    return best


def signed(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return a matrix (K, N) as signed bytes, and the scale of each column, (N,)."""
    scales = np.maximum(np.abs(weight).max(axis=0), 1e-8) / 127
    found = np.clip(np.rint(weight / scales), -127, 127)
    return found.astype(np.int8), np.asarray(scales, dtype=np.float32)


class _Writer:
    """Puts bytes into a graph."""

    def __init__(self, model: onnx.ModelProto, *, portable: bool) -> None:
        self.model = model
        self.graph = model.graph
        self.portable = portable
        self.instead: dict[str, list[onnx.NodeProto]] = {}
        """The nodes that stand in a node's place, by its name."""

    def replace(self, source: str, products: list[Product], scheme: Scheme, sample: Sample) -> None:
        """Make some products of one input products of bytes."""
        scale = self._weight(f"{source}.scale", scheme.scale)
        zero = self._weight(f"{source}.zero", scheme.zero)
        before: list[onnx.NodeProto] = []
        value = source
        if scheme.smoothing is not None:
            factor = self._weight(f"{source}.smoothing", 1 / scheme.smoothing)
            before.append(_node("Mul", [source, factor], f"{source}.smooth"))
            value = f"{source}.smooth"
        before.append(_node("QuantizeLinear", [value, scale, zero], f"{source}.bytes"))
        if self.portable:
            inputs = [f"{source}.bytes", scale, zero]
            before.append(_node("DequantizeLinear", inputs, f"{source}.floats"))
        rows = scheme.round_trip(sample.rows)
        for product in products:
            node, weight = product.node, product.weight
            if scheme.smoothing is not None:
                weight = weight * scheme.smoothing[:, None]
            bytes_, scales = signed(weight)
            off = sample.rows @ product.weight - rows @ (bytes_.astype(np.float32) * scales)
            bias = off.mean(axis=0) + (0 if product.bias is None else product.bias)
            names = (
                self._weight(f"{node.name}.bytes", bytes_),
                self._weight(f"{node.name}.scales", scales),
                self._weight(f"{node.name}.bias", bias.astype(np.float32)),
            )
            after = self._portable if self.portable else self._fused
            self.instead[node.name] = [*before, *after(source, node, *names)]
            before = []  # once for all of them, before the first

    def _fused(
        self, source: str, node: onnx.NodeProto, weight: str, scales: str, bias: str
    ) -> list[onnx.NodeProto]:
        inputs = [f"{source}.bytes", weight, f"{source}.scale", scales, f"{source}.zero", "", bias]
        return [_node("MatMulIntegerToFloat", inputs, node.output[0], MICROSOFT)]

    def _portable(
        self, source: str, node: onnx.NodeProto, weight: str, scales: str, bias: str
    ) -> list[onnx.NodeProto]:
        floats, product = f"{node.name}.floats", f"{node.name}.product"
        dequantise = _node("DequantizeLinear", [weight, scales], floats)
        dequantise.attribute.append(helper.make_attribute("axis", 1))
        return [
            dequantise,
            _node("MatMul", [f"{source}.floats", floats], product),
            _node("Add", [product, bias], node.output[0]),
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


def _node(kind: str, inputs: list[str], output: str, domain: str = "") -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], name=output, domain=domain)
