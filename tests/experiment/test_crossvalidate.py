"""Cross-validation: what is kept, its scores, going on, and decisions that are fitted on it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import overtone
from overtone import bundle, data
from overtone.errors import InputError
from overtone.evaluation import metrics
from overtone.experiment import crossvalidate as experiment
from overtone.experiment import folds
from overtone.experiment.crossvalidate import CrossValidation
from overtone.experiment.recipe import compose
from overtone.training import solver


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> CrossValidation:
    """A cross-validation of tfidf on the sample."""
    return overtone.crossvalidate(
        "sample", tmp_path_factory.mktemp("cv") / "cv", folds=3, model="tfidf"
    )


def test_what_is_kept_is_each_model_s_word_on_what_it_has_not_seen(found: CrossValidation) -> None:
    train = data.load("sample", "train")
    parts = folds.divide(train, 3, 0)
    with (found.path / "out-of-fold.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["id"] for row in rows] == list(train.ids)
    assert [int(row["fold"]) for row in rows] == parts.tolist()
    kept = experiment.load(found.path, train, train.labels.names)
    for fold in range(3):
        run = found.path / f"fold-{fold}"
        own = np.flatnonzero(parts == fold)
        said = overtone.load(run).uncalibrated([train.texts[row] for row in own])
        np.testing.assert_array_equal(kept[own], said)
        assert "test" not in bundle.load(run / "bundle").manifest.metrics
    truth = data.truth(train)
    wanted = metrics.score(truth, kept > 0.5, kept, train.labels)
    assert found.at_half["jaccard"] == pytest.approx(wanted.jaccard)
    assert found.scores["f1_macro"] == pytest.approx(wanted.f1_macro)  # 0.5 is its decision
    own = parts == 1
    in_fold = metrics.score(truth[own], kept[own] > 0.5, kept[own], train.labels)
    assert found.by_fold[1]["f1_micro"] == pytest.approx(in_fold.f1_micro)
    told = json.loads((found.path / "scores.json").read_text(encoding="utf-8"))
    assert told["at_half"] == found.at_half
    columns = experiment.load(found.path, train, train.labels.names[::-1])
    np.testing.assert_array_equal(columns, kept[:, ::-1])
    for name in ("out-of-fold.csv", "scores.json"):
        content = (found.path / name).read_text(encoding="utf-8")
        assert not any(text in content for text in train.texts)


def test_it_goes_on_where_it_was_stopped(
    found: CrossValidation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, solve = tmp_path / "cv", solver.solve
    done: list[str] = []

    def stopping(*args: object, **kwargs: object) -> object:
        done.append(Path(str(args[3])).name)
        if len(done) == 2:
            raise KeyboardInterrupt
        return solve(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(solver, "solve", stopping)
    with pytest.raises(KeyboardInterrupt):
        overtone.crossvalidate("sample", folder, folds=3, model="tfidf")
    with pytest.raises(InputError, match="expected a new folder"):
        overtone.crossvalidate("sample", folder, folds=3, model="tfidf")
    with pytest.raises(InputError, match="was started with 3 folds, found 4"):
        overtone.crossvalidate(None, folder, folds=4, resume=True)
    with pytest.raises(InputError, match=r"model\.balance was 1\.0, now 0\.5"):
        overtone.crossvalidate(None, folder, folds=3, settings=["model.balance=0.5"], resume=True)
    again = overtone.crossvalidate(None, folder, folds=3, resume=True)
    assert done == ["fold-0", "fold-1", "fold-1", "fold-2"]
    assert again.scores == found.scores
    for name in ("out-of-fold.csv", "scores.json"):
        assert (folder / name).read_bytes() == (found.path / name).read_bytes()


def test_a_decision_is_fitted_on_it(found: CrossValidation, tfidf: Path, tmp_path: Path) -> None:
    """It is that of the train split's probabilities, and dev is scored by it as it is."""
    refitted = overtone.decide(
        tfidf, "sample", tmp_path / "new", out_of_fold=found.path,
        decision={"name": "per_label", "shrinkage": 0.0},
    )  # fmt: skip
    train, dev = data.load("sample", "train"), data.load("sample", "dev")
    kept, truth = experiment.load(found.path, train, train.labels.names), data.truth(train)
    saved = refitted.bundle.manifest.decision["thresholds"]
    for c, name in enumerate(train.labels.names):

        def f1(threshold: float, c: int = c) -> float:
            on = kept[:, c] > threshold
            return float(2 * (on * truth[:, c]).sum() / max(on.sum() + truth[:, c].sum(), 1))

        assert f1(saved[name]) == pytest.approx(max(map(f1, [1.0, *(kept[:, c] - 1e-7)])))
    manifest = refitted.bundle.manifest
    assert manifest.fitted_on["split"] == "train"
    assert "cross_fitted" not in manifest.metrics
    assert not refitted.cross_fitted
    model = overtone.load(tmp_path / "new")
    raw = model.probabilities(dev.texts)
    wanted = metrics.score(data.truth(dev), model.decide(raw), raw, dev.labels)
    assert refitted.scores["now"]["f1_macro"] == pytest.approx(wanted.f1_macro)
    assert manifest.metrics["dev"]["f1_macro"] == pytest.approx(wanted.f1_macro)
    assert manifest.metrics["at_half"] == refitted.scores["at 0.5"]
    assert not overtone.evaluate(tmp_path / "new", "sample", split="dev").cross_fitted
    card = (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    assert f"fitted on\n{len(train)} texts of sample, split train. The scores\nare those of" in card
    with pytest.raises(InputError, match="is scored on dev, found --split train"):
        overtone.decide(tfidf, "sample", tmp_path / "third", out_of_fold=found.path, split="train")


def test_other_texts_are_refused_on_resume(tmp_path: Path) -> None:
    """Its finished models would be asked about texts that they were trained on."""
    file = tmp_path / "own.csv"
    rows = [f"so {word} {n},{n % 2}" for n in range(12) for word in ("happy", "cold")]
    file.write_text("\n".join(["text,joy", *rows]) + "\n", encoding="utf-8")
    overtone.crossvalidate(str(file), tmp_path / "cv", folds=2, model="tfidf")
    (tmp_path / "cv" / "scores.json").unlink()
    file.write_text("\n".join(["text,joy", *rows[::-1]]) + "\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"the data are not those that the run in .*cv was started"
    ):
        overtone.crossvalidate(None, tmp_path / "cv", folds=2, resume=True)


def test_what_would_not_be_out_of_fold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    rows = [f"so {word} {n},{n % 2},u{n % 4}" for n in range(12) for word in ("happy", "cold")]
    file.write_text("\n".join(["text,fold,user", *rows]) + "\n", encoding="utf-8")
    given = {"folds": 2, "model": "tfidf"}
    with pytest.raises(InputError, match="labels that are not called id or fold"):
        overtone.crossvalidate(str(file), tmp_path / "cv", data={"labels": ["fold"]}, **given)  # type: ignore[arg-type]
    file.write_text("\n".join(["text,joy,user", *rows]) + "\n", encoding="utf-8")
    options = {"labels": ["joy"], "group_column": "user"}
    with pytest.raises(InputError, match="of texts or groups that differ, found 3"):
        overtone.crossvalidate(str(file), tmp_path / "cv", data=options, folds=4, model="tfidf")
    with pytest.raises(InputError, match="without teachers"):
        overtone.crossvalidate("sample", tmp_path / "other", folds=2, settings=["teacher.folds=2"])


def test_groups_of_texts_stay_in_one_fold(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    rows = [f"so {word} {n},{n % 2},u{n % 6}" for n in range(30) for word in ("happy", "cold")]
    file.write_text("\n".join(["text,joy,user", *rows]) + "\n", encoding="utf-8")
    options = {"labels": ["joy"], "group_column": "user", "dev": str(file)}
    train = data.load(str(file), "train", options=options)
    parts = folds.divide(train, 3, 0)
    users = np.asarray([int(text.split()[-1]) % 6 for text in train.texts])
    assert [len(set(parts[users == user])) for user in range(6)] == [1] * 6
    assert len(set(parts)) == 3
    found = overtone.crossvalidate(str(file), tmp_path / "cv", folds=3, model="tfidf", data=options)
    assert found.texts == 60
    assert bundle.load(tmp_path / "cv" / "fold-0" / "bundle").manifest.labels.names == ("joy",)
    # Another division would ask models about what they have seen.
    moved = [row.replace("u0", "u7", 1) for row in rows]
    file.write_text("\n".join(["text,joy,user", *moved]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="data are not those"):
        overtone.crossvalidate(None, tmp_path / "cv", folds=3, resume=True)


def test_a_dry_run_says_which_folds_there_would_be() -> None:
    recipe = compose(dataset="sample", model="tfidf")
    said = experiment.dry_run(recipe, None, 3)
    sizes = np.bincount(folds.divide(data.load("sample", "train"), 3, 0))
    assert said.endswith(f"# 3 times, each without one fold of {', '.join(map(str, sizes))} texts")
    with pytest.raises(InputError, match="without teachers"):
        experiment.dry_run(
            compose(dataset="sample", model="tfidf", settings=["teacher.folds=2"]), None, 3
        )


def test_a_decision_is_not_fitted_on_models_of_another_recipe(
    found: CrossValidation, tmp_path: Path
) -> None:
    run = overtone.train("sample", tmp_path / "run", model="tfidf", settings=["model.balance=0.5"])
    with pytest.raises(InputError, match=r"model\.balance is 1\.0 there and 0\.5 in the model"):
        overtone.decide(run.path, "sample", tmp_path / "new", out_of_fold=found.path)
    assert not (tmp_path / "new").exists()
    other = overtone.train(  # the draw, and what is fitted, may be others
        "sample", tmp_path / "other", model="tfidf", seed=5, settings=["decision.name=per_label"]
    )
    overtone.decide(other.path, "sample", tmp_path / "new", out_of_fold=found.path)
    with pytest.raises(InputError, match=r"found no config\.toml"):
        overtone.decide(run.path, "sample", tmp_path / "third", out_of_fold=tmp_path)


@pytest.mark.parametrize(
    ("break_", "message"),
    [
        (lambda folder: (folder / "scores.json").unlink(), "found no scores.json"),
        (lambda folder: (folder / "scores.json").write_text("{}"), "is damaged"),
        (lambda folder: (folder / "out-of-fold.csv").write_text("id,fold\n"), "was changed"),
    ],
)
def test_what_is_no_whole_cross_validation_is_refused(
    found: CrossValidation, tmp_path: Path, break_: object, message: str
) -> None:
    folder = tmp_path / "cv"
    folder.mkdir()
    for name in ("scores.json", "out-of-fold.csv"):
        (folder / name).write_bytes((found.path / name).read_bytes())
    train = data.load("sample", "train")
    experiment.load(folder, train, train.labels.names)
    assert callable(break_)
    break_(folder)
    with pytest.raises(InputError, match=message):
        experiment.load(folder, train, train.labels.names)


def test_other_texts_are_refused(found: CrossValidation) -> None:
    dev = data.load("sample", "dev")
    with pytest.raises(InputError, match="is of sample train, found other texts or labels"):
        experiment.load(found.path, dev, dev.labels.names)
