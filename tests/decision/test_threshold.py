"""One threshold for all labels, strictly above."""

import numpy as np
import pytest

from overtone import decision
from overtone.decision.threshold import Config, Threshold
from overtone.errors import ConfigError
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear")
NOTHING = np.zeros((0, 2), np.float32)


def fit(threshold: float) -> decision.Decision:
    return decision.fit("threshold", {"threshold": threshold}, NOTHING, NOTHING, LABELS)


def test_a_label_is_on_strictly_above_the_threshold() -> None:
    above = np.nextafter(np.float32(0.5), np.float32(1))
    below = np.nextafter(np.float32(0.5), np.float32(0))
    on = fit(0.5).decide(np.array([[0.5, above], [below, 1.0]], np.float32))
    assert on.tolist() == [[False, True], [False, True]]
    assert on.dtype == np.bool_


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
def test_the_threshold_itself_in_single_precision_is_not_above(threshold: float) -> None:
    """0.1 in single precision is a little above 0.1 in double precision."""
    assert not fit(threshold).decide(np.array([[threshold, threshold]], np.float32)).any()


def test_the_ends_of_the_range() -> None:
    probabilities = np.array([[0.0, 1.0], [1e-30, 0.5]], np.float32)
    assert fit(0).decide(probabilities).tolist() == [[False, True], [True, True]]
    assert not fit(1).decide(probabilities).any()


def test_the_default_is_one_half() -> None:
    fitted = decision.fit("threshold", {}, NOTHING, NOTHING, LABELS)
    assert fitted.to_json() == {"name": "threshold", "threshold": 0.5}


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "0.5", True, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: object) -> None:
    with pytest.raises(ConfigError, match=r"decision\.threshold must be"):
        decision.fit("threshold", {"threshold": threshold}, NOTHING, NOTHING, LABELS)
    with pytest.raises(ConfigError, match=r"decision\.threshold must be"):
        decision.restore({"name": "threshold", "threshold": threshold}, LABELS)


def test_a_constructor_only_stores() -> None:
    config = Config(threshold=0.3)
    assert Threshold(config).config is config
