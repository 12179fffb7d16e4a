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
from overtone.evaluation import bootstrap, calibration, metrics
from overtone.experiment import labelled
from overtone.experiment.fit import Run
from overtone.labels import Labels

WriteSemEval = Callable[..., Path]


def test_dev_scores_are_those_in_the_bundle(trained: Run) -> None:
    found = overtone.evaluate(trained.path, "sample", split="dev")
    assert json.loads(json.dumps(found.scores.to_json())) == trained.metrics["dev"]


def test_an_evaluation_is_one_level_of_json(trained: Run) -> None:
    found = overtone.evaluate(trained.path, "sample").to_json()
    assert {
        "dataset", "split", "n", "f1_micro", "f1_macro", "jaccard", "jaccard_zero", "exact_match",
        "hamming_loss", "lrap", "seconds", "texts_per_second", "per_label",
    } <= found.keys()  # fmt: skip
    assert found["n"] == 92
    assert found["split"] == "test"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_loaded_model_and_its_folder_score_the_same(trained: Run) -> None:
    by_path = overtone.evaluate(trained.path / "bundle", "sample").scores
    assert overtone.evaluate(overtone.load(trained.path), "sample").scores == by_path


def test_the_order_of_a_files_columns_does_not_matter(
    trained: Run, tmp_path: Path, write_semeval: WriteSemEval
) -> None:
    write_semeval(tmp_path / "one", "dev", 24)
    write_semeval(tmp_path / "two", "dev", 24, names=NAMES[::-1])
    one, two = (
        overtone.evaluate(
            trained.path, "semeval2018-en", split="dev", data_dir=tmp_path / name
        ).scores
        for name in ("one", "two")
    )
    assert one == two
    assert one.per_label["anger"].support == 8


def test_the_order_of_a_datasets_labels_does_not_matter(trained: Run) -> None:
    model = overtone.load(trained.path)
    split = data.load("sample", "dev")
    truth = data.truth(split)
    order = np.random.default_rng(0).permutation(len(NAMES))
    shuffled = replace(split, labels=Labels.of(*(NAMES[c] for c in order)), targets=truth[:, order])
    columns = labelled._columns(model, shuffled)
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
    trained: Run, names: tuple[str, ...]
) -> None:
    split = replace(data.load("sample", "dev"), labels=Labels.of(*names))
    with pytest.raises(InputError, match=f"'anger', .*'{names[-1]}'"):
        labelled._columns(overtone.load(trained.path), split)


def test_a_split_without_truth_is_refused_but_predicted(
    trained: Run, tmp_path: Path, write_semeval: WriteSemEval
) -> None:
    write_semeval(tmp_path, "test", 6, truth=False)
    with pytest.raises(InputError, match="semeval2018-en test has no truth"):
        overtone.evaluate(trained.path, "semeval2018-en", data_dir=tmp_path)
    texts = data.load("semeval2018-en", "test", tmp_path).texts
    assert len(overtone.load(trained.path).predict(texts)) == 6


@pytest.mark.parametrize(
    ("dataset", "split", "message"),
    [
        ("sample", "validation", "train, dev, test"),
        ("sampel", "test", "sample"),
        ("semeval2018-en", "dev", "2018-E-c-En-dev.txt"),
    ],
)
def test_what_is_not_there_is_refused(
    trained: Run, tmp_path: Path, dataset: str, split: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        overtone.evaluate(trained.path, dataset, split=split, data_dir=tmp_path)


def test_a_model_that_is_not_there_is_refused_with_those_nearby(trained: Run) -> None:
    with pytest.raises(InputError, match=str(trained.path)):
        overtone.evaluate(trained.path.parent / "other", "sample")


def test_intervals_are_those_of_the_bootstrap_and_only_where_wanted(trained: Run) -> None:
    found = overtone.evaluate(trained.path, "sample", split="dev", intervals=True)
    model, split = overtone.load(trained.path), data.load("sample", "dev")
    decided = model.decide(model.probabilities(split.texts))
    assert found.intervals == bootstrap.intervals(data.truth(split), decided)
    for name, interval in found.intervals.items():
        assert interval.value == pytest.approx(getattr(found.scores, name), abs=1e-12)
        assert interval.low <= interval.value <= interval.high
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))["intervals"]
    assert (saved["level"], saved["resamples"]) == (0.95, 1000)
    assert saved["jaccard"] == found.intervals["jaccard"].to_json()
    assert "intervals" not in overtone.evaluate(trained.path, "sample", split="dev").to_json()


def test_calibration_is_measured_only_where_wanted(trained: Run) -> None:
    found = overtone.evaluate(trained.path, "sample", split="dev", calibration=True)
    model, split = overtone.load(trained.path), data.load("sample", "dev")
    expected = calibration.measure(
        data.truth(split), model.probabilities(split.texts), model.labels
    )
    assert found.calibration == expected
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert saved["calibration"] == expected.to_json()
    assert "calibration" not in overtone.evaluate(trained.path, "sample", split="dev").to_json()


def write_own(path: Path, columns: str, rows: list[str]) -> str:
    """Write a table and return its path."""
    path.write_text("".join(f"{line}\n" for line in [columns, *rows]))
    return str(path)


@pytest.fixture(scope="module")
def own(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A tiny BERT trained on a file whose columns nobody could guess."""
    folder = tmp_path_factory.mktemp("own")
    rows = [f"so {n} today,web {n},{n % 2},{int(n % 3 == 0)}" for n in range(40)]
    return overtone.train(
        write_own(folder / "mine.csv", "a,b,joy,anger", rows),
        folder / "run",
        data={"text_column": "a", "dev_share": 0.25, "split_seed": 5},
        encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu"],
    )


def test_a_file_is_scored_with_the_options_it_was_trained_with(own: Run) -> None:
    path = own.path.parent / "mine.csv"
    found = overtone.evaluate(own.path, str(path), split="dev")
    assert found.scores.n == 10
    assert json.loads(json.dumps(found.scores.to_json())) == own.metrics["dev"]


def test_the_whole_file_is_the_default_and_said_to_be_known(
    own: Run, caplog: pytest.LogCaptureFixture
) -> None:
    found = overtone.evaluate(own.path, str(own.path.parent / "mine.csv"))
    assert (found.split, found.scores.n) == ("all", 40)
    assert "the model was trained on texts of this file" in caplog.text


def test_another_file_has_the_same_columns_and_splits_of_its_own(
    own: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"it is {n},{n % 2},web {n},1" for n in range(20)]
    path = write_own(tmp_path / "other.csv", "a,anger,b,joy", rows)
    found = overtone.evaluate(own.path, path)
    assert (found.split, found.scores.n) == ("all", 20)
    assert (found.scores.per_label["joy"].support, found.scores.per_label["anger"].support) == (
        20, 10,
    )  # fmt: skip
    assert "trained on" not in caplog.text
    assert overtone.evaluate(own.path, path, split="dev").scores.n == 2
    assert overtone.evaluate(own.path, path, split="dev", data={"dev_share": 0.5}).scores.n == 10


def test_a_file_may_list_the_labels_instead(own: Run, tmp_path: Path) -> None:
    path = write_own(tmp_path / "other.csv", "text,tags", ["a b,joy", "c d,anger;Joy", "e f,"])
    found = overtone.evaluate(own.path, path, data={"text_column": "text", "label_column": "tags"})
    assert {name: label.support for name, label in found.scores.per_label.items()} == {
        "joy": 2, "anger": 1,
    }  # fmt: skip
    path = write_own(tmp_path / "more.csv", "text,tags", ["a b,joy", "c d,hope"])
    with pytest.raises(InputError, match=r"more\.csv, line 3: .* labels joy, anger, found 'hope'"):
        overtone.evaluate(own.path, path, data={"text_column": "text", "label_column": "tags"})


def test_a_file_may_have_the_other_layout(own: Run, bert: Path, tmp_path: Path) -> None:
    lists = write_own(tmp_path / "lists.csv", "a,tags", ["a b,joy", "c d,anger|joy", "e f,"])
    cells = write_own(tmp_path / "cells.csv", "a,anger,joy", ["a b,0,1", "c d,1,1", "e f,0,0"])
    other = overtone.train(
        lists,
        tmp_path / "run",
        data={"text_column": "a", "dev": lists},
        encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu"],
    )
    for model, path in ((own, lists), (other, cells)):
        found = overtone.evaluate(model.path, path).scores
        assert {name: label.support for name, label in found.per_label.items()} == {
            "joy": 2, "anger": 1,
        }  # fmt: skip


def test_a_split_that_a_file_has_not_is_refused_with_the_file(own: Run) -> None:
    with pytest.raises(InputError, match=r"mine\.csv has no split 'al'; there are: all, train"):
        overtone.evaluate(own.path, str(own.path.parent / "mine.csv"), split="al")


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("a,joy,trust", "x y,1,0", "expected the column 'anger', found 'a', 'joy', 'trust'"),
        ("text,joy,anger", "x y,1,0", "expected the column 'a', found .* --text-column"),
        ("a,joy,anger", "x y,,", "expected rows with a text under 'a' and an annotated label"),
    ],
)
def test_a_file_that_is_not_like_the_one_trained_on_is_refused(
    own: Run, tmp_path: Path, columns: str, row: str, message: str
) -> None:
    path = write_own(tmp_path / "other.csv", columns, [row])
    with pytest.raises(InputError, match=message):
        overtone.evaluate(own.path, path)


def test_a_model_of_a_dataset_is_scored_on_a_file_that_has_its_labels(
    trained: Run, tmp_path: Path
) -> None:
    names = ",".join([*NAMES[::-1], "seen", "tweet"])
    rows = [",".join([*("1" if n == c else "" for c in range(11)), "1", f"it is {n}"])
            for n in range(11)]  # fmt: skip
    found = overtone.evaluate(trained.path, write_own(tmp_path / "mine.csv", names, rows))
    assert [label.support for label in found.scores.per_label.values()] == [1] * 11
    path = write_own(tmp_path / "other.csv", "tweet,toxic", ["a b,1", "c d,0"])
    with pytest.raises(InputError, match=r"labels are 'anger', .* other\.csv are 'toxic'"):
        overtone.evaluate(trained.path, path)
    path = write_own(tmp_path / "fewer.csv", "tweet,joy", ["a b,1", "c d,0"])
    with pytest.raises(InputError, match="expected the column 'anger', found 'tweet', 'joy'"):
        overtone.evaluate(trained.path, path)


def test_a_dataset_s_options_are_those_of_training_where_nothing_is_said(
    bert: Path, tmp_path: Path
) -> None:
    """Dev is drawn: other options would make other texts dev, some of them trained on."""
    header = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate"
    rows = [f"{n},comment {n},{int(n % 4 == 0)},0,0,0,{int(n % 7 == 0)},0" for n in range(100)]
    write_own(tmp_path / "train.csv", header, rows)
    options = {"sample": 0.5, "split_seed": 3, "dev_share": 0.4}
    trained = overtone.train(
        "jigsaw",
        tmp_path / "run",
        data_dir=tmp_path,
        data=options,
        encoder=str(bert),
        settings=["training.epochs=1", "training.device=cpu"],
    )
    found = overtone.evaluate(trained.path, "jigsaw", split="dev", data_dir=tmp_path)
    assert found.scores.n == 20
    assert json.loads(json.dumps(found.scores.to_json())) == trained.metrics["dev"]
    other = overtone.evaluate(
        trained.path, "jigsaw", split="dev", data_dir=tmp_path, data={"sample": 1.0}
    )
    assert other.scores.n == 40
