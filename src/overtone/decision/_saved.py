"""Reading what a decision saved: numbers by label name, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from overtone.errors import InputError
from overtone.labels import Labels


def numbers(saved: Mapping[str, object], key: str, labels: Labels) -> NDArray[np.float64]:
    """Return the finite numbers under a key, one a label, in the labels' order, (C,).

    Raises:
        InputError: they are not there, not numbers, or not those of the labels.

    """
    table = saved.get(key)
    if not isinstance(table, Mapping) or set(table) != set(labels.names):
        raise InputError(
            f"the saved decision needs under {key} a number for each label "
            f"({', '.join(labels.names)}), found {_short(table)}"
        )
    return np.asarray([number(table[name], f"{key}.{name}") for name in labels.names])


def number(value: object, where: str) -> float:
    """Return a finite number.

    Raises:
        InputError: it is something else.

    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"the saved decision needs a finite number under {where}, found {value!r}")
    return float(value)


def check_keys(saved: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse keys that a decision doesn't write.

    Raises:
        InputError: there are some.

    """
    if unknown := sorted(map(str, set(saved) - set(known))):
        raise InputError(
            f"the saved decision {saved.get('name')} has {', '.join(unknown)}, which it doesn't "
            "know: install the version of overtone that wrote it"
        )


def by_name(values: NDArray[np.floating], labels: Labels) -> dict[str, float]:
    """Return numbers (C,) by label name."""
    return dict(zip(labels.names, map(float, values), strict=True))


def _short(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Mapping) else repr(value)
