"""What is saved of a label's curve, and what of it is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from overtone import calibration
from overtone.errors import InputError
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear")
LINE = {"name": "platt", "slope": 0.7, "intercept": -0.4}
POINTS = {"name": "isotonic", "at": [0.0, 0.4, 1.0], "values": [0.1, 0.1, 0.9]}
SCALE = {"name": "temperature", "temperature": 1.3}


def saved(kind: str, /, **joy: object) -> dict[str, Any]:
    return {"name": kind, "labels": {"joy": joy, "fear": {"name": "none"}}}


@pytest.mark.parametrize("curve", [LINE, POINTS, SCALE])
def test_every_kind_of_curve_is_restored_as_it_was(curve: dict[str, Any]) -> None:
    for name in (curve["name"], "auto"):
        found = calibration.restore(saved(name, **curve), LABELS).to_json()
        assert found == saved(name, **{**curve, **{
            key: tuple(value) for key, value in curve.items() if isinstance(value, list)
        }})  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "platt"}, "expected 'name' and a table 'labels'"),
        ({"name": "platt", "labels": [LINE]}, "expected 'name' and a table 'labels'"),
        ({"name": "platt", "labels": {"joy": LINE}}, "labels 'joy', the model's are 'joy', 'fear'"),
        (
            {"name": "platt", "labels": dict.fromkeys(("joy", "fear", "hope"), LINE)},
            "labels 'joy', 'fear', 'hope', the model's",
        ),
        ({"name": "platt", "labels": {"joy": LINE, "fear": None}}, "the label 'fear' is none of"),
        (saved("platt", **SCALE), "the label 'joy' is none of platt, none"),
        (saved("auto", name="auto"), "is none of temperature, platt, isotonic, none"),
        (saved("platt", name=["platt"]), "the label 'joy' is none of"),
        (saved("platt", name="platt", slope=1.0), "labels.joy.intercept is missing"),
        (saved("platt", **LINE, more=1), "labels.joy.more is not an option"),
        (saved("platt", **{**LINE, "slope": 0.0}), "slope must be between 0.05 and 20"),
        (saved("platt", **{**LINE, "slope": -1.0}), "slope must be between 0.05 and 20"),
        (saved("platt", **{**LINE, "intercept": float("nan")}), "must be a finite number"),
        (saved("platt", **{**LINE, "intercept": "1"}), "intercept must be a number"),
        (saved("temperature", name="temperature", temperature=0), "between 0.05 and 20"),
        (saved("isotonic", **{**POINTS, "at": [0.0, 1.0]}), "2 points and 3 values"),
        (saved("isotonic", **{**POINTS, "at": [0.0, 0.0, 1.0]}), "points from 0 to 1 that rise"),
        (saved("isotonic", **{**POINTS, "at": [0.1, 0.4, 1.0]}), "points from 0 to 1 that rise"),
        (saved("isotonic", **{**POINTS, "values": [0.2, 0.1, 0.9]}), "that never fall"),
        (saved("isotonic", name="isotonic", at=[], values=[]), "points from 0 to 1"),
        (saved("isotonic", name="isotonic", at=[0.0], values=[0.0]), "points from 0 to 1"),
        (saved("isotonic", **{**POINTS, "values": [0.1, 0.1, 1.1]}), "between 0 and 1"),
    ],
)
def test_what_is_no_calibration_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        calibration.restore(wrong, LABELS)
