"""Intervals of a share that was counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""The normal distribution's 97.5 % point: intervals of 95 %."""


def wilson(rate: NDArray[np.float64], n: NDArray[np.int64], z: float = Z) -> NDArray[np.float64]:
    """Return the ends of intervals of rates out of n, (2, B), 95 % unless z says otherwise.

    Source: Wilson (Journal of the American Statistical Association 22, 1927).
    """
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return np.stack([middle - half, middle + half])
