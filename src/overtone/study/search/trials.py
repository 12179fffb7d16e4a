"""Which trial a worker does next: what a killed one left behind, else a new one.

Workers share a storage and a folder. One at a time chooses, under a lock; whoever has a trial holds
the lock of its run's folder until its end is noted, and the system gives that lock back when a
process is killed. So a trial that the storage calls running, and whose lock is free, is nobody's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from overtone.study.search.space import Options, Parameter, Search

OWN = "search"
"""The folder beside the trials' with what the search itself needs."""
MOST_ENDS = 5
"""Times that a trial's process may end at one point before the trial counts as failed."""

REASON, RETRIED, SEEN, COST = "reason", "retried", "seen", "cost"
"""What is noted of a trial: why it failed, whether it doesn't count since it is done again, where
it stood when it was taken over, and its epochs and seconds."""


@dataclass(frozen=True)
class Claim:
    """A trial that is this worker's, and its run's folder, which no other worker enters."""

    trial: optuna.Trial
    folder: Path
    resumed: bool
    """Whether another process had begun it."""
    reported: set[int] = field(default_factory=set)
    """Epochs whose scores are in the storage."""


class Trials:
    """The trials of a search: those that are done, and the next one."""

    def __init__(self, folder: Path, search: Search, study: optuna.Study, most: int) -> None:
        """Take a search's folder and its study, and how many trials are wanted."""
        self.folder = folder
        self.search = search
        self.study = study
        self.most = most
        self._space = {each.name: distribution(each) for each in search.parameters}
        study.pruner = pruner(search.options)

    @contextmanager
    def next(self) -> Iterator[Claim | None]:
        """Give the trial to do, and keep others out of it; None where no more are needed."""
        with ExitStack() as held:
            with choosing(self.folder):
                claim = self._next(held)
            yield claim

    def all(self) -> list[FrozenTrial]:
        """Return all trials, in their order."""
        return self.study.get_trials(deepcopy=False)

    def fail(self, trial: optuna.Trial, reason: str, *, retry: bool = False) -> None:
        """Note that a trial failed and why, and queue its values again where that is wanted."""
        with choosing(self.folder):
            trial.set_user_attr(REASON, reason)
            if retry:
                trial.set_user_attr(RETRIED, True)  # noqa: FBT003 - a value
            self.study.tell(trial, state=TrialState.FAIL)
            if retry:
                self.study.enqueue_trial(trial.params)

    def _next(self, held: ExitStack) -> Claim | None:
        """Return the trial to do; what keeps others out of it is held."""
        ended = running = 0
        left: FrozenTrial | None = None
        for trial in self.all():
            if trial.state == TrialState.RUNNING:
                lock = _acquired(self.path(trial.number))
                if lock is None:
                    running += 1
                    continue
                # Its worker may have noted its end and let go since the trials were read.
                now = self._read(trial)
                if not now.state.is_finished():
                    left = left or now
                    if left is now:
                        held.callback(lock.release)
                        continue
                lock.release()
                trial = now  # noqa: PLW2901 - the same trial, read again
            ended += counts(trial)
        if ended + running >= self.most:
            return None
        return self._asked(held) if left is None else self._taken_over(left) or self._next(held)

    def _asked(self, held: ExitStack) -> Claim:
        """Return a new trial."""
        options = self.search.options
        # A seed of its own for each trial: workers must not draw the same, nor one that goes on
        # draw again what it drew before.
        seeds = np.random.SeedSequence([self.search.base.training.seed, len(self.all())])
        self.study.sampler = TPESampler(
            n_startup_trials=options.random_trials,
            seed=int(seeds.generate_state(1)[0]),
            multivariate=True,
            constant_liar=True,
        )
        trial = self.study.ask(self._space)
        folder = self.path(trial.number)
        lock = _acquired(folder)
        assert lock is not None, "a new trial is known to nobody else"  # noqa: S101
        held.callback(lock.release)
        return Claim(trial, folder, resumed=False)

    def _taken_over(self, left: FrozenTrial) -> Claim | None:
        """Return a trial that a killed process left, or None after noting that it is no use."""
        folder = self.path(left.number)
        trial = optuna.Trial(self.study, left._trial_id)  # noqa: SLF001 - the only way back to it
        if left.params.keys() != self._space.keys():
            trial.set_user_attr(RETRIED, True)  # noqa: FBT003 - a value
            trial.set_user_attr(REASON, "its process was killed before it had all its values")
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        stands = max((path.name for path in folder.glob("checkpoints/step-*")), default="")
        seen = [*left.user_attrs.get(SEEN, ()), stands]
        trial.set_user_attr(SEEN, seen)
        if len(seen) >= MOST_ENDS and set(seen[-MOST_ENDS:]) == {stands}:
            trial.set_user_attr(REASON, f"its process ended {MOST_ENDS} times at the same point")
            self.study.tell(trial, state=TrialState.FAIL)
            tidy(folder)
            return None
        return Claim(trial, folder, resumed=True, reported=set(left.intermediate_values))

    def _read(self, trial: FrozenTrial) -> FrozenTrial:
        storage = self.study._storage  # noqa: SLF001 - the public way reads all trials
        return storage.get_trial(trial._trial_id)  # noqa: SLF001

    def path(self, number: int) -> Path:
        """Return a trial's folder."""
        return self.folder / f"trial-{number:04d}"


def counts(trial: FrozenTrial) -> bool:
    """Return whether a trial has ended and is not done again."""
    return trial.state.is_finished() and not trial.user_attrs.get(RETRIED, False)


def tidy(folder: Path) -> None:
    """Remove the checkpoints of a trial that nobody goes on with."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


@contextmanager
def choosing(folder: Path) -> Iterator[None]:
    """Let one worker of a search's folder at a time choose a trial, or write for all of them."""
    (folder / OWN).mkdir(parents=True, exist_ok=True)
    with FileLock(folder / OWN / "lock"):
        yield


def distribution(parameter: Parameter) -> BaseDistribution:
    """Return a parameter as Optuna has it."""
    if parameter.choices:
        return CategoricalDistribution(parameter.choices)
    low, high, log, step = parameter.low, parameter.high, parameter.log, parameter.step
    if parameter.whole:
        return IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return FloatDistribution(low, high, log=log, step=step)


def pruner(options: Options) -> BasePruner:
    """Return what ends trials early.

    The median rather than successive halving: recipes have few epochs, of which the first says
    little while the learning rate still rises, and halving would stop most trials there.
    """
    if options.pruner == "none":
        return NopPruner()
    return MedianPruner(
        n_startup_trials=options.pruner_trials, n_warmup_steps=options.pruner_epochs
    )


def _acquired(folder: Path) -> FileLock | None:
    """Return the lock of a run's folder, held; None where another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock
