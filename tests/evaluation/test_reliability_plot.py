"""The drawn reliability curves: files that can be opened, whatever the labels are called."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import NormalDist
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from overtone.errors import InputError
from overtone.evaluation import reliability_plot
from overtone.evaluation.calibration import CalibrationScores, measure
from overtone.evaluation.proportion import wilson
from overtone.evaluation.reliability_plot import write
from overtone.labels import Labels
from overtone.report.picture import check


def scores(*names: str, n: int = 50, equal_mass: bool = False) -> CalibrationScores:
    rng = np.random.default_rng(0)
    probabilities = rng.random((n, len(names))).astype(np.float32)
    targets = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    if len(names) > 2:
        targets[:, -1] = np.nan
    return measure(targets, probabilities, Labels.of(*names), equal_mass=equal_mass)


def texts(path: Path) -> list[str]:
    """Return the texts of an SVG, which must be well-formed for that."""
    svg = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - it is our own
    return ["".join(one.itertext()) for one in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_a_png_is_a_picture_that_is_wide_enough(tmp_path: Path) -> None:
    write(scores("joy", "fear", "trust"), tmp_path / "new" / "curves.PNG", "a model")
    content = (tmp_path / "new" / "curves.PNG").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(content[16:20], "big") >= 800
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["curves.PNG"]


def test_every_label_has_a_panel_and_the_scores_stand_in_it(tmp_path: Path) -> None:
    found = scores("joy", "fear", "trust")
    write(found, tmp_path / "curves.svg", "model on data, dev")
    shown = texts(tmp_path / "curves.svg")
    for expected in ("model on data, dev", "all labels", "joy", "fear", "trust"):
        assert shown.count(expected) == 1
    joy = found.per_label["joy"]
    assert f"ECE {joy.ece:.3f} · {joy.positives:.0f} of 50" in shown
    assert "not annotated · 0 of 0" in shown
    assert any("15 bins of equal width" in text for text in shown)


def test_one_label_alone_is_not_also_drawn_pooled(tmp_path: Path) -> None:
    write(scores("joy", equal_mass=True), tmp_path / "curves.svg", "")
    shown = texts(tmp_path / "curves.svg")
    assert "joy" in shown
    assert "all labels" not in shown
    assert any("equally many texts" in text for text in shown)


def test_of_very_many_labels_those_with_most_positives_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reliability_plot, "MOST_PANELS", 5)
    found = scores(*(f"label {number}" for number in range(9)), n=10)
    write(found, tmp_path / "curves.svg", "")
    shown = texts(tmp_path / "curves.svg")
    drawn = {name for name in found.per_label if name in shown}
    assert len(drawn) == 4
    left_out = [one.positives for name, one in found.per_label.items() if name not in drawn]
    assert min(found.per_label[name].positives for name in drawn) >= max(left_out)
    assert any("5 labels with fewer texts are left out" in text for text in shown)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_no_label_is_read_as_a_formula_markup_or_command(kind: str, tmp_path: Path) -> None:
    names = ["$\\frac{$", "$x^2$", "<script>&amp;", "jo\x1b[31my\x00", "喜び", "x" * 99]
    path = tmp_path / f"curves.{kind}"
    write(scores(*names), path, "<b>$\\title{$\x07" + "x" * 500)
    if kind == "svg":
        shown = texts(path)
        assert {*names[:3], "jo [31my ", "喜び", "x" * 25 + "…"} <= set(shown)
        assert any(text.startswith("<b>$\\title{$ xxx") and text.endswith("…") for text in shown)
        assert "<script" not in path.read_text(encoding="utf-8")


def test_the_user_s_settings_change_nothing_and_are_not_changed(tmp_path: Path) -> None:
    found = scores("joy", "fear")
    write(found, tmp_path / "one.svg", "a model")
    user: Any = {"font.size": 30, "text.usetex": True, "svg.fonttype": "path", "savefig.dpi": 9}
    with mpl.rc_context(user):
        write(found, tmp_path / "two.svg", "a model")
        assert {key: mpl.rcParams[key] for key in user} == user
    one, two = ((tmp_path / name).read_text(encoding="utf-8") for name in ("one.svg", "two.svg"))
    # But for ids and the date, which are never the same, and the last digits of places.
    style = re.compile(r'viewBox="[^"]*"|font: [^;"]*|stroke-width: [^;"]*|stroke: [^;"]*')
    assert style.findall(one) == style.findall(two)
    assert texts(tmp_path / "one.svg") == texts(tmp_path / "two.svg")


@pytest.mark.parametrize("name", ["curves.pdf", "curves", "png", "curves.svg.gz"])
def test_a_file_of_another_kind_is_refused_and_not_made(name: str, tmp_path: Path) -> None:
    for refuse in (check, lambda path: write(scores("joy"), path, "")):
        with pytest.raises(InputError, match=r"ends in \.png or \.svg for the plot, found"):
            refuse(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_intervals_are_wilson_s() -> None:
    found = wilson(np.array([0, 0.5, 1]), np.array([10, 10, 10]))
    z = NormalDist().inv_cdf(0.975)
    np.testing.assert_allclose(found[:, 0], [0, z**2 / (10 + z**2)], atol=1e-6)
    np.testing.assert_allclose(found[:, 2], [10 / (10 + z**2), 1], atol=1e-6)
    # Where the interval ends, the rate found is z standard deviations off.
    for end in found[:, 1]:
        assert abs(0.5 - end) == pytest.approx(z * np.sqrt(end * (1 - end) / 10), abs=1e-6)
