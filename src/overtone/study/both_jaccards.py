"""Both Jaccards of the same predictions, and what each can be at most: why 0.06 says little.

Where most texts carry no label, a mean over texts that scores an empty prediction on an empty truth
0 can't exceed the share of texts that carry one, however good the model. `jaccard_zero` is that
mean, scikit-learn's default and the paper's; `jaccard` scores such a text 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overtone.evaluation.metrics import Bools
from overtone.study.results import Group, Results, Spread
from overtone.study.table import Column, Table


@dataclass(frozen=True)
class Apart:
    """What both Jaccards of a model's decisions are made of."""

    labelled: float
    """Share of the texts that carry a label: the jaccard_zero of a model without a fault, and what
    the jaccard of one that never says anything lacks of 1."""
    on_labelled: float
    """The Jaccard over these, where both conventions agree."""
    right_on_empty: float
    """Share of the others of which the model says no label either; 1 where there are none."""


def explain(group: Group) -> tuple[Apart, ...]:
    """Take a model's Jaccards on test apart, one for each seed."""
    targets = group.results[0].predictions.truth
    return tuple(apart(targets, decided) for decided in group.decided())


def apart(targets: NDArray[np.float32], decided: Bools) -> Apart:
    """Take the Jaccards of decisions (n, C) on targets (n, C), NaN where not annotated, apart."""
    truth: Bools = np.nan_to_num(targets) > 0.5  # noqa: PLR2004
    known: Bools = ~np.isnan(targets)
    scored, labelled = np.any(known, axis=1), np.any(truth, axis=1)
    said = decided & known
    overlap = (truth & said).sum(axis=1) / np.maximum((truth | said).sum(axis=1), 1)
    empty = scored & ~labelled
    return Apart(
        float(labelled[scored].mean()),
        float(overlap[labelled].mean()) if labelled.any() else 0.0,
        float((~np.any(said, axis=1))[empty].mean()) if empty.any() else 1.0,
    )


def table(results: Results) -> Table | None:
    """Return the Jaccards of the paper's Wikipedia both ways; None where no model is done on it."""
    dataset = results.dataset_of_role("wikipedia")
    groups = results.groups(dataset) if dataset else []
    if not groups:
        return None
    paper = results.plan.published
    rows, labelled = [], 0.0
    for group in groups:
        found = explain(group)
        labelled = found[0].labelled  # the same for all: the texts are
        role = results.plan.models[group.model].beside
        row = paper.find("test", "wikipedia", role) if paper and role else None
        rows.append(
            (
                results.plan.model_title(group.model),
                group.of("test", "jaccard"),
                group.of("test", "jaccard_zero"),
                row.jaccard_zero if row else None,
                labelled,
                1 - labelled,
                Spread(tuple(one.on_labelled for one in found)),
                Spread(tuple(one.right_on_empty for one in found)),
            )
        )
    columns = (
        Column("model", "model"),
        Column("jaccard", "jaccard (empty on empty is 1)", "score"),
        Column("jaccard_zero", "jaccard_zero (it is 0)", "score"),
        Column("paper_jaccard_zero", "paper", "score", paper=True),
        Column("most_jaccard_zero", "jaccard_zero of a perfect model", "score"),
        Column("silent_jaccard", "jaccard of saying nothing", "score"),
        Column("on_labelled", "both, over labelled texts", "score"),
        Column("right_on_empty", "unlabelled texts left so", "score"),
    )
    notes = (
        (
            f"{100 * (1 - labelled):.1f} % of these texts carry no label. jaccard_zero gives them "
            f"0 whatever is said, so a perfect model has {labelled:.4f}. A figure such as the "
            "paper's 0.06 is measured against that bound: it is no sign that several labels at "
            "once are hard."
        ),
        (
            "jaccard is high for the same reason: saying nothing at all has "
            f"{1 - labelled:.4f}. F1, and either Jaccard over the labelled texts alone, tell "
            "models apart."
        ),
    )
    return Table(
        "wikipedia-jaccard", "The Wikipedia Jaccard, both ways", columns, tuple(rows), notes
    )
