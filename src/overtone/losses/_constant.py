"""Constants of a loss, such as weights: copied to a device once, not in every step."""

from __future__ import annotations

from torch import Tensor


class Constant:
    """A tensor that stays where it was last needed: each copy from the host makes it wait."""

    def __init__(self, values: Tensor) -> None:
        """Store the values."""
        self._values = values
        self._copy = values

    def like(self, other: Tensor) -> Tensor:
        """Return the values on the device and in the precision of another tensor."""
        if (self._copy.device, self._copy.dtype) != (other.device, other.dtype):
            self._copy = self._values.to(other)
        return self._copy
