"""What overtone and each of its extras bring: packages and theirs, as they are installed here."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
BASE = "base"
"""What overtone brings without extras."""
FOR_DEVELOPERS = ("dev",)
"""Extras that no user installs."""
VENDORS = ("cuda-", "nvidia-", "triton")
"""Packages that torch's default build for Linux brings besides, and its CPU build doesn't."""


def asked() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml asks for by name: the base, then each extra."""
    extras = {
        name: wanted
        for name, wanted in PROJECT["optional-dependencies"].items()
        if name not in FOR_DEVELOPERS
    }
    lists = {BASE: PROJECT["dependencies"], **extras}
    return {name: list(map(Requirement, wanted)) for name, wanted in lists.items()}


def brought(wanted: list[Requirement]) -> dict[str, metadata.Distribution]:
    """Return the packages that requirements bring, by name.

    Raises:
        PackageNotFoundError: one is not installed here.

    """
    found: dict[str, metadata.Distribution] = {}
    done: set[tuple[str, str]] = set()
    left = [(each, "") for each in wanted]
    while left:
        each, extra = left.pop()
        name = canonicalize_name(each.name)
        if each.marker and not each.marker.evaluate({"extra": extra}):
            continue
        if name.startswith(VENDORS):
            continue
        found[name] = metadata.distribution(name)
        for chosen in ("", *each.extras):
            if (name, chosen) not in done:
                done.add((name, chosen))
                left += [(Requirement(text), chosen) for text in found[name].requires or ()]
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """Return a package's licence, as it names it itself; `unknown` where it doesn't."""
    said = package.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    kinds = [
        kind.rpartition(" :: ")[2].removesuffix(" License")
        for kind in said.get_all("Classifier") or ()
        if kind.startswith("License :: ") and kind != "License :: OSI Approved"
    ]
    first = (said.get_all("License") or [""])[0].strip().partition("\n")[0]
    return " AND ".join(kinds) or first[:60] or "unknown"
