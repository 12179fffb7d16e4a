"""A table of figures, apart from how it is written, and how each kind of figure is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from overtone.evaluation.bootstrap import Interval
from overtone.evaluation.compare import Difference
from overtone.study.results import Spread

Kind = Literal["text", "score", "points", "p", "seconds", "clock", "count", "number", "share"]
Value = str | float | int | Spread | Interval | None
"""What a cell may hold; None where there is no such figure."""

POINTS = 100
"""A point is a hundredth of a score."""
MILLION = 1e6
LEAST = 0.001
"""P-values below it are not told apart."""
NONE = "\u2013"
"""A dash, where there is no figure."""


@dataclass(frozen=True)
class Column:
    """One column."""

    key: str
    """Its head in CSV."""
    head: str
    """Its head for people."""
    kind: Kind = "text"
    paper: bool = False
    """Whether its figures are the paper's, not ours."""


@dataclass(frozen=True)
class Table:
    """Rows of figures under columns, and what one must know to read them."""

    name: str
    """By which its file is called."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()


def shown(value: Value, kind: Kind) -> str:
    """Return a figure as people read it."""
    if value is None:
        return NONE
    if isinstance(value, str):
        return value
    if isinstance(value, Spread):
        return _spread(value, kind)
    if isinstance(value, Interval):
        low, high = (_number(bound, kind) for bound in (value.low, value.high))
        return f"{_number(value.value, kind)} [{low}, {high}]"
    return _number(value, kind)


def parts(value: Value, column: Column) -> dict[str, str]:
    """Return a figure for CSV: plain numbers, each in a column of its own."""
    key, scale = column.key, POINTS if column.kind == "points" else 1
    if value is None or isinstance(value, str):
        return {key: value or ""}
    found: dict[str, float | None] = {}
    if isinstance(value, Spread):
        found = {key: value.mean, f"{key}_sd": value.sd}
    elif isinstance(value, Interval):
        found = {key: value.value, f"{key}_low": value.low, f"{key}_high": value.high}
        if isinstance(value, Difference):
            found[f"{key}_p"] = value.p_value / scale
    else:
        found = {key: value}
    return {
        name: "" if number is None else f"{number * scale:.6g}" for name, number in found.items()
    }


def machine_name(machine: Mapping[str, Any]) -> str:
    """Return what `cell.json` says of the machine, in words."""
    return (
        f"{machine['device']} ({machine['processor']}, {machine['cores']} cores, "
        f"{machine['threads']} threads, torch {machine['torch']})"
    )


def _spread(value: Spread, kind: Kind) -> str:
    """Return a mean and its deviation; of what isn't a score, to the latter's second digit."""
    mean, sd = value.mean, value.sd
    if sd is None:
        return _number(mean, kind)
    if kind not in {"seconds", "count", "number"}:
        return f"{_number(mean, kind)} ± {_number(sd, kind)}"
    if sd == 0:
        return f"{mean:,.4g} ± 0"
    places = max(0, 1 - math.floor(math.log10(sd)))
    return f"{mean:,.{places}f} ± {sd:,.{places}f}"


def _number(value: float, kind: Kind) -> str:
    """Return one number."""
    if kind == "clock":
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if kind == "p" and value < LEAST:
        return f"<{LEAST}"
    if kind == "count" and not float(value).is_integer() and value < POINTS:
        kind = "number"
    if kind == "seconds" and value < POINTS:
        return f"{value:.3g}"
    return {
        "p": f"{value:.3f}",
        "points": f"{value * POINTS:+.2f}",
        "share": f"{100 * value:.1f} %",
        "score": f"{value:.4f}",
        "count": f"{value:,.0f}",
        "seconds": f"{value:,.0f}",
    }.get(kind, f"{value:,.4g}")
