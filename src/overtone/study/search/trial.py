"""One trial: an ordinary run, from its values to the note of how it ended."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState
from safetensors import SafetensorError

from overtone.errors import InputError, OvertoneError
from overtone.experiment import fit
from overtone.experiment.parts import prepare
from overtone.study.search.space import Scalar, Search
from overtone.study.search.trials import COST, Claim, Trials, tidy
from overtone.training import memory
from overtone.training.ranks import Ranks
from overtone.training.stopping import Interrupted

log = logging.getLogger(__name__)


class Pruned(Exception):  # noqa: N818 - not an error
    """A trial is worse than others were after as many epochs."""


class CannotGoOn(InputError):  # noqa: N818 - a kind of it
    """A run that another process began can't be gone on with."""


def do(claim: Claim, trials: Trials, files: Path | None, team: Ranks) -> None:
    """Train a trial's run and note how it ended.

    Args:
        claim: the trial.
        trials: those of the search.
        files: where the dataset's files are.
        team: this process.

    Raises:
        Interrupted: the user stopped the run, which the next worker goes on with.
        OvertoneError: the disk is full, or the like: not the trial's fault.

    """
    trial, number = claim.trial, claim.trial.number
    log.info("trial %d%s: %s", number, " goes on" * claim.resumed, described(trial.params))
    try:
        value = _trained(claim, trials.search, files, team)
    except (Interrupted, OSError, optuna.exceptions.OptunaError):
        raise
    except Pruned:
        _note_cost(claim)
        trials.study.tell(trial, state=TrialState.PRUNED)
        log.info("trial %d is pruned: others were better after as many epochs", number)
    except OvertoneError as error:
        if not isinstance(error, InputError) and _is_the_system_s(error):
            # What went wrong is said of a run, whose command has --resume.
            message = str(error).replace("with --resume", "with the same command")
            raise OvertoneError(f"trial {number}: {message}") from error
        _fail(claim, trials, str(error), retry=isinstance(error, CannotGoOn))
    except Exception as error:
        if not memory.is_out_of_memory(error):
            trials.fail(trial, type(error).__name__)
            raise
        _fail(claim, trials, f"out of memory: {memory.ADVICE}")
    else:
        _note_cost(claim)
        trials.study.tell(trial, value)
        log.info("trial %d: dev %s %.4f", number, trials.search.options.metric, value)
    tidy(claim.folder)


def described(values: Mapping[str, Scalar]) -> str:
    """Return a trial's values in words."""
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def shown(value: Scalar) -> str:
    """Return a value as people read it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trained(claim: Claim, search: Search, files: Path | None, team: Ranks) -> float:
    """Return a trial's score, after its run is begun or gone on with."""
    parts = prepare(search.recipe(claim.trial.params), files)
    begun = claim.resumed and (claim.folder / "checkpoints").is_dir()
    epochs = parts.recipe.training.epochs
    after_epoch = partial(_report, claim, search.options.metric, epochs)
    try:
        run = fit.go_on(parts, claim.folder, team=team, after_epoch=after_epoch)
    except InputError as error:
        raise (CannotGoOn(str(error)) if begun else error) from error
    value = _score(run, search.options.metric)
    if not math.isfinite(value):
        raise OvertoneError(f"its {search.options.metric} on dev is not a number")
    return value


def _report(claim: Claim, metric: str, epochs: int, history: Sequence[dict[str, Any]]) -> None:
    """Note an epoch's score on dev, and end the trial where it is worse than others were.

    Raises:
        Pruned: it is.

    """
    for entry in history:  # a run that goes on may have epochs that were not noted
        epoch, value = int(entry["epoch"]), entry["dev"][metric]
        if value is not None and epoch not in claim.reported:
            claim.trial.report(value, epoch)
            claim.reported.add(epoch)
    # After the last epoch nothing is saved by it.
    if len(history) < epochs and claim.trial.should_prune():
        raise Pruned


def _score(run: fit.Run, metric: str) -> float:
    """Return what a finished run is compared by, on dev.

    A score is that of the model's own decision, cross-fitted where it is fitted on dev, as
    `overtone train` prints it. The loss is that of the epoch that was kept.
    """
    if metric != "loss":
        value = run.metrics["dev"][metric]
        return math.nan if value is None else float(value)
    kept = [entry for entry in _history(run.path) if entry["best"]]
    return float(kept[-1]["dev"]["loss"]) if kept else math.nan


def _note_cost(claim: Claim) -> None:
    """Note a trial's epochs and seconds."""
    history = _history(claim.folder)
    seconds = sum(entry["seconds"] + entry["dev_seconds"] for entry in history)
    claim.trial.set_user_attr(COST, [len(history), round(seconds, 1)])


def _history(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _fail(claim: Claim, trials: Trials, reason: str, *, retry: bool = False) -> None:
    trials.fail(claim.trial, reason, retry=retry)
    again = "; its values are tried again" if retry else ""
    log.warning("trial %d failed%s: %s", claim.trial.number, again, reason)


def _is_the_system_s(error: OvertoneError) -> bool:
    """Return whether the disk or the like is to blame, with which every trial would fail."""
    return isinstance(error.__cause__, OSError | SafetensorError)
