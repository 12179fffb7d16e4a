"""Comparing saved models: with one run and with several, whatever their labels' order; refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import overtone
from overtone import data
from overtone.data import Split
from overtone.errors import InputError
from overtone.evaluation import compare as evaluation
from overtone.evaluation.bootstrap import SCORES
from overtone.experiment.compare import Comparison, Side

Train = Callable[..., Path]
Three = tuple[float, float, float]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A table with two labels."""
    path = tmp_path_factory.mktemp("compare") / "mine.csv"
    rows = [
        f"so {('happy', 'terrible', 'cold')[n % 3]} {n} today,{int(n % 3 == 0)},{n % 2}"
        for n in range(60)
    ]
    path.write_text("\n".join(["text,joy,anger", *rows]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def train(bert: Path, table: str, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Return a function that trains a tiny model on the table."""

    def of(
        folder: Path | None = None,
        *settings: str,
        seed: int = 0,
        model: str = "spanemo",
        options: dict[str, Any] | None = None,
        file: str = table,
    ) -> Path:
        path = (folder or tmp_path_factory.mktemp("run")) / f"seed-{seed}"
        encoder = None if model == "tfidf" else str(bert)
        rest = () if model == "tfidf" else ("training.head_learning_rate=0.05",)
        run = overtone.train(
            file, path, model=model, encoder=encoder, seed=seed, data=options or {"dev_share": 0.5},
            settings=["training.device=cpu", "training.epochs=1", *rest, *settings],
        )  # fmt: skip
        return run.path

    return of


@pytest.fixture(scope="module")
def folders(train: Train, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two recipes, trained under two seeds each."""
    found = {}
    for model in ("spanemo", "cls_head"):
        found[model] = tmp_path_factory.mktemp(model)
        for seed in (1, 0):
            train(found[model], model=model, seed=seed)
    return found


@pytest.fixture(scope="module")
def tfidf(train: Train) -> Path:
    """A model of another family, trained once."""
    return train(model="tfidf")


def scored(path: Path, table: str) -> dict[str, float]:
    """Return a run's scores and its labels' F1."""
    scores = overtone.evaluate(path, table, split="dev").scores
    f1 = {label: one.f1 for label, one in scores.per_label.items()}
    return {**{name: getattr(scores, name) for name in SCORES}, **f1}


def of_side(found: Comparison, side: str) -> dict[str, float]:
    one = {"a": found.a, "b": found.b}[side]
    return {**one.scores, **one.f1}


def test_one_run_each_is_the_bootstrap_of_their_predictions(
    folders: dict[str, Path], tfidf: Path, table: str
) -> None:
    one = folders["spanemo"] / "seed-0"
    found = overtone.compare(one, overtone.load(tfidf), table, split="dev", resamples=200)
    split = data.load(table, "dev", options={"dev_share": 0.5})
    decided = []
    for path in (one, tfidf):
        model = overtone.load(path)
        decided.append([model.decide(model.probabilities(split.texts))])
    expected = evaluation.compare(data.truth(split), *decided, resamples=200)
    assert found.differences == expected.scores
    assert list(found.per_label.items()) == list(
        zip(("joy", "anger"), expected.per_label, strict=True)
    )
    assert (found.split, found.n, found.resamples) == ("dev", len(split), 200)
    assert of_side(found, "a") == pytest.approx(scored(one, table))
    assert of_side(found, "b") == pytest.approx(scored(tfidf, table))
    assert found.scope.endswith("not of other seeds of training: A and B are one run each")
    assert not found.seeds_paired


def test_a_folder_of_runs_is_their_mean_and_seeds_are_compared_in_pairs(
    folders: dict[str, Path], table: str
) -> None:
    found = overtone.compare(folders["spanemo"], folders["cls_head"], table, split="dev")
    for side, name in (("a", "spanemo"), ("b", "cls_head")):
        runs = [scored(folders[name] / f"seed-{seed}", table) for seed in (0, 1)]
        assert of_side(found, side) == pytest.approx(
            {key: (runs[0][key] + runs[1][key]) / 2 for key in runs[0]}
        )
    assert found.a.seeds == found.b.seeds == (0, 1)
    assert found.a.runs == tuple(str(folders["spanemo"] / f"seed-{seed}") for seed in (0, 1))
    assert found.seeds_paired
    assert "of other seeds of training (2 of A, 2 of B, drawn in pairs; so few" in found.scope
    again = overtone.compare(
        [folders["spanemo"] / f"seed-{seed}" for seed in (1, 0)], folders["cls_head"], table,
        split="dev",
    )  # fmt: skip
    assert again.differences == found.differences
    assert again.per_label == found.per_label


def test_seeds_may_be_on_one_side_only(folders: dict[str, Path], tfidf: Path, table: str) -> None:
    found = overtone.compare(tfidf, folders["spanemo"], table, split="dev", resamples=50)
    assert not found.seeds_paired
    assert "(2 of B; so few" in found.scope
    assert found.scope.endswith("not of other seeds of training of A, which is one run")


def test_a_comparison_is_json(folders: dict[str, Path], tfidf: Path, table: str) -> None:
    found = overtone.compare(tfidf, folders["spanemo"], table, split="dev", resamples=50)
    saved = found.to_json()
    assert json.loads(json.dumps(saved, allow_nan=False)) == {
        **saved, "b": {**found.b.to_json(), "by_run": list(found.b.by_run)},
        "a": {**found.a.to_json(), "by_run": list(found.a.by_run)},
    }  # fmt: skip
    assert {"dataset", "split", "n", "a", "b", "differences", "per_label", "level", "resamples",
            "verdict", "scope", "seeds_paired", "support"} <= saved.keys()  # fmt: skip


def test_the_order_of_the_labels_does_not_matter(
    folders: dict[str, Path], train: Train, table: str
) -> None:
    one = folders["spanemo"] / "seed-0"
    other = train(
        model="tfidf",
        options={"text_column": "text", "labels": ["anger", "joy"], "dev_share": 0.5},
    )
    assert overtone.load(other).labels.names == ("anger", "joy")
    found = overtone.compare(one, other, table, split="dev", resamples=50)
    back = overtone.compare(other, one, table, split="dev", resamples=50)
    assert of_side(found, "b") == pytest.approx(scored(other, table))
    assert list(back.per_label) == list(found.per_label)[::-1]
    for name, label in found.per_label.items():
        assert back.per_label[name].value == -label.value
        assert back.per_label[name].low == pytest.approx(-label.high)
    assert back.support == found.support


def test_texts_are_read_once_and_predicted_once_a_run(
    folders: dict[str, Path], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, texts, told = [], [], []
    load, probabilities = data.load, overtone.Predictor.uncalibrated

    def count_loads(dataset: str, split: str, *given: Any) -> Split:  # noqa: ANN401
        loads.append(split)
        return load(dataset, split, *given)

    def count_texts(self: overtone.Predictor, given: Sequence[str]) -> NDArray[np.float32]:
        texts.append(len(given))
        return probabilities(self, given)

    monkeypatch.setattr(data, "load", count_loads)
    monkeypatch.setattr(overtone.Predictor, "uncalibrated", count_texts)
    overtone.compare(
        folders["spanemo"], folders["cls_head"], table, split="dev", resamples=20,
        tell=lambda *what: told.append(what),
    )  # fmt: skip
    assert (len(loads), len(texts)) == (1, 4)
    assert [(done, models) for done, models, _ in told] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert told[2][2] == str(folders["cls_head"] / "seed-0")


def test_the_verdict_names_who_is_better_and_a_score_that_says_otherwise() -> None:
    def verdict(jaccard: Three, macro: Three = (0, -0.01, 0.01)) -> str:
        same = evaluation.Difference(0, -0.01, 0.01, 1)
        differences = dict.fromkeys(SCORES, same) | {
            "jaccard": evaluation.Difference(*jaccard, 0.5),
            "f1_macro": evaluation.Difference(*macro, 0.5),
        }
        side = Side("x", ("x",), (0,), {}, {}, ())
        return Comparison(
            "d", "dev", 886, side, side, differences, per_label={}, support={}, resamples=10,
            seeds_paired=False, cross_fitted=False, out_of_fold=False, seconds=0.1,
        ).verdict  # fmt: skip

    assert verdict((0.012, 0.003, 0.021)) == "A is better by 1.20 points of jaccard (0.30 to 2.10)"
    assert verdict((-0.012, -0.021, -0.003)) == (
        "B is better by 1.20 points of jaccard (0.30 to 2.10)"
    )
    assert verdict((0.002, -0.003, 0.007)) == (
        "no difference in jaccard that these 886 texts can show (A less B: 0.20 points, "
        "-0.30 to 0.70)"
    )
    assert verdict((0.012, 0.003, 0.021), (-0.03, -0.05, -0.01)).endswith(
        "; but B is better by 3.00 points of f1_macro (1.00 to 5.00)"
    )


def test_a_clear_difference_is_said(folders: dict[str, Path], tfidf: Path, table: str) -> None:
    found = overtone.compare(folders["spanemo"], tfidf, table, split="all", resamples=200)
    jaccard = found.differences["jaccard"]
    assert jaccard.sign == np.sign(jaccard.value) != 0
    assert found.verdict.startswith(f"{'A' if jaccard.sign > 0 else 'B'} is better by ")


def test_models_of_other_labels_are_refused(
    tfidf: Path, train: Train, table: str, tmp_path: Path
) -> None:
    file = tmp_path / "other.csv"
    file.write_text(Path(table).read_text().replace("anger", "fear", 1))
    other = train(model="tfidf", file=str(file))
    with pytest.raises(InputError, match=r"only .* has 'anger' and only .* has 'fear'"):
        overtone.compare(tfidf, other, table)


def test_a_folder_of_several_recipes_is_refused(
    folders: dict[str, Path], tfidf: Path, table: str, tmp_path: Path
) -> None:
    shutil.copytree(folders["spanemo"] / "seed-0", tmp_path / "one")
    shutil.copytree(folders["cls_head"] / "seed-1", tmp_path / "two")
    with pytest.raises(InputError, match=r"of one recipe .*/one and .*/two, which .* model\.name"):
        overtone.compare(tmp_path, tfidf, table)


def test_a_seed_that_stands_twice_is_refused(
    folders: dict[str, Path], tfidf: Path, table: str, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        shutil.copytree(folders["spanemo"] / "seed-1" / "bundle", tmp_path / name)
    with pytest.raises(InputError, match=r"several seeds, found the seed 1 in .*/one and .*/two"):
        overtone.compare(tfidf, tmp_path, table)


def test_a_run_in_the_folder_that_is_not_finished_is_refused(
    folders: dict[str, Path], tfidf: Path, table: str, tmp_path: Path
) -> None:
    shutil.copytree(folders["spanemo"] / "seed-0", tmp_path / "seed-0")
    (tmp_path / "seed-1").mkdir()
    shutil.copy(folders["spanemo"] / "seed-1" / "config.toml", tmp_path / "seed-1")
    (tmp_path / "plots").mkdir()
    with pytest.raises(InputError, match=r"seed-1 has no finished model yet.*--resume"):
        overtone.compare(tmp_path, tfidf, table)
    (tmp_path / "seed-1" / "config.toml").unlink()
    found = overtone.compare(tmp_path, tfidf, table, resamples=10)
    assert found.a.runs == (str(tmp_path / "seed-0"),)


def test_models_that_would_be_scored_on_other_texts_are_refused(
    tfidf: Path, train: Train, table: str
) -> None:
    other = train(model="tfidf", options={"dev_share": 0.5, "split_seed": 5})
    with pytest.raises(InputError, match=r"the same texts, found others .* --set data\.KEY=VALUE"):
        overtone.compare(tfidf, other, table, split="dev")
    same = overtone.compare(tfidf, other, table, split="dev", data={"split_seed": 5}, resamples=10)
    assert same.n == len(data.load(table, "dev", options={"dev_share": 0.5, "split_seed": 5}))


def test_nothing_can_be_compared_with_no_model_or_no_draws(tfidf: Path, table: str) -> None:
    with pytest.raises(InputError, match="at least one resample, found 0"):
        overtone.compare(tfidf, tfidf, table, resamples=0)
    with pytest.raises(InputError, match="found none at"):
        overtone.compare(tfidf, tfidf.parent / "other", table)
    with pytest.raises(InputError, match="empty list"):
        overtone.compare([], tfidf, table)
