"""Give a trained model another decision or calibration, without training it again."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from overtone import bundle as bundles
from overtone.bundle import TOKENIZER, Bundle
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import card, crossvalidate, deciding, labelled, learnt
from overtone.experiment.recipe import Section, section
from overtone.experiment.same_recipe import check_same
from overtone.inference import predictor


@dataclass(frozen=True)
class Refitted:
    """A model with another decision, and what that changes."""

    bundle: Bundle
    split: str
    """The texts that are scored, as `dataset, split`: those of the fit, unless it was on
    out-of-fold probabilities."""
    texts: int
    cross_fitted: bool
    """Whether the texts are those of the fit, and so scored by fits on four fifths of them."""
    out_of_fold: int
    """How many of the texts the model has learnt (`training.learn_dev`): they are scored, and
    fitted on, by trainings that had not."""
    scores: dict[str, dict[str, float]]
    """The main scores there by way of deciding: `at 0.5`, `before` and `now`, the last two
    cross-fitted where they were fitted on these texts."""

    @property
    def notes(self) -> list[str]:
        """Return in plain words what the model had of these very texts, a sentence each."""
        return deciding.notes(out_of_fold=self.out_of_fold, cross_fitted=self.cross_fitted)


def decide(
    model: str | Path,
    dataset: str,
    output: str | Path,
    *,
    decision: Mapping[str, object] | None = None,
    calibration: Mapping[str, object] | None = None,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    out_of_fold: str | Path | None = None,
) -> Refitted:
    """Fit a decision, a calibration or both on a dataset's split, and save the model with them.

    Args:
        model: the folder of a run or a bundle.
        dataset: a name as `overtone data list` shows them, or a table, with the model's labels.
        output: the new bundle's folder, made here.
        decision: `name` and options, such as {"name": "per_label", "aim": "f1_macro"}; where there
            is no name, the model's own with other options.
        calibration: likewise.
        split: train, dev or test; of a file also all. By default dev; of a file, all. What is
            fitted on. With `out_of_fold` dev, which is only scored.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        out_of_fold: the folder of a cross-validation of the same recipe (`crossvalidate`), whose
            probabilities of the train split are fitted on in place of the model's own.

    Raises:
        InputError: there is no such model, dataset, decision, calibration or cross-validation; it
            is of another recipe; an option is none of theirs; the labels are not the model's; or
            there is something at `output`.

    """
    folder = Path(output)
    if folder.exists():
        raise InputError(f"expected a new folder for the model, found {folder}: name another")
    start = bundles.load(bundles.locate(model))
    before = deciding.Way.of(start.manifest)
    way = deciding.Way(
        _asked("calibration", calibration, before.calibration),
        _asked("decision", decision, before.decision),
    )
    if out_of_fold is not None and split not in {None, "dev"}:
        raise InputError(
            f"what is fitted out of fold on train is scored on dev, found --split {split}: leave "
            "it out"
        )
    if out_of_fold is not None:
        check_same(Path(out_of_fold), start.manifest.config)
        split = "dev"
    opened = predictor.load(start.path)
    loaded, texts, truth = labelled.load(
        opened, dataset, split, data_dir, data or {}, default="dev"
    )
    if set(loaded.labels.names) != set(start.manifest.labels.names):
        raise InputError(
            f"a model has one decision, for its own labels {', '.join(start.manifest.labels.names)}"
            f"; found {dataset} with others: name a dataset with these"
        )
    raw, learnt_of_these = learnt.scorable(loaded, texts, loaded.uncalibrated(texts.texts))
    fitted_on, own_raw, own_truth = texts, raw, truth
    if out_of_fold is not None:
        _, fitted_on, own_truth = labelled.load(
            opened, dataset, "train", data_dir, data or {}, default="train"
        )
        own_raw = crossvalidate.load(Path(out_of_fold), fitted_on, loaded.labels.names)
    fitted = way.fit(own_raw, own_truth, loaded.labels)
    elsewhere = out_of_fold is not None
    found = deciding.scores(way, fitted, raw, truth, loaded.labels, elsewhere=elsewhere)
    manifest = dataclasses.replace(
        start.manifest,
        config={
            **start.manifest.config,
            "calibration": way.calibration.to_json(),
            "decision": way.decision.to_json(),
        },
        calibration=fitted.calibration.to_json(),
        decision=fitted.decision.to_json(),
        fitted_on=deciding.note(fitted, fitted_on),
        metrics={"cost": start.manifest.metrics["cost"], **found},
    )
    saved = bundles.save(
        folder,
        manifest,
        partial(_copy, start),
        start.file(TOKENIZER).read_text(encoding="utf-8"),
        card.write(manifest),
    )
    probabilities = loaded.calibrate(raw)
    decided = loaded.decide(probabilities)
    if deciding.was_fitted_on(start.manifest, texts):
        probabilities, decided = deciding.cross_fit(before, raw, truth, loaded.labels)
    earlier = metrics.score(truth, decided, probabilities, loaded.labels)
    at_half = metrics.score(truth, raw > deciding.HALF, raw, loaded.labels)
    return Refitted(
        saved,
        f"{dataset}, {texts.name}",
        len(texts),
        not elsewhere,
        learnt_of_these,
        {
            "at 0.5": deciding.main(at_half.to_json()),
            "before": deciding.main(earlier.to_json()),
            "now": deciding.main(found["dev"]),
        },
    )


def _copy(source: Bundle, target: Path) -> None:
    """Copy the model's files to the folder of `target`, under their names."""
    for file in source.model_files():
        shutil.copyfile(file, target.with_name(file.name))


def _asked(kind: str, given: Mapping[str, object] | None, before: Section) -> Section:
    """Return a section: what is given, over the model's own where that is the same plugin."""
    given = given or {}
    same = given.get("name", before.name) == before.name
    return section(kind, {**(before.to_json() if same else {}), **given})
