"""Tune: try values of a recipe's keys, each trial an ordinary run, and keep what is best on dev.

    DIR/trial-0007/   a run, as `overtone train` makes it
    DIR/search/       what was asked for, and on which data
    DIR/best.toml, trials.csv, importance.png, history.png

A worker that is killed loses nothing: the same command goes on with the trial's run where its last
checkpoint is. Several workers share the storage and the folder (search/trials.py).
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.trial import TrialState

from overtone.errors import InputError, OvertoneError
from overtone.experiment import parts
from overtone.experiment.fit import splits_of
from overtone.study.search import results
from overtone.study.search.folder import begin
from overtone.study.search.found import Tuned
from overtone.study.search.read import read
from overtone.study.search.space import Search
from overtone.study.search.storage import check
from overtone.study.search.trial import do
from overtone.study.search.trials import REASON, Trials, choosing, counts
from overtone.training import ranks
from overtone.training.ranks import Ranks

log = logging.getLogger(__name__)

ABOUT_DATA = ("overtone.data", "overtone.experiment.parts", "overtone.inputs", "overtone.text")
"""What speaks of the data, which all trials share."""
ALL_FAILED = 5
"""First trials that may all fail before no more are tried."""


def tune(
    config: str | Path,
    output: str | Path,
    *,
    trials: int,
    storage: str | Path | None = None,
    dataset: str | None = None,
    data: Mapping[str, object] | None = None,
    data_dir: str | Path | None = None,
    encoder: str | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Tuned:
    """Search for the values that `[search]` leaves open, or go on with that.

    Args:
        config: a TOML file or a preset, such as tune/paper, with a section `[search]`.
        output: the search's folder, made here; the trials' runs go there.
        trials: how many are wanted, by all workers together; those that others are at count too.
        storage: a file that ends in .log or .db; `tune.log` in the folder where None.
        dataset: a dataset or a table; None where `config` names it.
        data: its options.
        data_dir: where the dataset's files are.
        encoder: `minilm`, a folder, or a name on the Hugging Face hub.
        seed: of every trial, and of what is drawn.
        settings: `section.key=value`, for all trials.

    Raises:
        InputError: something given can't be used, or another search was begun there.
        Interrupted: the user stopped the search; the same call goes on.
        OvertoneError: the first trials all failed, or the disk is full.

    """
    if trials < 1:
        raise InputError(f"expected at least one trial, found {trials}")
    folder, files = Path(output), None if data_dir is None else Path(data_dir)
    file = folder / "tune.log" if storage is None else Path(storage)
    check(file)
    search = read(config, dataset=dataset, data=data, encoder=encoder, seed=seed, settings=settings)
    training = search.base.training
    team = ranks.join(cpu=training.device == "cpu", shard=training.shard)
    if team.size > 1:
        raise InputError(
            f"expected one process to train a trial, found {team.size}: start the command by "
            "itself, several times for several workers"
        )
    with _said_once():
        return _searched(search, folder, file, files, trials, team)


def _searched(
    search: Search, folder: Path, storage: Path, files: Path | None, trials: int, team: Ranks
) -> Tuned:
    """Do trials until there are enough."""
    # Before anything is written: what is wrong here is wrong with every trial.
    splits = splits_of(parts.prepare(search.first(), files))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = begin(folder, storage, search, splits)
    del splits
    wanted = Trials(folder, search, study, trials)
    while True:
        with wanted.next() as claim:
            if claim is None:
                return _written(wanted)
            do(claim, wanted, files, team)
        gc.collect()  # models refer to themselves, and the next one needs their memory
        _check_some_succeed(wanted)
        found = _written(wanted)
        if found.best is not None:
            log.info(
                "%d of %d trials have ended; the best is trial %d, dev %s %.4f",
                found.ended, trials, found.best.number, found.metric, found.best.value,
            )  # fmt: skip


@contextmanager
def _said_once() -> Iterator[None]:
    """Let what is said of the data be said once, and not for every trial."""
    said: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        return message not in said and not said.add(message)  # type: ignore[func-returns-value]

    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    about_data = [each for each in loggers if each.name.startswith(ABOUT_DATA)]
    for each in about_data:
        each.addFilter(is_new)
    try:
        yield
    finally:
        for each in about_data:
            each.removeFilter(is_new)


def _check_some_succeed(trials: Trials) -> None:
    """Stop a search whose trials all fail.

    Raises:
        OvertoneError: the first ones did.

    """
    ended = [trial for trial in trials.all() if counts(trial)]
    if len(ended) >= ALL_FAILED and all(trial.state == TrialState.FAIL for trial in ended):
        raise OvertoneError(
            f"all of the first {len(ended)} trials failed, the last one because "
            f"{ended[-1].user_attrs.get(REASON)}: mend that and try again"
        )


def _written(trials: Trials) -> Tuned:
    """Return what was found so far, after writing it for people."""
    with choosing(trials.folder):  # several workers write the same files
        found = results.gather(trials)
        results.write(found, trials.search)
    return found
