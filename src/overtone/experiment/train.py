"""Train a model: data to a run folder with the finished bundle in it."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Mapping, Sequence
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
from overtone.config import Table
from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import card, deciding, distill, fingerprint, run
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import Recipe, check, compose
from overtone.inputs import batches
from overtone.losses import Count
from overtone.training import ranks, sharding, solver, tracking, trainer
from overtone.training.ranks import Ranks
from overtone.training.result import Scores
from overtone.training.trainer import AfterEpoch

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


def train(
    dataset: str | None,
    output: str | Path,
    *,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    also: Sequence[str] = (),
    config: str | Path | None = None,
    model: str | None = None,
    encoder: str | None = None,
    init: str | Path | None = None,
    teachers: Sequence[str | Path] = (),
    teacher_texts: Sequence[str | Path] = (),
    seed: int | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    track: str | None = None,
) -> Run:
    """Train a model and save it.

    Args:
        dataset: a name as `overtone data list` shows them, or a CSV, TSV, JSON Lines or Parquet
            file; None where `config` names it.
        output: the run's folder, made here.
        data_dir: where the dataset's files are.
        data: the dataset's options; a file's are `text_column`, `labels`, `label_column`, `dev` and
            others (`overtone.data.table.Config`).
        also: other datasets to learn at the same time, each with its own labels; `dataset` alone
            chooses the epoch. `settings` may say which share of one an epoch has
            (`also.goemotions.share=0.3`).
        config: a preset's name, such as best/semeval2018-en, or a TOML file.
        model: the family, such as spanemo or tfidf.
        encoder: `minilm`, a folder, or a name on the Hugging Face hub.
        init: a model to start from, a run or a bundle, in place of an encoder; its labels may be
            others than the dataset's.
        teachers: models whose probabilities are learnt from besides the truth, runs or bundles.
        teacher_texts: texts that only they label: datasets, or tables as FILE or FILE:COLUMN.
        seed: of everything random.
        settings: `section.key=value`, the last word.
        resume: go on with a run that was stopped. `settings` may change how it fits the machine:
            training.batch_tokens, memory_gb, gradient_checkpointing, shard, checkpoint_steps,
            device.
        track: tensorboard, mlflow or wandb, where losses and scores go besides.

    Raises:
        InputError: something given can't be used; nothing was written.
        Interrupted: the user stopped the run, which `resume=True` continues.
        OvertoneError: training diverged, or there is no room on the disk or in memory; what was
            saved is whole.

    """
    folder = Path(output)
    given: dict[str, Any] = {
        "dataset": dataset,
        "data": data,
        "also": also,
        "model": model,
        "encoder": encoder,
        "init": init,
        "teachers": teachers,
        "teacher_texts": teacher_texts,
        "seed": seed,
        "settings": settings,
    }

    def asked(base: Table | None) -> Recipe:
        return compose(config, base=base, **given)

    recipe = run.resumed(folder, check, asked) if resume else asked(None)
    tracking.check(track)
    team = ranks.join(cpu=recipe.training.device == "cpu", shard=recipe.training.shard)
    sharding.check(recipe.training, team)
    if team.first and not resume:
        run.check_new(folder)
    team.wait()  # before the first process puts files there
    if (folder / "bundle").is_dir():
        return _finished(folder)
    parts = prepare(recipe, Path(data_dir) if data_dir else None)
    folder.mkdir(parents=True, exist_ok=True)
    with run.alone(folder, team):
        return go_on(parts, folder, team=team, track=track)


def go_on(
    parts: Parts,
    folder: Path,
    *,
    team: Ranks,
    track: str | None = None,
    after_epoch: AfterEpoch | None = None,
) -> Run:
    """Begin a run, or go on with it, in a folder where no other process trains (`run.alone`).

    Args:
        parts: all that is needed; the recipe is the one that the run was begun with.
        folder: the run's folder, which is there.
        team: the processes that train together.
        track: tensorboard, mlflow or wandb.
        after_epoch: as for `trainer.fit`.

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
        return fit_and_save(parts, folder, team=team, track=track, after_epoch=after_epoch)


def splits_of(parts: Parts) -> dict[str, Split]:
    """Return all that a run is trained on or chosen by, by name."""
    others = {
        f"{also.name} train": other.split
        for also, other in zip(parts.recipe.also, parts.others, strict=True)
    }
    return {"train": parts.train, "dev": parts.dev, **others}


def _finished(folder: Path) -> Run:
    """Return a run that has its bundle, and drop what its process was killed before dropping."""
    log.warning("the run %s is finished already", folder)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return Run(folder, bundle.load(folder / "bundle"))


def dry_run(recipe: Recipe, data_dir: Path | None) -> str:
    """Check data and model as `train` would, and say what would be trained.

    Raises:
        InputError: something given can't be used.

    """
    parts = prepare(recipe, data_dir)
    trained_on = len(parts.training_data(data.truth(parts.train)))
    lengths = parts.train_encoded.lengths
    parameters = sum(parameter.numel() for parameter in parts.pretrained.model.parameters())
    return (
        f"{recipe.to_toml()}\n# {trained_on:,} texts to train on, {len(parts.dev):,} to "
        f"choose by, {lengths.mean():.0f} tokens a text ({lengths.max()} at most), "
        f"{parameters / 1e6:.1f} M parameters: all is in order, nothing was trained"
    )


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
        recipe.teacher, parts.train, folder / "checkpoints", team, quiet=quiet
    )
    validate = partial(_validate, parts, team)
    if isinstance(model, models.Solved):
        if track:
            raise InputError(f"{recipe.model.name} is solved at once: there is nothing to --track")
        if team.size > 1:
            raise InputError(f"{recipe.model.name} is solved by one process, found {team.size}")
        fitted = solver.solve(model, parts.training_set(targets), validate, folder)
    else:
        fitted = trainer.fit(
            model,
            parts.loss,
            parts.training_data(targets),
            validate,
            training,
            folder,
            team=team,
            track=partial(_tracker, track, folder, recipe),
            after_epoch=after_epoch,
            quiet=quiet,
        )
    raw = batches.sigmoid(_dev_logits(parts, team, model))
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
    if team.first:
        bundle.save(
            folder / "bundle",
            manifest,
            lambda path: save_file(weights, path),
            parts.pretrained.tokenizer,
            card.write(manifest),
        )
        # A finished run needs no way back; its checkpoints would be most of its size.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    team.wait()
    return Run(folder, bundle.load(folder / "bundle"))


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
