"""What every calibration promises, old or new."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overtone import calibration
from overtone.calibration import Calibration
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError, InputError
from overtone.labels import Labels

PACKAGE = "overtone.calibration"
NAMES = plugin_names(PACKAGE)
LABELS = Labels.of("joy", "fear", "severe_toxic")
F32 = NDArray[np.float32]

quick = settings(deadline=None, max_examples=25)
EXTREMES = [0.0, 1e-45, 2.0**-126, 1e-7, 0.5, 1 - 2.0**-24, 1.0]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return a plugin's name, each in turn."""
    return str(request.param)


def case(seed: int = 0, n: int = 300) -> tuple[F32, F32]:
    """Return probabilities that say too much, too little and the right thing, and their truth."""
    rng = np.random.default_rng(seed)
    p = rng.random((n, 3)) ** 2
    targets = (rng.random((n, 3)) < p).astype(np.float32)
    logits = np.log(p / (1 - p)) * [3, 0.4, 1] + [1, 0, 0]
    return (1 / (1 + np.exp(-logits))).astype(np.float32), targets


@pytest.fixture
def fitted(name: str) -> Calibration:
    """Fit the plugin on a case."""
    return calibration.fit(name, {}, *case(), LABELS)


def drawn(seed: int) -> tuple[F32, F32]:
    """Return a case to break something: few texts, gaps, extremes, ties, soft or one-sided."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    probabilities = rng.choice(
        [rng.random((n, 3)), rng.integers(0, 4, (n, 3)) / 3, rng.choice(EXTREMES, (n, 3))]
    ).astype(np.float32)
    targets = rng.random((n, 3)) < rng.choice([0.0, 0.1, 0.5, 1.0], 3)
    targets = np.where(rng.random() < 0.3, rng.random((n, 3)), targets)
    gaps = rng.random((n, 3)) < rng.choice([0.0, 0.5, 1.0], 3)
    return probabilities, np.where(gaps, np.nan, targets).astype(np.float32)


def rising() -> F32:
    """Return probabilities that rise: all over, in neighbours, and at the ends."""
    some = np.concatenate([np.linspace(0, 1, 300), np.geomspace(1e-45, 1, 200), EXTREMES])
    some = some.astype(np.float32)
    near = [np.nextafter(some, np.float32(end)) for end in (0, 1)]
    return np.unique(np.concatenate([some, *near]))


def test_there_are_plugins() -> None:
    assert NAMES == ["auto", "isotonic", "none", "platt", "temperature"]


def test_a_plugin_is_documented_and_its_config_frozen(name: str) -> None:
    plugin = find_plugin(PACKAGE, name)
    assert plugin.__doc__
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(plugin.Config()))


def test_an_unknown_option_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"calibration\.no_such_option"):
        calibration.fit(name, {"no_such_option": 1}, *case(), LABELS)


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_what_is_calibrated_keeps_its_shape(fitted: Calibration, rows: int) -> None:
    probabilities, _ = case(1, rows)
    before = probabilities.copy()
    found = fitted.calibrate(probabilities)
    assert found.shape == (rows, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(probabilities, before)


def test_a_row_s_calibration_does_not_depend_on_other_rows(fitted: Calibration) -> None:
    probabilities, _ = case(2, 9)
    alone = [fitted.calibrate(probabilities[row : row + 1])[0] for row in range(9)]
    np.testing.assert_array_equal(fitted.calibrate(probabilities), alone)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"none"}))
def test_probabilities_come_true_as_often_as_they_say(name: str) -> None:
    found = calibration.fit(name, {"per_label": True} if name == "temperature" else {},
                            *case(0, 4000), LABELS)  # fmt: skip
    probabilities, targets = case(1, 4000)

    def loss(p: F32) -> Any:  # noqa: ANN401 - an array or a number
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return -np.mean(np.where(targets > 0.5, np.log(p), np.log1p(-p)), axis=0)

    before, after = loss(probabilities), loss(found.calibrate(probabilities))
    assert (after[:2] < before[:2] - 0.01).all()
    assert after[2] < before[2] + 0.005  # it was right before


@quick
@given(seed=st.integers(0, 10**6))
@pytest.mark.parametrize("name", NAMES)
def test_whatever_it_is_fitted_on_it_rises_from_0_to_1_and_survives_json(
    name: str, seed: int
) -> None:
    found = calibration.fit(name, {}, *drawn(seed), LABELS)
    column = rising()
    after = found.calibrate(np.stack([column] * 3, axis=1))
    assert (np.diff(after, axis=0) >= 0).all()
    assert ((after >= 0) & (after <= 1)).all()
    # Far enough apart, they are told apart: no plateau swallows a ranking.
    apart = found.calibrate(np.stack([np.linspace(0, 1, 101, dtype=np.float32)] * 3, axis=1))
    if not (after[-1] - after[0] < 0.01).any():
        assert (np.diff(apart[2:99], axis=0) > 0).all()
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))
    restored = calibration.restore(saved, LABELS)
    assert restored.to_json() == found.to_json()
    again = restored.calibrate(np.stack([column] * 3, axis=1))
    assert again.tobytes() == after.tobytes()


def test_what_stands_in_a_gap_teaches_nothing(name: str) -> None:
    probabilities, targets = case()
    gaps = np.random.default_rng(1).random(targets.shape) < 0.3
    targets[gaps] = np.nan
    others = np.where(gaps, np.float32(np.nan), probabilities)
    one, two = (
        calibration.fit(name, {}, given_, targets, LABELS) for given_ in (probabilities, others)
    )
    assert one.to_json() == two.to_json()


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_label_without_positives_negatives_or_truth_stays_as_it_is(
    name: str, value: float
) -> None:
    probabilities, targets = case()
    targets[:] = value
    found = calibration.fit(name, {}, probabilities, targets, LABELS)
    np.testing.assert_array_equal(found.calibrate(probabilities), probabilities)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_text_or_a_single_one_changes_nothing(name: str, rows: int) -> None:
    probabilities, targets = case(0, rows)
    found = calibration.fit(name, {}, probabilities, targets, LABELS)
    some, _ = case(1)
    np.testing.assert_array_equal(found.calibrate(some), some)


def test_labels_are_told_apart_by_name_not_by_place(name: str, fitted: Calibration) -> None:
    saved: dict[str, Any] = json.loads(json.dumps(fitted.to_json()))
    if name != "none":
        saved["labels"] = dict(reversed(saved["labels"].items()))
    probabilities, _ = case(3)
    np.testing.assert_array_equal(
        calibration.restore(saved, LABELS).calibrate(probabilities),
        fitted.calibrate(probabilities),
    )


@pytest.mark.parametrize(
    ("probabilities", "targets"),
    [
        (np.zeros((4, 3), np.float32), np.zeros((4, 2), np.float32)),
        (np.zeros((4, 2), np.float32), np.zeros((4, 2), np.float32)),
        (np.full((4, 3), 1.5, np.float32), np.zeros((4, 3), np.float32)),
        (np.full((4, 3), np.nan, np.float32), np.zeros((4, 3), np.float32)),
        (np.zeros((4, 3), np.float32), np.full((4, 3), -1, np.float32)),
    ],
)
def test_arrays_that_are_no_probabilities_and_truth_are_refused(
    name: str, probabilities: F32, targets: F32
) -> None:
    with pytest.raises(ValueError, match="expected "):
        calibration.fit(name, {}, probabilities, targets, LABELS)


@pytest.mark.parametrize("wrong", ["plat", "", "os", "../platt", "__init__", "_logistic"])
def test_an_unknown_name_lists_the_calibrations(wrong: str) -> None:
    with pytest.raises(InputError, match=r"there are: auto, isotonic"):
        calibration.fit(wrong, {}, *case(), LABELS)
    with pytest.raises(InputError, match=r"there are: auto, isotonic"):
        calibration.restore({"name": wrong}, LABELS)


@pytest.mark.parametrize("saved", [{}, {"name": None}, {"name": ["platt"]}])
def test_saved_without_a_name_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(InputError):
        calibration.restore(saved, LABELS)


def test_saved_with_another_key_is_refused(fitted: Calibration) -> None:
    with pytest.raises(InputError, match="no_such_key"):
        calibration.restore({**fitted.to_json(), "no_such_key": 1}, LABELS)
