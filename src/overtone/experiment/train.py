"""Train a model: data to a run folder with the finished bundle in it."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from overtone import __version__, atomic, bundle, data, decision, models
from overtone.config import Table
from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import card, fingerprint
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import Recipe, check, compose
from overtone.inputs import batches
from overtone.losses import Count
from overtone.training import checkpoint, ranks, solver, tracking, trainer
from overtone.training.ranks import Ranks
from overtone.training.result import Scores

log = logging.getLogger(__name__)

MACHINE = {
    "batch_tokens", "checkpoint_steps", "device", "gradient_checkpointing", "memory_gb",
    "most_skipped",
}  # fmt: skip
"""Options of training that a resumed run may change: they are about the machine."""

BEGUN = {"lock", "checkpoints"}
"""What a run has before it has a recipe, which a process may be killed between."""
LEFT_OVER = (".bundle.", ".config.toml.", ".history.jsonl.", ".adapter.")
"""How names begin that a process leaves behind where it is killed while it writes."""


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
        seed: of everything random.
        settings: `section.key=value`, the last word.
        resume: go on with a run that was stopped. `settings` may change how it fits the machine:
            training.batch_tokens, memory_gb, gradient_checkpointing, checkpoint_steps, device.
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
        "seed": seed,
        "settings": settings,
    }
    recipe = _resumed(folder, config, given) if resume else compose(config, **given)
    tracking.check(track)
    team = ranks.join(cpu=recipe.training.device == "cpu")
    if team.first and not resume and folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"expected a new folder for the run, found files in {folder}: choose another "
            "--output, or go on with that run with --resume"
        )
    team.wait()  # before the first process puts files there
    if (folder / "bundle").is_dir():
        return _finished(folder)
    parts = prepare(recipe, Path(data_dir) if data_dir else None)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, team), _room(folder):
        # Looked for again: another process may have finished the run meanwhile.
        if (folder / "bundle").is_dir():
            return _finished(folder)
        if team.first:
            _tidy(folder)
            fingerprint.check(folder / "checkpoints" / "data.json", _splits(parts))
            atomic.write_text(folder / "config.toml", recipe.to_toml())
        team.wait()
        return fit_and_save(parts, folder, team=team, track=track)


def _splits(parts: Parts) -> dict[str, Split]:
    """Return all that a run is trained on or chosen by, by name."""
    others = {
        f"{also.name} train": other.split
        for also, other in zip(parts.recipe.also, parts.others, strict=True)
    }
    return {"train": parts.train, "dev": parts.dev, **others}


@contextmanager
def _alone(folder: Path, team: Ranks) -> Iterator[None]:
    """Keep every other run out of a folder; the first of several processes does so for all.

    Raises:
        InputError: another process is training there.

    """
    if not team.first:
        yield
        return
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"another process is training into {folder}; choose another --output"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Say of a full disk what is whole in a run's folder, and what to do.

    Raises:
        OvertoneError: the disk is full.

    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        if not checkpoint.is_full(error):
            raise
        path = Path(getattr(error, "filename", None) or folder)
        raise checkpoint.explained(error, path, folder / "checkpoints") from error


def _finished(folder: Path) -> Run:
    """Return a run that has its bundle, and drop what its process was killed before dropping."""
    log.warning("the run %s is finished already", folder)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return Run(folder, bundle.load(folder / "bundle"))


def _tidy(folder: Path) -> None:
    """Remove what was half written when a process was killed."""
    for path in folder.iterdir():
        if path.name.startswith(LEFT_OVER):
            atomic.remove(path)


def dry_run(recipe: Recipe, data_dir: Path | None) -> str:
    """Check data and model as `train` would, and say what would be trained.

    Raises:
        InputError: something given can't be used.

    """
    parts = prepare(recipe, data_dir)
    trained_on, lengths = len(parts.training_data), parts.train_encoded.lengths
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
    quiet: bool = False,
) -> Run:
    """Train, fit the decision, score it on dev, and write the bundle.

    Args:
        parts: all that is needed.
        folder: the run's folder, which is there.
        team: the processes that train together; this one alone where None.
        track: tensorboard, mlflow or wandb.
        quiet: whether nothing is shown.

    Raises:
        InputError: the tracker's package is missing, or the model can't be trained by many.

    """
    model, recipe = parts.pretrained.model, parts.recipe
    team = team or ranks.join(cpu=recipe.training.device == "cpu")
    validate = partial(_validate, parts, team)
    if isinstance(model, models.Solved):
        if track:
            raise InputError(f"{recipe.model.name} is solved at once: there is nothing to --track")
        if team.size > 1:
            raise InputError(f"{recipe.model.name} is solved by one process, found {team.size}")
        fitted = solver.solve(model, parts.training_set, validate, folder)
    else:
        fitted = trainer.fit(
            model,
            parts.loss,
            parts.training_data,
            validate,
            recipe.training,
            folder,
            team=team,
            track=partial(_tracker, track, folder, recipe),
            quiet=quiet,
        )
    probabilities = batches.sigmoid(_dev_logits(parts, team, model))
    decided = decision.fit(
        recipe.decision.name,
        recipe.decision.options,
        probabilities,
        data.truth(parts.dev),
        parts.dev.labels,
    )
    scores = metrics.score(
        data.truth(parts.dev), decided.decide(probabilities), probabilities, parts.dev.labels
    )
    manifest = bundle.Manifest(
        labels=parts.train_encoded.labels,
        also={
            also.name: other.train.encoded.labels
            for also, other in zip(recipe.also, parts.others, strict=True)
        },
        config=recipe.to_json(),
        architecture=model.architecture(),
        limit=parts.pretrained.limit,
        decision=decided.to_json(),
        metrics={"dev": scores.to_json(), "cost": dataclasses.asdict(fitted.cost)},
        overtone=__version__,
    )
    if team.first:
        bundle.save(
            folder / "bundle",
            manifest,
            lambda path: save_file(model.state_dict(), path),
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


def _resumed(folder: Path, reference: str | Path | None, given: dict[str, Any]) -> Recipe:
    """Return the recipe of the run to go on with.

    Raises:
        InputError: there is no run to go on with, or something else was asked for than it was
            started with.

    """
    config = folder / "config.toml"
    if folder.is_dir() and all(
        path.name in BEGUN or path.name.startswith(LEFT_OVER) for path in folder.iterdir()
    ):
        log.warning("the run in %s had not begun: it begins now", folder)
        return compose(reference, **given)
    try:
        saved = check(tomllib.loads(config.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"expected a run to resume in {folder}, found no config.toml") from error
    except (ValueError, InputError) as error:
        raise InputError(f"{config} is damaged ({error}): train again") from error
    asked = compose(reference, base=saved.to_json(), **given)
    if differences := _differences(saved.to_json(), asked.to_json()):
        raise InputError(
            f"the run in {folder} was started with another recipe: {'; '.join(differences)}; "
            "resume without those options, or choose another --output"
        )
    return asked


def _differences(saved: Table, asked: Table) -> list[str]:
    """Return where two recipes differ, one line each."""
    return [
        f"{section}.{key} was {saved[section].get(key)!r}, now {asked[section].get(key)!r}"
        for section in saved
        for key in {**saved[section], **asked[section]}
        if saved[section].get(key) != asked[section].get(key)
        and not (section == "training" and key in MACHINE)
    ]
