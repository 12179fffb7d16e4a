"""How the inputs of a product become bytes: the scales with the least error, on a sample.

Three things keep the answers, each where it brings more than it costs:

- A few channels that are far larger than the rest (in MiniLM's feed-forward layers a single one, in
  a few tokens) stay in float, as a thin product of their own: Dettmers et al., LLM.int8() (NeurIPS
  2022). Their range was what flipped labels.
- Smoothing (Xiao et al., SmoothQuant, ICML 2023): channels that are large in the activations are
  divided before the product, and their rows of the weights multiplied.
- Ranges are those with the least error in the product, not the extremes: outliers are clipped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overtone.inference.export.calibrate import Sample

Floats = NDArray[np.float32]

STRENGTHS = (0.4, 0.6)
"""Degrees of smoothing that are tried."""
APART = (2, 4)
"""Numbers of channels in float that are tried."""
CLIPS = (1.0, 0.9, 0.8, 0.65)
"""Shares of the extremes at which ranges are cut."""
WORTH = 0.8
"""Each must bring the error below this share of what is there without, for it costs time."""
LEVELS = 255


@dataclass(frozen=True)
class Scheme:
    """How the input of some products becomes bytes."""

    scale: np.float32
    zero: np.uint8
    smoothing: Floats | None
    """(K,) what the input's channels are divided by."""
    apart: NDArray[np.int64]
    """Channels that stay in float."""

    def round_trip(self, rows: Floats) -> Floats:
        """Return rows (n, K) as the bytes say them, smoothed."""
        smooth = self.in_bytes(rows)
        found = np.clip(np.rint(smooth / self.scale) + int(self.zero), 0, LEVELS)
        return np.asarray((found - int(self.zero)) * self.scale, dtype=np.float32)

    def in_bytes(self, rows: Floats) -> Floats:
        """Return what of rows (n, K) becomes bytes: smoothed, and 0 where it stays in float."""
        found = rows.copy() if self.smoothing is None else rows / self.smoothing
        found[:, self.apart] = 0
        return found

    def weight(self, weight: Floats) -> Floats:
        """Return what of the weights (K, N) becomes bytes."""
        found = weight.copy() if self.smoothing is None else weight * self.smoothing[:, None]
        found[self.apart] = 0
        return found


def find(sample: Sample, weight: Floats) -> Scheme:
    """Return the scheme with the least error in the product of an input with weights (K, N)."""
    one = np.float32(1)
    none = np.zeros(0, dtype=np.int64)
    by_size = np.argsort(-sample.extremes, kind="stable")
    plain = Scheme(one, np.uint8(0), None, none)
    # Smoothing costs a pass over the input, channels in float one over the output.
    if weight.shape[0] > weight.shape[1]:
        others = [replace(plain, apart=np.sort(by_size[:count])) for count in APART]
    else:
        others = [
            replace(plain, smoothing=_smoothing(sample, weight, degree)) for degree in STRENGTHS
        ]
    error, best = _clipped(sample, weight, plain)
    enough = error * WORTH
    for other in others:
        error, scheme = _clipped(sample, weight, other)
        if error < enough:
            enough, best = error, scheme
    return best


def _smoothing(sample: Sample, weight: Floats, strength: float) -> Floats:
    """Return what channels are divided by, (K,), about 1 in the middle."""
    large = np.maximum(sample.extremes, 1e-5) ** strength
    found = large / np.maximum(np.abs(weight).max(axis=1), 1e-5) ** (1 - strength)
    return np.asarray(found / np.exp(np.log(found).mean()), dtype=np.float32)


def _clipped(sample: Sample, weight: Floats, scheme: Scheme) -> tuple[float, Scheme]:
    """Return the least error over the shares of the extremes, and the scheme that has it."""
    rows = scheme.in_bytes(sample.rows)
    truth = rows @ scheme.weight(weight)
    bytes_, scales = signed(scheme.weight(weight))
    rounded = bytes_.astype(np.float32) * scales
    low, high = min(float(rows.min()), 0.0), max(float(rows.max()), 0.0)
    best: tuple[float, Scheme] | None = None
    for clip in CLIPS:
        scale = np.float32(max((high - low) * clip / LEVELS, 1e-8))
        zero = np.uint8(np.clip(np.rint(-low * clip / scale), 0, LEVELS))
        clipped = replace(scheme, scale=scale, zero=zero)
        error = float(np.square(clipped.round_trip(sample.rows) @ rounded - truth).mean())
        if best is None or error < best[0]:
            best = error, clipped
    assert best is not None  # noqa: S101 - there are clips
    return best


def signed(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return a matrix (K, N) as signed bytes, and the scale of each column, (N,)."""
    scales = np.maximum(np.abs(weight).max(axis=0), 1e-8) / 127
    found = np.clip(np.rint(weight / scales), -127, 127)
    return found.astype(np.int8), np.asarray(scales, dtype=np.float32)
