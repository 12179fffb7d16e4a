"""The label set with the highest expected Jaccard, and the joint distribution below it."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from overtone import decision
from overtone.decision import _joint, expected_jaccard
from overtone.decision._joint import Joint
from overtone.decision.expected_jaccard import ExpectedJaccard, Options
from overtone.errors import InputError
from overtone.labels import Labels

Floats = NDArray[np.float64]


def labels_of(count: int) -> Labels:
    """Return so many labels."""
    return Labels.of(*(f"label {number}" for number in range(count)))


def random_joint(labels: int, seed: int, strength: float = 1.5) -> Joint:
    """Draw a distribution whose labels depend on each other."""
    rng = np.random.default_rng(seed)
    pairs = np.triu(rng.normal(0, strength, (labels, labels)), 1)
    return Joint(rng.uniform(0.5, 1.5, labels), rng.normal(0, 1, labels), pairs + pairs.T)


def sets(labels: int) -> Floats:
    """Return all label sets, one a row."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=labels)))


def table(joint: Joint, x: Floats) -> Floats:
    """Return the probability of each of `sets`, from the definition."""
    weights = [
        np.exp(
            sum(y[i] * (joint.scale[i] * x[i] + joint.bias[i]) for i in range(len(x)))
            + sum(joint.pairs[i, j] * y[i] * y[j] for i in range(len(x)) for j in range(i))
        )
        for y in sets(len(x))
    ]
    return np.asarray(np.array(weights) / sum(weights))


def jaccard(truth: Floats, found: Floats, *, empty: float) -> float:
    """Return the Jaccard of two sets."""
    either = np.maximum(truth, found).sum()
    return float((truth * found).sum() / either) if either else empty


def expected(joint: Joint, x: Floats, *, empty: float) -> Floats:
    """Return the expected Jaccard of each of `sets`, from the definition."""
    every = sets(len(x))
    values = [[jaccard(truth, found, empty=empty) for found in every] for truth in every]
    return np.asarray(table(joint, x) @ np.array(values))


def made(joint: Joint, convention: str = "jaccard", macro: float = 0.0) -> ExpectedJaccard:
    """Return the decision under a distribution."""
    count = len(joint.scale)
    ones = np.ones(count)
    return ExpectedJaccard(Options(convention, macro, labels_of(count)), joint, 0.5 * ones, ones)


@pytest.mark.parametrize("labels", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("convention", ["jaccard", "jaccard_zero"])
def test_no_set_is_expected_to_be_better(labels: int, convention: str) -> None:
    joint, empty = random_joint(labels, seed=labels), float(convention == "jaccard")
    rng = np.random.default_rng(labels)
    probabilities = rng.random((5 if labels < 8 else 1, labels)).astype(np.float32)
    decided = made(joint, convention).decide(probabilities)
    for row, on in zip(_joint.logits(probabilities), decided, strict=True):
        values = expected(joint, row, empty=empty)
        (reached,) = values[(sets(labels) == on).all(axis=1)]
        assert reached == pytest.approx(values.max(), abs=1e-6)


def test_conventions_differ_on_texts_that_may_well_carry_nothing() -> None:
    probabilities = np.array([[0.2, 0.1, 0.1]], np.float32)
    joint = _joint.independent(3)
    assert not made(joint).decide(probabilities).any()
    assert made(joint, "jaccard_zero").decide(probabilities)[0].tolist() == [True, False, False]


def test_a_second_label_may_be_worth_it_below_one_half() -> None:
    """Where one label is certain, another pays from 1/2 on; with none certain, earlier."""
    probabilities = np.array([[0.45, 0.45]], np.float32)
    assert made(_joint.independent(2), "jaccard_zero").decide(probabilities).all()


def test_more_labels_than_can_be_listed_lose_next_to_nothing() -> None:
    """Thirteen labels against all their sets, by the same table that is exact below."""
    labels = expected_jaccard.EXACT + 1
    joint = random_joint(labels, seed=1, strength=0.3)
    rng = np.random.default_rng(2)
    probabilities = (rng.random((4, labels)) ** 4).astype(np.float32)  # mostly low, as real ones
    decided = made(joint).decide(probabilities)
    every = sets(labels)
    single = joint.single(probabilities)
    energy = single @ every.T + 0.5 * np.einsum("si,ij,sj->s", every, joint.pairs, every)
    truth = np.exp(energy - energy.max(axis=1, keepdims=True))
    truth /= truth.sum(axis=1, keepdims=True)
    either_size = every.sum(axis=1)
    for row, on in zip(truth, decided, strict=True):

        def value(found: Floats, row: Floats = row) -> float:
            both = every @ found
            either = either_size + found.sum() - both
            return float(row @ np.where(either == 0, 1.0, both / np.maximum(either, 1)))

        order = np.argsort(-(row @ every))
        rivals = [np.isin(np.arange(labels), order[:k]).astype(np.float64) for k in range(8)]
        flips = np.abs(on.astype(np.float64) - np.eye(labels))
        assert value(on.astype(np.float64)) >= max(map(value, [*rivals, *flips])) - 0.01


def test_twenty_eight_labels_are_decided_about() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((300, 28)) < 0.06).astype(np.float32)
    logits = 4 * truth - 3 + rng.normal(0, 1, truth.shape)
    probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
    fitted = decision.fit("expected_jaccard", {}, probabilities, truth, labels_of(28))
    on = fitted.decide(probabilities)
    assert (on == truth).mean() > 0.95
    assert on.any(axis=1).mean() > 0.5


def draw(joint: Joint, n: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw probabilities, and a truth from a distribution given them."""
    rng = np.random.default_rng(seed)
    labels = len(joint.scale)
    probabilities = rng.uniform(0.05, 0.95, (n, labels)).astype(np.float32)
    every = sets(labels)
    energy = joint.single(probabilities) @ every.T
    energy += 0.5 * np.einsum("si,ij,sj->s", every, joint.pairs, every)
    p = np.exp(energy)
    p /= p.sum(axis=1, keepdims=True)
    drawn = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return probabilities, every[drawn].astype(np.float32)


def test_the_distribution_that_made_the_truth_is_found_again() -> None:
    joint = random_joint(4, seed=5, strength=1.0)
    probabilities, truth = draw(joint, 20_000, seed=1)
    found = _joint.fit(probabilities, truth, strength=1.0)
    np.testing.assert_allclose(found.scale, joint.scale, atol=0.1)
    np.testing.assert_allclose(found.bias, joint.bias, atol=0.15)
    np.testing.assert_allclose(found.pairs, joint.pairs, atol=0.15)


def test_the_fit_is_where_the_pseudo_likelihood_is_flat() -> None:
    """Newton's own derivatives, against differences of the loss."""
    probabilities, truth = draw(random_joint(3, seed=6), 100, seed=2)
    truth[:20, 1] = np.nan
    found = _joint.fit(probabilities, truth, strength=2.0)
    x, known = _joint.logits(probabilities), ~np.isnan(truth)
    y = np.where(known, truth, probabilities).astype(np.float64)

    def loss(scale: Floats, bias: Floats, pairs: Floats) -> float:
        u = scale * x + bias + y @ pairs
        cells = np.logaddexp(0, u) - y * u
        prior = ((scale - 1) ** 2).sum() + (bias**2).sum()
        return float(cells[known].sum() + 0.5 * _joint.OWN * prior + 0.25 * 2.0 * (pairs**2).sum())

    least = loss(found.scale, found.bias, found.pairs)
    for place in range(3):
        for size in (-1e-3, 1e-3):
            step = size * np.eye(3)[place]
            pair = np.zeros((3, 3))
            pair[place, (place + 1) % 3] = pair[(place + 1) % 3, place] = size
            assert loss(found.scale + step, found.bias, found.pairs) >= least - 1e-9
            assert loss(found.scale, found.bias + step, found.pairs) >= least - 1e-9
            assert loss(found.scale, found.bias, found.pairs + pair) >= least - 1e-9


def test_dependence_decides_better_where_there_is_some() -> None:
    joint = random_joint(5, seed=7, strength=2.0)
    probabilities, truth = draw(joint, 3000, seed=3)
    reached = {}
    for dependent in (True, False):
        options = {"dependent": dependent}
        fitted = decision.fit(
            "expected_jaccard", options, probabilities[:1500], truth[:1500], labels_of(5)
        )
        on = fitted.decide(probabilities[1500:])
        reached[dependent] = np.mean(
            [
                jaccard(y, found, empty=1.0)
                for y, found in zip(truth[1500:].astype(float), on.astype(float), strict=True)
            ]
        )
    half = np.mean(
        [
            jaccard(y, (p > 0.5).astype(float), empty=1.0)
            for y, p in zip(truth[1500:].astype(float), probabilities[1500:], strict=True)
        ]
    )
    assert reached[True] > reached[False] + 0.01
    assert reached[False] > half + 0.01


def test_the_weight_of_macro_f1_switches_rare_labels_on() -> None:
    """At a weight beyond all measure only the labels' F1 counts: on above half of the best one."""
    rng = np.random.default_rng(0)
    truth = (rng.random((2000, 2)) < [0.5, 0.02]).astype(np.float32)
    logits = np.where(truth > 0, 1.0, -1.0) + np.log([1.0, 0.02]) + rng.normal(0, 1, truth.shape)
    probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
    counts, f1 = {}, {}
    for macro in (0.0, 0.1, 1e6):
        fitted = decision.fit(
            "expected_jaccard", {"macro": macro}, probabilities, truth, labels_of(2)
        )
        on = fitted.decide(probabilities)
        counts[macro] = on[:, 1].sum()
        f1[macro] = 2 * (on[:, 1] * truth[:, 1]).sum() / (counts[macro] + truth[:, 1].sum())
    assert counts[0.0] < counts[0.1] < counts[1e6]
    assert f1[0.0] < f1[1e6]


@pytest.mark.parametrize(
    "change",
    [
        {"scale": {"joy": 1.0}},
        {"bias": {"joy": 1.0, "fear": "0"}},
        {"pairs": {"joy": {"glee": 1.0}}},
        {"pairs": {"joy": {"fear": float("inf")}}},
        {"pairs": [1]},
        {"marks": {"joy": 0, "fear": 1}},
        {"convention": "jacard"},
        {"macro": -1},
    ],
)
def test_damaged_numbers_are_refused(change: dict[str, object]) -> None:
    labels = Labels.of("joy", "fear")
    probabilities, truth = draw(random_joint(2, seed=0), 50, seed=0)
    saved = decision.fit("expected_jaccard", {}, probabilities, truth, labels).to_json()
    with pytest.raises(InputError):
        decision.restore({**saved, **change}, labels)


def test_certainty_is_no_trouble() -> None:
    probabilities = np.array([[0.0, 1.0, 0.5], [1.0, 1.0, 1.0]], np.float32)
    on = made(_joint.independent(3)).decide(probabilities)
    assert on[0, :2].tolist() == [False, True]
    assert on[1].all()


@pytest.mark.parametrize("labels", [3, 28])
def test_one_text_is_decided_about_however_much_macro_weighs(labels: int) -> None:
    # What macro F1 adds is a thousand times Jaccard then, in which its rounding is lost.
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.4, 1.5, size=(300, labels)).astype(np.float32)
    targets = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    config = expected_jaccard.Config(macro=1000)
    fitted = expected_jaccard.fit(config, probabilities, targets, labels_of(labels))
    alone = [fitted.decide(row[None])[0] for row in probabilities]
    np.testing.assert_array_equal(alone, fitted.decide(probabilities))


def test_a_text_without_probabilities_carries_nothing() -> None:
    joint = random_joint(5, seed=0)
    options = Options("jaccard", 0, labels_of(5))
    fitted = ExpectedJaccard(options, joint, np.ones(5), np.ones(5))
    unknown = np.full((1, 5), np.nan, np.float32)
    assert not fitted.decide(unknown).any()
    sure = np.full((1, 5), 0.99, np.float32)
    both = fitted.decide(np.concatenate([unknown, sure]))
    np.testing.assert_array_equal(both, np.concatenate([[[False] * 5], fitted.decide(sure)]))
