"""Whether a cross-validation is of the recipe by which a model was trained.

Only then are its models as sure of what they say as that one, whose decision is fitted on them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overtone.config import Table
from overtone.errors import InputError
from overtone.experiment.recipe import check
from overtone.experiment.run import MACHINE

APART = {"data", "calibration", "decision"}
"""Sections that may differ: which texts they are is known by their hash, and the other two are what
is fitted."""
LEFT_OUT = {"training": MACHINE | {"seed"}, "init": {"model"}}
"""Options that may: they are about the machine or the draw, or a path to what a hash names."""


def check_same(folder: Path, trained: Mapping[str, Any]) -> None:
    """Refuse a cross-validation of another recipe.

    Args:
        folder: that of the cross-validation.
        trained: the model's recipe, as its manifest has it.

    Raises:
        InputError: its recipe is another one, or is not there.

    """
    path = folder / "config.toml"
    try:
        theirs = _compared(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(
            f"expected a cross-validation in {folder}, found no {path.name}: overtone "
            "crossvalidate makes one"
        ) from error
    except (ValueError, InputError) as error:
        raise InputError(f"{path} is damaged ({error}): cross-validate again") from error
    ours = _compared(trained)
    found = [
        f"{key} is {theirs.get(key)!r} there and {ours.get(key)!r} in the model"
        for key in {**ours, **theirs}
        if ours.get(key) != theirs.get(key)
    ]
    if found:
        raise InputError(
            f"expected a cross-validation of the model's own recipe, found another in {folder}: "
            f"{'; '.join(found)}; cross-validate with the model's, for models of another recipe "
            "are not as sure of what they say"
        )


def _compared(recipe: Mapping[str, Any]) -> Table:
    """Return what is compared of a recipe, a value for each `section.key`."""
    return {
        f"{section}.{key}": value
        for section, options in check(recipe).to_json().items()
        if section not in APART
        for key, value in options.items()
        if key not in LEFT_OUT.get(section, ())
    }
