"""What every decision promises, old or new."""

import dataclasses
import json

import numpy as np
import pytest

from overtone import decision
from overtone.config import find_plugin, plugin_names
from overtone.errors import ConfigError, InputError
from overtone.labels import Labels

PACKAGE = "overtone.decision"
NAMES = plugin_names(PACKAGE)
LABELS = Labels.of("joy", "fear", "severe_toxic")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return a plugin's name, each in turn."""
    return str(request.param)


@pytest.fixture
def fitted(name: str) -> decision.Decision:
    """Fit the plugin on random probabilities and a truth that follows them."""
    rng = np.random.default_rng(0)
    probabilities = rng.random((60, 3)).astype(np.float32)
    targets = (probabilities + rng.normal(0, 0.2, (60, 3)) > 0.6).astype(np.float32)
    return decision.fit(name, {}, probabilities, targets, LABELS)


def test_there_are_plugins() -> None:
    assert "threshold" in NAMES


def test_a_plugin_is_documented_and_its_config_frozen(name: str) -> None:
    plugin = find_plugin(PACKAGE, name)
    assert plugin.__doc__
    assert plugin.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(plugin.Config()))


def test_an_unknown_option_is_an_error(name: str) -> None:
    some = np.zeros((1, 3), np.float32)
    with pytest.raises(ConfigError, match=r"decision\.no_such_option"):
        decision.fit(name, {"no_such_option": 1}, some, some, LABELS)


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_decisions_have_the_shape_of_the_probabilities(
    fitted: decision.Decision, rows: int
) -> None:
    probabilities = np.random.default_rng(1).random((rows, 3)).astype(np.float32)
    before = probabilities.copy()
    on = fitted.decide(probabilities)
    assert on.shape == (rows, 3)
    assert on.dtype == np.bool_
    np.testing.assert_array_equal(probabilities, before)


def test_a_row_s_decision_does_not_depend_on_other_rows(fitted: decision.Decision) -> None:
    probabilities = np.random.default_rng(2).random((9, 3)).astype(np.float32)
    alone = [fitted.decide(probabilities[row : row + 1])[0] for row in range(9)]
    np.testing.assert_array_equal(fitted.decide(probabilities), alone)


def test_json_keeps_every_decision(name: str, fitted: decision.Decision) -> None:
    saved = json.loads(json.dumps(fitted.to_json(), allow_nan=False))
    assert saved["name"] == name
    restored = decision.restore(saved, LABELS)
    assert restored.to_json() == fitted.to_json()
    probabilities = np.random.default_rng(3).random((500, 3)).astype(np.float32)
    np.testing.assert_array_equal(restored.decide(probabilities), fitted.decide(probabilities))


@pytest.mark.parametrize("wrong", ["treshold", "", "os", "../threshold", "__init__"])
def test_an_unknown_name_lists_the_decisions(wrong: str) -> None:
    some = np.zeros((1, 3), np.float32)
    with pytest.raises(InputError, match=r"there are: .*threshold"):
        decision.fit(wrong, {}, some, some, LABELS)
    with pytest.raises(InputError, match=r"there are: .*threshold"):
        decision.restore({"name": wrong}, LABELS)


@pytest.mark.parametrize("saved", [{}, {"name": None}, {"name": ["threshold"]}])
def test_saved_without_a_name_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(InputError):
        decision.restore(saved, LABELS)


def test_saved_with_another_key_is_refused(fitted: decision.Decision) -> None:
    with pytest.raises(InputError, match="no_such_key"):
        decision.restore({**fitted.to_json(), "no_such_key": 1}, LABELS)
