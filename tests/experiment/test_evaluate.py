"""Evaluation: the same scores as at training's end, whatever the columns' order; clear refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import overtone
from overtone import data
from overtone.data.semeval2018 import NAMES
from overtone.errors import InputError
from overtone.evaluation import bootstrap, metrics
from overtone.experiment import evaluate as experiment
from overtone.experiment.train import Run
from overtone.labels import Labels

WriteSemEval = Callable[..., Path]


def test_dev_scores_are_those_in_the_bundle(run: Run) -> None:
    found = overtone.evaluate(run.path, "sample", split="dev")
    assert json.loads(json.dumps(found.scores.to_json())) == run.metrics["dev"]


def test_an_evaluation_is_one_level_of_json(run: Run) -> None:
    found = overtone.evaluate(run.path, "sample").to_json()
    assert {
        "dataset", "split", "n", "f1_micro", "f1_macro", "jaccard", "jaccard_zero", "exact_match",
        "hamming_loss", "lrap", "seconds", "texts_per_second", "per_label",
    } <= found.keys()  # fmt: skip
    assert found["n"] == 92
    assert found["split"] == "test"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_loaded_model_and_its_folder_score_the_same(run: Run) -> None:
    by_path = overtone.evaluate(run.path / "bundle", "sample").scores
    assert overtone.evaluate(overtone.load(run.path), "sample").scores == by_path


def test_the_order_of_a_files_columns_does_not_matter(
    run: Run, tmp_path: Path, write_semeval: WriteSemEval
) -> None:
    write_semeval(tmp_path / "one", "dev", 24)
    write_semeval(tmp_path / "two", "dev", 24, names=NAMES[::-1])
    one, two = (
        overtone.evaluate(run.path, "semeval2018-en", split="dev", data_dir=tmp_path / name).scores
        for name in ("one", "two")
    )
    assert one == two
    assert one.per_label["anger"].support == 8


def test_the_order_of_a_datasets_labels_does_not_matter(run: Run) -> None:
    model = overtone.load(run.path)
    split = data.load("sample", "dev")
    truth = data.truth(split)
    order = np.random.default_rng(0).permutation(len(NAMES))
    shuffled = replace(split, labels=Labels.of(*(NAMES[c] for c in order)), targets=truth[:, order])
    columns = experiment._columns(model, shuffled)
    np.testing.assert_array_equal(data.truth(shuffled)[:, columns], truth)
    probabilities = model.probabilities(split.texts)
    assert (
        metrics.score(
            data.truth(shuffled)[:, columns], model.decide(probabilities), probabilities,
            model.labels,
        )
        == overtone.evaluate(model, "sample", split="dev").scores
    )  # fmt: skip


@pytest.mark.parametrize("names", [("toxic", "insult"), NAMES[:-1], (*NAMES, "calm")])
def test_a_dataset_with_other_labels_is_refused_with_both_lists(
    run: Run, names: tuple[str, ...]
) -> None:
    split = replace(data.load("sample", "dev"), labels=Labels.of(*names))
    with pytest.raises(InputError, match=f"anger, .*{names[-1]}"):
        experiment._columns(overtone.load(run.path), split)


def test_a_split_without_truth_is_refused_but_predicted(
    run: Run, tmp_path: Path, write_semeval: WriteSemEval
) -> None:
    write_semeval(tmp_path, "test", 6, truth=False)
    with pytest.raises(InputError, match="semeval2018-en test has no truth"):
        overtone.evaluate(run.path, "semeval2018-en", data_dir=tmp_path)
    texts = data.load("semeval2018-en", "test", tmp_path).texts
    assert len(overtone.load(run.path).predict(texts)) == 6


@pytest.mark.parametrize(
    ("dataset", "split", "message"),
    [
        ("sample", "validation", "train, dev, test"),
        ("sampel", "test", "sample"),
        ("semeval2018-en", "dev", "2018-E-c-En-dev.txt"),
    ],
)
def test_what_is_not_there_is_refused(
    run: Run, tmp_path: Path, dataset: str, split: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        overtone.evaluate(run.path, dataset, split=split, data_dir=tmp_path)


def test_a_model_that_is_not_there_is_refused_with_those_nearby(run: Run) -> None:
    with pytest.raises(InputError, match=str(run.path)):
        overtone.evaluate(run.path.parent / "other", "sample")


def test_intervals_are_those_of_the_bootstrap_and_only_where_wanted(run: Run) -> None:
    found = overtone.evaluate(run.path, "sample", split="dev", intervals=True)
    model, split = overtone.load(run.path), data.load("sample", "dev")
    decided = model.decide(model.probabilities(split.texts))
    assert found.intervals == bootstrap.intervals(data.truth(split), decided)
    for name, interval in found.intervals.items():
        assert interval.value == pytest.approx(getattr(found.scores, name), abs=1e-12)
        assert interval.low <= interval.value <= interval.high
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))["intervals"]
    assert (saved["level"], saved["resamples"]) == (0.95, 1000)
    assert saved["jaccard"] == found.intervals["jaccard"].to_json()
    assert "intervals" not in overtone.evaluate(run.path, "sample", split="dev").to_json()
