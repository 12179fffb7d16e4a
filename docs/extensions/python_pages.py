"""The reference of the Python interface: a page for each public name, for autodoc to fill."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Iterator
from typing import Any

import overtone

LEFT_OUT = "__version__"


def pages() -> dict[str, str]:
    """Return each page's text by its name, `index` among them."""
    names = sorted(set(overtone.__all__) - {LEFT_OUT}, key=str.lower)
    items = {name: getattr(overtone, name) for name in names}
    results = {cls.__name__: cls for name in names for cls in _returned(items[name])}
    made = {name: "\n".join(_page(name, item)) for name, item in items.items()}
    made |= {name: "\n".join(_class(name, cls.__module__)) for name, cls in results.items()}
    return {"index": _index(names, sorted(results)), **made}


def _index(names: list[str], results: list[str]) -> str:
    """Return the page that lists the names."""
    rows = [f"| [`overtone.{name}`]({name}.md) | {_first(getattr(overtone, name))} |"
            for name in names]  # fmt: skip
    return "\n".join([
        "# Python", "",
        "`import overtone` imports nothing heavy; a name is imported when it is first used.", "",
        "| name | |", "|---|---|", *rows, "",
        "## What they return", "",
        ", ".join(f"[`{name}`]({name}.md)" for name in results), "",
        "```{toctree}", ":hidden:", "", *names, *results, "```", "",
    ])  # fmt: skip


def _page(name: str, item: Any) -> Iterator[str]:  # noqa: ANN401 - a function or a class
    """Yield the page of a public name."""
    if inspect.isclass(item):
        yield from _class(name, "overtone")
        return
    yield from (f"# overtone.{name}", "")
    yield from ("```{eval-rst}", f".. autofunction:: overtone.{name}", "```", "")
    for cls in _returned(item):
        yield from (f"Returns: [`{cls.__name__}`]({cls.__name__}.md).", "")


def _class(name: str, module: str) -> Iterator[str]:
    """Yield the page of a class and its members."""
    path = f"{module}.{name}"
    yield from (f"# {name}" if module != "overtone" else f"# {path}", "")
    yield from ("```{eval-rst}", f".. autoclass:: {path}", "   :members:", "```", "")


def _returned(function: Any) -> list[type]:  # noqa: ANN401
    """Return the classes of overtone that a function returns, but for those with their own page."""
    if inspect.isclass(function):
        return []
    kind = typing.get_type_hints(function).get("return")
    kinds = typing.get_args(kind) or (kind,)
    return [
        each
        for each in kinds
        if dataclasses.is_dataclass(each)
        and isinstance(each, type)
        and each.__name__ not in overtone.__all__
    ]


def _first(item: object) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(item) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
