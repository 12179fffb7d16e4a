"""Train a model: data to a run folder with the finished bundle in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from overtone import atomic, data
from overtone.experiment import first, fit, run
from overtone.experiment.fit import Run
from overtone.experiment.parts import Parts, prepare
from overtone.experiment.recipe import Init, Recipe, check, compose
from overtone.training import ranks, sharding, tracking


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
        teacher_texts: texts that only they label: datasets, or tables as FILE or `FILE:COLUMN`.
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
    asked = partial(
        compose, config, dataset=dataset, data=data, also=also, model=model, encoder=encoder,
        init=init, teachers=teachers, teacher_texts=teacher_texts, seed=seed, settings=settings,
    )  # fmt: skip
    recipe = run.recipe(folder, check, asked, resume=resume)
    return by_recipe(recipe, folder, data_dir=data_dir, resume=resume, track=track)


def by_recipe(
    recipe: Recipe,
    folder: Path,
    *,
    data_dir: str | Path | None = None,
    resume: bool = False,
    track: str | None = None,
) -> Run:
    """Train a model by a whole recipe; the other arguments and errors are those of `train`."""
    tracking.check(track)
    team = ranks.join(cpu=recipe.training.device == "cpu", shard=recipe.training.shard)
    sharding.check(recipe.training, team)
    if team.first and not resume:
        run.check_new(folder)
    team.wait()  # before the first process puts files there
    where = Path(data_dir) if data_dir else None

    def parts() -> Parts:
        before = folder / "checkpoints" / first.FOLDER
        if recipe.init.recipe and not (before / "bundle").is_dir():
            # Hours may pass until what is wrong with the rest would be found.
            prepare(dataclasses.replace(recipe, init=Init()), where)
            if team.first:  # what --resume goes on with
                folder.mkdir(parents=True, exist_ok=True)
                atomic.write_text(folder / "config.toml", recipe.to_toml())
            team.wait()
        return prepare(recipe, where, first.model(recipe, where, before, team))

    return fit.in_folder(parts, folder, team=team, track=track)


def dry_run(recipe: Recipe, data_dir: Path | None) -> str:
    """Check data and model as `train` would, and say what would be trained.

    Raises:
        InputError: something given can't be used.

    """
    if recipe.init.recipe:
        prepare(first.recipe_of(recipe), data_dir)
    # The model that is trained first isn't there, and has the same shape.
    parts = prepare(
        dataclasses.replace(recipe, init=Init()) if recipe.init.recipe else recipe, data_dir
    )
    trained_on = len(parts.training_data(data.truth(parts.train)))
    lengths = parts.train_encoded.lengths
    parameters = sum(parameter.numel() for parameter in parts.pretrained.model.parameters())
    return (
        f"{recipe.to_toml()}\n# {trained_on:,} texts to train on, {len(parts.dev):,} to "
        f"choose by, {lengths.mean():.0f} tokens a text ({lengths.max()} at most), "
        f"{parameters / 1e6:.1f} M parameters: all is in order, nothing was trained"
    )
