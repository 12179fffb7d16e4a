"""The conclusions of the paper, each with our test of it and the verdict.

Source: "Emotion Recognition using BERT and its variants" (Atha, Gampa, Vaidya). A claim is tested
by the models that stand beside the paper's (`beside` in the plan); where one of them isn't there,
it isn't tested, and that is what is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from overtone.evaluation.bootstrap import Floats
from overtone.evaluation.compare import Difference
from overtone.study import both_jaccards
from overtone.study.detail import NAMES
from overtone.study.results import Group, Results
from overtone.study.significance import pair
from overtone.study.table import POINTS, Column, Table

HOLDS, FAILS, OPEN, UNTESTED = "holds", "does not hold", "can't be told", "not tested"

TWITTER, WIKIPEDIA = "twitter", "wikipedia"
CNN, BASE, LARGE, DISTIL = "cnn", "bert-base", "bert-large", "distilbert"
BERTS = (BASE, LARGE, DISTIL)
CLOSE = 0.02
"""The paper's "within 1 to 2 %", in score."""
LEAST_GAIN = 0.2
"""The lower end of the paper's "20 to 30 %", in score."""


@dataclass(frozen=True)
class Claim:
    """One conclusion."""

    said: str
    """What the paper concludes."""
    test: str
    """How it is tested here."""
    found: str
    """What that gave."""
    verdict: str
    """holds, does not hold, can't be told, or not tested."""


def claims(results: Results) -> list[Claim]:
    """Return the paper's conclusions in its order, tested on what is done."""
    return [test(results) for test in TESTS]


def table(found: list[Claim]) -> Table:
    """Return the claims as a table."""
    columns = (
        Column("claim", "the paper's conclusion"),
        Column("test", "our test"),
        Column("found", "what we found"),
        Column("verdict", "verdict"),
    )
    rows = tuple((one.said, one.test, one.found, one.verdict) for one in found)
    notes = (
        (
            "Differences in points, hundredths of a score, on test with 95 % intervals over texts "
            "and seeds. Can't be told: the interval allows both."
        ),
    )
    return Table("claims", "Claims", columns, rows, notes)


def _cnn(results: Results) -> Claim:
    said = "The CNN is not adequate: BERT variants gain 20 to 30 %."
    test = (
        "Micro F1 of each BERT variant less the CNN's on tweets: above 0, and at least 20 points."
    )
    cnn = results.of_role(TWITTER, CNN)
    others = _there(results, TWITTER, BERTS)
    if cnn is None or not others:
        return Claim(said, test, _lacking(results, TWITTER, (CNN, BASE)), UNTESTED)
    gains = {role: pair(group, cnn)["f1_micro"] for role, group in others.items()}
    signs = {one.sign for one in gains.values()}
    verdict = HOLDS if signs == {1} else FAILS if -1 in signs else OPEN
    large = all(one.value >= LEAST_GAIN for one in gains.values())
    size = f"; the gain is {'at least' if large else 'not everywhere'} 20 points"
    return Claim(said, test, _listed(results, gains, CNN) + size, verdict)


def _close(results: Results) -> Claim:
    said = (
        "BERT variants lie within 1 to 2 % of each other, so the size of the model matters little."
    )
    test = "Micro F1 of each two of them on tweets: the interval lies within 2 points of 0."
    there = _there(results, TWITTER, BERTS)
    if len(there) < len(BERTS):
        return Claim(said, test, _lacking(results, TWITTER, BERTS), UNTESTED)
    found = {
        f"{_title(results, there[one])} less {_title(results, there[other])}": pair(
            there[one], there[other]
        )["f1_micro"]
        for one, other in ((BASE, LARGE), (BASE, DISTIL), (LARGE, DISTIL))
    }
    inside = all(max(abs(one.low), abs(one.high)) <= CLOSE for one in found.values())
    outside = any(one.low > CLOSE or one.high < -CLOSE for one in found.values())
    verdict = HOLDS if inside else FAILS if outside else OPEN
    return Claim(said, test, "; ".join(f"{k}: {_points(v)}" for k, v in found.items()), verdict)


def _trade(results: Results) -> Claim:
    said = "DistilBERT is the best trade of cost against quality, and suits the edge."
    test = (
        "On tweets its epoch takes less time than BERT base's, and its jaccard is not lower by 2 "
        "points or more."
    )
    there = _there(results, TWITTER, (BASE, DISTIL))
    if len(there) < 2:  # noqa: PLR2004 - both
        return Claim(said, test, _lacking(results, TWITTER, (BASE, DISTIL)), UNTESTED)
    ratio = (
        there[DISTIL].of("cost", "seconds_per_epoch").mean
        / there[BASE].of("cost", "seconds_per_epoch").mean
    )
    less = pair(there[DISTIL], there[BASE])["jaccard"]
    found = f"{ratio:.2f} of the time an epoch; jaccard {_points(less)}"
    if ratio >= 1 or less.high < -CLOSE:
        return Claim(said, test, found, FAILS)
    return Claim(said, test, found, HOLDS if less.low > -CLOSE else OPEN)


def _fewer_epochs(results: Results) -> Claim:
    said = "BERT large converges in fewer epochs than BERT base (8 against 15)."
    test = "The best epoch on tweets, seed by seed."
    there = _there(results, TWITTER, (BASE, LARGE))
    if len(there) < 2:  # noqa: PLR2004 - both
        return Claim(said, test, _lacking(results, TWITTER, (BASE, LARGE)), UNTESTED)
    base, large = (
        {result.cell.seed: int(result.saved["best_epoch"]) for result in there[role].results}
        for role in (BASE, LARGE)
    )
    pairs = [(base[seed], large[seed]) for seed in base if seed in large]
    if not pairs:
        return Claim(said, test, "no seed is done for both", UNTESTED)
    found = "; ".join(f"{two} against {one}" for one, two in pairs)
    if all(two < one for one, two in pairs):
        return Claim(said, test, found, HOLDS if len(pairs) > 1 else OPEN)
    return Claim(said, test, found, FAILS if all(two >= one for one, two in pairs) else OPEN)


def _base_is_best(results: Results) -> Claim:
    said = "BERT base is best on the test metrics."
    test = "Its micro F1, macro F1 and jaccard on tweets less those of each other BERT variant."
    there = _there(results, TWITTER, BERTS)
    if len(there) < len(BERTS):
        return Claim(said, test, _lacking(results, TWITTER, BERTS), UNTESTED)
    found, signs = [], []
    for role in (LARGE, DISTIL):
        less = pair(there[BASE], there[role])
        for name in ("f1_micro", "f1_macro", "jaccard"):
            found.append(
                f"{NAMES.get(name, name)} less {_title(results, there[role])} {_points(less[name])}"
            )
            signs.append(less[name].sign)
    verdict = FAILS if -1 in signs else HOLDS if set(signs) == {1} else OPEN
    return Claim(said, test, "; ".join(found), verdict)


def _single(results: Results) -> Claim:
    said = (
        "On Wikipedia the model finds single emotions well but not several at once (read off a "
        "Jaccard of 0.06)."
    )
    test = (
        "jaccard over comments with one label and over those with several, and how high "
        "jaccard_zero can be at all."
    )
    group = next(iter(_there(results, WIKIPEDIA, BERTS).values()), None)
    if group is None:
        return Claim(said, test, _lacking(results, WIKIPEDIA, (BASE,)), UNTESTED)
    one, several = _by_number(group)
    bound = both_jaccards.explain(group)[0].labelled
    found = (
        f"one label: {_mean(one)} ({len(one)} comments); several: {_mean(several)} "
        f"({len(several)}); a perfect model has a jaccard_zero of {bound:.3f}, so 0.06 says "
        "nothing of several labels"
    )
    if not results.plan.datasets[group.dataset].ranking:
        return Claim(said, test, f"{found}; too few comments to tell the two apart", OPEN)
    if not (len(one) and len(several)):
        return Claim(said, test, found, OPEN)
    low, high = _difference(one, several)
    return Claim(said, test, found, HOLDS if low > 0 else FAILS if high < 0 else OPEN)


def _by_number(group: Group) -> tuple[Floats, Floats]:
    """Return the Jaccard of each text with one label and with several, the mean over seeds."""
    first = group.results[0].predictions
    truth = np.nan_to_num(first.truth) > 0.5  # noqa: PLR2004
    known = ~np.isnan(first.truth)
    each = []
    for decided in group.decided():
        said = decided & known
        each.append((truth & said).sum(axis=1) / np.maximum((truth | said).sum(axis=1), 1))
    overlap: Floats = np.mean(each, axis=0)
    count = truth.sum(axis=1)
    return overlap[count == 1], overlap[count > 1]


def _difference(one: Floats, other: Floats) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the difference of two groups' means."""
    rng = np.random.default_rng(0)
    drawn = [rng.choice(group, (1000, len(group))).mean(axis=1) for group in (one, other)]
    low, high = np.quantile(drawn[0] - drawn[1], [0.025, 0.975])
    return float(low), float(high)


def _mean(values: Floats) -> str:
    return f"{values.mean():.3f}" if len(values) else "none"


TESTS: tuple[Callable[[Results], Claim], ...] = (
    _cnn, _close, _trade, _fewer_epochs, _base_is_best, _single,
)  # fmt: skip


def _there(results: Results, dataset: str, roles: tuple[str, ...]) -> dict[str, Group]:
    """Return which of the models are done."""
    found = {role: results.of_role(dataset, role) for role in roles}
    return {role: group for role, group in found.items() if group is not None}


def _lacking(results: Results, dataset: str, roles: tuple[str, ...]) -> str:
    """Return which of the models are not done."""
    there = _there(results, dataset, roles)
    paper = results.plan.published
    names = paper.models if paper else {}
    lacking = [names.get(role, role) for role in roles if role not in there]
    return f"no cell on {dataset} is done for {', '.join(lacking)}"


def _title(results: Results, group: Group) -> str:
    return results.plan.model_title(group.model)


def _listed(results: Results, found: dict[str, Difference], other: str) -> str:
    return "; ".join(_pieces(results, found, other))


def _pieces(results: Results, found: dict[str, Difference], other: str) -> Iterator[str]:
    less = results.of_role(TWITTER, other)
    for role, one in found.items():
        group = results.of_role(TWITTER, role)
        if group and less:
            yield f"{_title(results, group)} less {_title(results, less)}: {_points(one)}"


def _points(one: Difference) -> str:
    value, low, high = (POINTS * bound for bound in (one.value, one.low, one.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
