"""What a search has found: its trials as a table, the best recipe, and which keys mattered."""

from __future__ import annotations

import warnings

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from overtone import atomic
from overtone.data import tables
from overtone.study.search import plots
from overtone.study.search.found import LEAST, Row, Tuned
from overtone.study.search.space import Search
from overtone.study.search.trials import COST, REASON, Trials, counts

STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
SCORED = (TrialState.COMPLETE, TrialState.PRUNED)
TOP, MOST_TOP, SURE = 0.1, 0.5, 5
"""Importance is for being among the best tenth; among more where that is fewer than five trials."""


def gather(trials: Trials) -> Tuned:
    """Return what a search has found so far."""
    search = trials.search
    data = search.base.data
    rows = tuple(_row(trial) for trial in trials.all())
    return Tuned(
        trials.folder,
        str(data.options.get("file", data.name)),
        search.options.metric,
        search.maximizes,
        search.parameters,
        rows,
        _importance(trials.study, search),
    )


def write(found: Tuned, search: Search) -> None:
    """Write best.toml, trials.csv and the plots, each of them whole."""
    with (
        atomic.file(found.folder / "trials.csv") as beside,
        tables.write(beside, ".csv") as append,
    ):
        for row in found.rows:
            append(_cells(found, row))
    if found.best is not None:
        note = (
            f"# The best of {found.ended} trials of overtone tune: trial {found.best.number}, dev "
            f"{found.metric} {found.best.value:.4f}.\n# It was chosen by that score, which is "
            "therefore too good: score it on texts that had no say.\n"
        )
        text = note + search.recipe(found.best.values).to_toml()
        atomic.write_text(found.folder / "best.toml", text)
    plots.write_history(found, found.folder / "history.png")
    plots.write_importance(found, found.folder / "importance.png")


def _row(trial: FrozenTrial) -> Row:
    epochs, seconds = trial.user_attrs.get(COST, (None, None))
    ended = trial.state.is_finished()
    return Row(
        number=trial.number,
        state=STATES[trial.state],
        counts=counts(trial),
        value=trial.value if ended else None,
        epochs=epochs,
        seconds=seconds,
        values=dict(trial.params),
        reason=trial.user_attrs.get(REASON, ""),
    )


def _cells(found: Tuned, row: Row) -> dict[str, str]:
    """Return a trial as a row of the table, every key a column."""
    first = {
        "trial": row.number,
        "state": row.state,
        f"dev {found.metric}": row.value,
        "epochs": row.epochs,
        "seconds": row.seconds,
    }
    tried = {each.name: row.values.get(each.name) for each in found.parameters}
    cells = {**first, **tried, "reason": row.reason}
    return {name: "" if value is None else str(value) for name, value in cells.items()}


def _importance(study: optuna.Study, search: Search) -> dict[str, float]:
    """Return how much each key had to do with being among the best trials.

    Source: Watanabe, Bansal & Hutter, PED-ANOVA (IJCAI 2023). A pruned trial counts as one that was
    not among the best, whatever its score was by then.
    """
    ended = [trial for trial in study.trials if trial.state in SCORED]
    scores = [trial.value for trial in ended if trial.state == TrialState.COMPLETE]
    values = [score for score in scores if score is not None]
    if len(ended) < LEAST or len(values) < SURE:
        return {}
    worst = min(values) if search.maximizes else max(values)
    ranked = optuna.create_study(direction=study.direction)
    for trial in ended:
        value = trial.value if trial.state == TrialState.COMPLETE else worst
        ranked.add_trial(
            optuna.create_trial(params=trial.params, distributions=trial.distributions, value=value)
        )
    share = min(MOST_TOP, max(TOP, SURE / len(ended)))
    names = [each.name for each in search.parameters]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that trials are few
        found = get_param_importances(
            ranked, evaluator=PedAnovaImportanceEvaluator(target_quantile=share), params=names
        )
    return dict(sorted(found.items(), key=lambda item: -item[1]))
