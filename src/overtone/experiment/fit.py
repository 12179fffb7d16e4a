"""From the parts of a run to its bundle: train, fit calibration and decision, score, save."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from overtone import __version__, atomic, bundle, data, models
from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import (
    card,
    deciding,
    dev_folds,
    distill,
    fingerprint,
    folds,
    learnt,
    run,
)
from overtone.experiment.parts import Parts
from overtone.experiment.recipe import Recipe
from overtone.inputs import batches
from overtone.losses import Count
from overtone.training import ranks, sharding, solver, soup, tracking, trainer
from overtone.training.config import Config as Training
from overtone.training.loop import AfterEpoch
from overtone.training.ranks import Ranks
from overtone.training.result import Fitted, Scores

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A finished training run."""

    path: Path
    bundle: bundle.Bundle

    @property
    def metrics(self) -> dict[str, Any]:
        """Return the scores on dev and the cost."""
        return self.bundle.manifest.metrics


def in_folder(
    make: Callable[[], Parts],
    folder: Path,
    *,
    team: Ranks,
    track: str | None = None,
    quiet: bool = False,
) -> Run:
    """Do a run in its folder: go on with what was begun there, return what is finished.

    Args:
        make: makes the parts, where there is something to do.
        folder: the run's, made here.
        team: the processes that train together.
        track: tensorboard, mlflow or wandb.
        quiet: whether nothing is shown.

    Raises:
        InputError: as for `go_on`; or another process is training there.

    """
    if (folder / "bundle").is_dir():
        return _finished(folder)
    parts = make()
    folder.mkdir(parents=True, exist_ok=True)
    with run.alone(folder, team):
        return go_on(parts, folder, team=team, track=track, quiet=quiet)


def go_on(
    parts: Parts,
    folder: Path,
    *,
    team: Ranks,
    track: str | None = None,
    after_epoch: AfterEpoch | None = None,
    quiet: bool = False,
) -> Run:
    """Begin a run, or go on with it, in a folder where no other process trains (`run.alone`).

    Args:
        parts: all that is needed; the recipe is the one that the run was begun with.
        folder: the run's folder, which is there.
        team: the processes that train together.
        track: tensorboard, mlflow or wandb.
        after_epoch: as for `trainer.fit`.
        quiet: whether nothing is shown.

    Raises:
        InputError: the run was begun on other data or by another version.
        Interrupted: the user stopped the run.
        OvertoneError: training diverged, or there is no room on the disk or in memory.

    """
    # Looked for once the folder is ours: another process may have finished the run meanwhile.
    if (folder / "bundle").is_dir():
        return _finished(folder)
    with run.room(folder):
        if team.first:
            run.tidy(folder)
            fingerprint.check(folder / "checkpoints" / "data.json", splits_of(parts))
            atomic.write_text(folder / "config.toml", parts.recipe.to_toml())
        team.wait()
        return fit_and_save(
            parts, folder, team=team, track=track, after_epoch=after_epoch, quiet=quiet
        )


def splits_of(parts: Parts) -> dict[str, Split]:
    """Return all that a run is trained on or chosen by, by name."""
    others = {
        f"{also.name} train": other.split
        for also, other in zip(parts.recipe.also, parts.others, strict=True)
    }
    more = {"vocabulary": parts.vocabulary} if parts.vocabulary else {}
    return {"train": parts.train, "dev": parts.dev, **others, **more}


def _finished(folder: Path) -> Run:
    """Return a run that has its bundle, and drop what its process was killed before dropping."""
    log.warning("the run %s is finished already", folder)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return Run(folder, bundle.load(folder / "bundle"))


def fit_and_save(
    parts: Parts,
    folder: Path,
    *,
    team: Ranks | None = None,
    track: str | None = None,
    after_epoch: AfterEpoch | None = None,
    quiet: bool = False,
) -> Run:
    """Train, fit calibration and decision, score them on dev, and write the bundle.

    Args:
        parts: all that is needed.
        folder: the run's folder, which is there.
        team: the processes that train together; this one alone where None.
        track: tensorboard, mlflow or wandb.
        after_epoch: as for `trainer.fit`; a solver has no epochs and never calls it.
        quiet: whether nothing is shown.

    Raises:
        InputError: the tracker's package is missing, or the model can't be trained by many.

    """
    model, recipe = parts.pretrained.model, parts.recipe
    training = recipe.training
    team = team or ranks.join(cpu=training.device == "cpu", shard=training.shard)
    targets = distill.targets(
        recipe.teacher,
        parts.train,
        folder / "checkpoints",
        team,
        quiet=quiet,
        by_folds=partial(_by_folds, parts, folder / "checkpoints" / "teachers", team, quiet=quiet),
    )
    members = dev_folds.members(parts)
    if isinstance(model, models.Solved):
        if track:
            raise InputError(f"{recipe.model.name} is solved at once: there is nothing to --track")
        if team.size > 1:
            raise InputError(f"{recipe.model.name} is solved by one process, found {team.size}")
        validate = partial(_validate, parts, team)
        fitted = solver.solve(model, parts.training_set(targets), validate, folder)
    else:

        def training_into(config: Training, own: Path, number: int) -> Fitted:
            member = members[number]
            # The folder of one of several trainings goes when the run is finished.
            tracked = folder if own == folder else folder / own.name
            return trainer.fit(
                model,
                parts.loss,
                member.training_data(targets),
                partial(_validate, member.scored(), team),
                config,
                own,
                team=team,
                track=partial(_tracker, track, tracked, recipe),
                after_epoch=after_epoch,
                quiet=quiet,
            )

        if training.soup > 1:
            fitted = soup.cook(model, training, folder, team, training_into)
        else:
            fitted = training_into(training, folder, 0)
    logits = (
        dev_folds.unseen_logits(
            model,
            members,
            soup.each(training, folder),
            lambda own: _dev_logits(own, team, model),
        )
        if training.learn_dev
        else _dev_logits(parts, team, model)
    )
    raw = batches.sigmoid(logits)
    way = deciding.Way(recipe.calibration, recipe.decision)
    dev_truth = data.truth(parts.dev)
    fitted_way = way.fit(raw, dev_truth, parts.dev.labels)
    manifest = bundle.Manifest(
        labels=parts.train_encoded.labels,
        also={
            also.name: other.train.encoded.labels
            for also, other in zip(recipe.also, parts.others, strict=True)
        },
        config=recipe.to_json(),
        architecture=model.architecture(),
        limit=parts.pretrained.limit,
        calibration=fitted_way.calibration.to_json(),
        decision=fitted_way.decision.to_json(),
        fitted_on=deciding.note(fitted_way, parts.dev),
        metrics={
            **deciding.scores(way, fitted_way, raw, dev_truth, parts.dev.labels),
            "cost": dataclasses.asdict(fitted.cost),
        },
        overtone=__version__,
    )
    weights = sharding.whole(model.state_dict())

    def write_files(path: Path) -> None:
        save_file(weights, path)
        if training.learn_dev or len(parts.heard_of):
            own = parts.dev.texts if training.learn_dev else ()
            known = learnt.of(own, raw[: len(own)]).heard_of(parts.heard_of)
            known.write(path.with_name(bundle.LEARNT))

    if team.first:
        bundle.save(
            folder / "bundle",
            manifest,
            write_files,
            parts.pretrained.tokenizer,
            card.write(manifest),
        )
        # A finished run needs no way back; its checkpoints would be most of its size.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    team.wait()
    return Run(folder, bundle.load(folder / "bundle"))


def _by_folds(parts: Parts, folder: Path, team: Ranks, *, quiet: bool) -> NDArray[np.float64]:
    """Return the probabilities of teachers that are trained on folds, (n, C)."""

    def trained(make: folds.Make, fold: Path) -> Path:
        return in_folder(make, fold, team=team, quiet=quiet).path

    others = [other.split for other in parts.others]
    # Through a teacher that has learnt dev, every training would have.
    training = dataclasses.replace(parts.recipe.training, learn_dev=False)
    found = folds.probabilities(
        dataclasses.replace(parts.recipe, training=training),
        (parts.train, parts.dev, *others),
        folder,
        parts.recipe.teacher.folds,
        trained,
        start=parts.start,
        device=team.device.type,
    )
    return found.probabilities.astype(np.float64)


def _tracker(name: str | None, folder: Path, recipe: Recipe, step: int) -> tracking.Tracker:
    tracker = tracking.start(name, folder, step)
    tracker.log_config(recipe.to_json())
    return tracker


def _validate(parts: Parts, team: Ranks, model: nn.Module) -> Scores:
    """Score the model on dev at a threshold of 0.5, and its loss.

    Epochs are compared at 0.5 whatever the decision: fitting one on dev each time and scoring it
    there would reward the epoch that is fitted best, not the best epoch.
    """
    logits, targets = _dev_logits(parts, team, model), data.truth(parts.dev)
    if not np.isfinite(logits).all():
        # Training diverged, which the trainer says; no metric takes such numbers.
        return dict.fromkeys(("loss", "jaccard", "jaccard_zero", "f1_micro", "f1_macro"), np.nan)
    probabilities = batches.sigmoid(logits)
    scores = metrics.score(targets, probabilities > 0.5, probabilities, parts.dev.labels)  # noqa: PLR2004
    found, wanted = torch.from_numpy(logits), torch.from_numpy(targets)
    return {
        "loss": float(parts.loss(found, wanted, Count.of(wanted))),
        "jaccard": scores.jaccard,
        "jaccard_zero": scores.jaccard_zero,
        "f1_micro": scores.f1_micro,
        "f1_macro": scores.f1_macro,
    }


def _dev_logits(parts: Parts, team: Ranks, model: nn.Module) -> NDArray[np.float32]:
    backend = partial(models.logits_of, model)
    return batches.logits(backend, parts.inputs, parts.dev_encoded, gather=team)
