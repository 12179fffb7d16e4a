"""Adapt an encoder to texts without labels: it learns to find hidden tokens before it is trained.

The loop is that of training, so runs resume and fit into memory alike. To it the cross-entropy of
each hidden token is a logit, and a target says no more than whether there is one: as many as are
hidden count in the effective batch, and the loss is their mean.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from overtone import atomic, data, models, text
from overtone.data import Split, unlabelled
from overtone.data.stratify import same_text
from overtone.errors import InputError, MissingDataError
from overtone.experiment import fingerprint, run
from overtone.experiment.adaptation import Adaptation, check, compose
from overtone.inputs import batches, single
from overtone.inputs.masking import MaskedEncoded, MaskedInputs
from overtone.labels import Labels
from overtone.losses import Count
from overtone.models import masked
from overtone.training import ranks, trainer
from overtone.training.ranks import Ranks
from overtone.training.result import Scores, TrainingSet

log = logging.getLogger(__name__)

NO_LABELS = Labels.of("hidden token")
"""What the parts that want labels are given."""


@dataclass(frozen=True)
class Adapted:
    """A finished run."""

    path: Path
    history: list[dict[str, Any]]
    """One entry an epoch, as in history.jsonl; `dev` is what was held out."""

    @property
    def encoder(self) -> Path:
        """Return the folder of the encoder."""
        return self.path / masked.FOLDER

    @property
    def loss(self) -> float:
        """Return the mean cross-entropy of hidden tokens in the texts that were held out."""
        return float(min(entry["dev"]["loss"] for entry in self.history if entry["best"]))


def adapt(
    dataset: str | None,
    output: str | Path,
    *,
    data_dir: str | Path | None = None,
    config: str | Path | None = None,
    encoder: str | None = None,
    texts: Sequence[str | Path] = (),
    seed: int | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
) -> Adapted:
    """Adapt an encoder to texts, and save it in Hugging Face format as `output/encoder`.

    Args:
        dataset: whose train split is learnt from, its labels left aside; a name or a table.
        output: the run's folder, made here; later an encoder's name.
        data_dir: where the dataset's files are.
        config: a TOML file.
        encoder: `minilm`, a folder, or a name on the Hugging Face hub.
        texts: texts besides: datasets, or tables as FILE or `FILE:COLUMN`.
        seed: of everything random.
        settings: `section.key=value`, the last word.
        resume: go on with a run that was stopped.

    Raises:
        InputError: something given can't be used; nothing was written.
        Interrupted: the user stopped the run, which `resume=True` continues.
        OvertoneError: training diverged, or there is no room on the disk or in memory.

    """
    folder = Path(output)
    asked = partial(
        compose, config, dataset=dataset, encoder=encoder, texts=texts, seed=seed,
        settings=settings,
    )  # fmt: skip
    recipe = run.recipe(folder, check, asked, resume=resume)
    team = ranks.join(cpu=recipe.training.device == "cpu")
    if team.first and not resume:
        run.check_new(folder)
    team.wait()  # before the first process puts files there
    if (folder / masked.FOLDER).is_dir():
        return _finished(folder)
    splits = _splits(recipe, Path(data_dir) if data_dir else None)
    torch.manual_seed(recipe.training.seed)  # a new head's first weights
    pretrained = masked.load(
        recipe.masking.encoder,
        train_embeddings=recipe.masking.train_embeddings,
        freeze_layers=recipe.masking.freeze_layers,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with run.alone(folder, team), run.room(folder):
        # Looked for again: another process may have finished the run meanwhile.
        if (folder / masked.FOLDER).is_dir():
            return _finished(folder)
        if team.first:
            run.tidy(folder)
            named = {split.name: split for split in splits}
            fingerprint.check(folder / "checkpoints" / "data.json", named)
            atomic.write_text(folder / "config.toml", recipe.to_toml())
        team.wait()
        _fit(recipe, pretrained, splits, folder, team)
        if team.first:
            with atomic.folder(folder / masked.FOLDER) as beside:
                pretrained.save(beside)
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        team.wait()
    return _read(folder)


def _finished(folder: Path) -> Adapted:
    """Return a run that has its encoder, and drop what its process was killed before dropping."""
    log.warning("the run %s is finished already", folder)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return _read(folder)


def _read(folder: Path) -> Adapted:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return Adapted(folder, [json.loads(line) for line in lines])


def _splits(recipe: Adaptation, data_dir: Path | None) -> tuple[Split, Split]:
    """Return the texts to learn from and those held out, none of them in dev or test."""
    ids: list[str] = []
    texts: list[str] = []
    aside: list[str] = []
    if recipe.data is not None:
        name, options = recipe.data.name, recipe.data.options
        train = data.load(name, "train", data_dir, options)
        for other in ("dev", "test"):
            with suppress(MissingDataError):
                aside += data.load(name, other, data_dir, options).texts
        kept = unlabelled.distinct(train.texts, {same_text(given) for given in aside})
        ids, texts = ([given[place] for place in kept] for given in (train.ids, train.texts))
    more = unlabelled.load(recipe.masking.texts, data_dir, (*aside, *texts))
    ids, texts = ids + more[0], texts + more[1]
    if len(texts) < 2:  # noqa: PLR2004
        raise InputError(
            f"expected at least 2 different texts, one to learn from and one to choose the epoch "
            f"by, found {len(texts)}"
        )
    order = np.random.default_rng(recipe.training.seed).permutation(len(texts))
    count = max(1, round(recipe.masking.held_out * len(texts)))

    def part(name: str, places: NDArray[np.int64]) -> Split:
        chosen = tuple(ids[n] for n in places), tuple(texts[n] for n in places)
        return Split("texts", name, *chosen, NO_LABELS, None)

    return part("train", np.sort(order[count:])), part("held out", np.sort(order[:count]))


def _fit(
    recipe: Adaptation,
    pretrained: masked.Pretrained,
    splits: tuple[Split, Split],
    folder: Path,
    team: Ranks,
) -> None:
    """Train the model, which is left with its best weights."""
    clean = text.load(recipe.text.name, recipe.text.options)
    inputs = single.Inputs(
        recipe.inputs,
        Tokenizer.from_str(pretrained.tokenizer.backend_tokenizer.to_str()),
        pretrained.limit,
    )
    hide = partial(
        MaskedInputs, inputs, recipe.masking.share, whole_words=recipe.masking.whole_words
    )
    # The loop has seeded torch with the run's seed and the step's number when a batch is made.
    learnt, held_out = hide(seed=torch.initial_seed), hide(seed=lambda: 0)
    train, dev = (
        learnt.encode([clean(given) for given in split.texts], NO_LABELS) for split in splits
    )
    if not (len(train) and len(dev)):
        raise InputError("expected texts with words in them, found nothing after cleaning")
    log.info(
        "%d texts to learn from and %d held out, %.1f hidden tokens a text",
        len(splits[0]),
        len(splits[1]),
        train.counts.mean(),
    )
    validate = partial(_loss, held_out, dev)
    pretrained.model.to(team.device)
    log.info("loss on the texts held out before: %.4f", validate(pretrained.model)["loss"])
    targets = np.where(np.arange(learnt.most) < train.counts[:, None], 0, np.nan)
    ids = [splits[0].ids[place] for place in train.sources]
    trainer.fit(
        pretrained.model,
        _mean,
        TrainingSet(learnt, train, targets.astype(np.float32), ids),
        validate,
        recipe.training,
        folder,
        team=team,
    )


def _mean(values: Tensor, targets: Tensor, count: Count) -> Tensor:  # noqa: ARG001 - a loss's shape
    """Return a batch's share of the mean over the hidden tokens of the effective batch."""
    return values.sum() / count.cells


def _loss(inputs: MaskedInputs, encoded: MaskedEncoded, model: nn.Module) -> Scores:
    """Return the mean cross-entropy of the hidden tokens, always the same ones."""
    plan = batches.by_length(encoded.lengths, texts=512, tokens=batches.TOKENS)
    values = (models.logits_of(model, inputs.collate(encoded, rows)) for rows in plan)
    return {"loss": float(sum(given.sum() for given in values) / encoded.counts.sum())}
