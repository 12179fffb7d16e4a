"""`EmotionClassifier` in scikit-learn's hands, and on its own: fit, predict, save, load, refuse."""

from __future__ import annotations

import copy
import json
import pickle
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score, jaccard_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

import overtone
from overtone import EmotionClassifier
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.inputs import batches
from overtone.training import checkpoint

NAMES = ("joy", "fear", "anger")
WORDS = ("happy", "terrible", "bus")
TIMES = ("today", "tomorrow", "again", "late")  # no text stands twice
TEXTS = [f"{WORDS[row % 3]} {WORDS[row // 3 % 3]} {TIMES[row // 9]}" for row in range(36)]
TRUTH = np.array([[int(word in text) for word in WORDS] for text in TEXTS])
LEARNS: dict[str, Any] = {"epochs": 60, "learning_rate": 1e-3}
FRAME = pd.DataFrame(TRUTH, columns=list(NAMES))

Make = Callable[..., EmotionClassifier]


@pytest.fixture(scope="module")
def make(bert: Path) -> Make:
    """Return a function that makes a tiny classifier."""

    def make(**parameters: Any) -> EmotionClassifier:  # noqa: ANN401
        given = {
            "encoder": bert,
            "epochs": 1,
            "batch_size": 6,
            "settings": [
                "loss.name=bce",
                "training.device=cpu",
                "training.head_learning_rate=0.002",
                "training.metric=loss",
                "training.patience=0",
            ],
            "labels": NAMES,
        }
        return EmotionClassifier(**{**given, **parameters})

    return make


@pytest.fixture(scope="module")
def fitted(make: Make) -> EmotionClassifier:
    """A classifier that has learnt its texts."""
    return make(**LEARNS).fit(TEXTS, TRUTH)


@pytest.fixture(scope="module")
def expected(make: Make) -> NDArray[np.float32]:
    """Return the probabilities after one epoch."""
    return make().fit(TEXTS, TRUTH).predict_proba(TEXTS)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary files are made during a test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


# --- on its own -------------------------------------------------------------------------------


def test_what_it_returns_has_a_column_a_label(fitted: EmotionClassifier) -> None:
    decided, probabilities = fitted.predict(TEXTS), fitted.predict_proba(TEXTS)
    assert fitted.classes_.tolist() == list(NAMES)
    assert decided.shape == probabilities.shape == (36, 3)
    assert decided.dtype == np.int64
    assert probabilities.dtype == np.float32
    np.testing.assert_array_equal(decided, probabilities > 0.5)
    assert probabilities.std() > 0.01  # a model that says the same of all would prove nothing


def test_the_decision_function_is_the_logits(fitted: EmotionClassifier) -> None:
    logits = fitted.decision_function(TEXTS)
    np.testing.assert_array_equal(batches.sigmoid(logits), fitted.predict_proba(TEXTS))
    np.testing.assert_array_equal(logits > 0, fitted.predict(TEXTS) == 1)
    assert logits.min() < 0 < logits.max()


def test_the_score_is_the_jaccard_that_takes_empty_on_empty_as_right(
    fitted: EmotionClassifier,
) -> None:
    truth = TRUTH.copy()
    truth[:9] = 0
    decided = fitted.predict(TEXTS)
    expected = jaccard_score(truth, decided, average="samples", zero_division=1)
    assert fitted.score(TEXTS, truth) == pytest.approx(expected)
    assert fitted.score(TEXTS, decided) == 1


def test_the_score_leaves_out_what_is_not_annotated(fitted: EmotionClassifier) -> None:
    decided = fitted.predict(TEXTS).astype(float)
    decided[:, 1] = np.nan
    decided[3] = np.nan
    assert fitted.score(TEXTS, decided) == 1


def test_the_score_reads_names(fitted: EmotionClassifier) -> None:
    sets = [{NAMES[c] for c in np.flatnonzero(row)} for row in fitted.predict(TEXTS)]
    assert fitted.score(TEXTS, sets) == 1
    other_order = pd.DataFrame(fitted.predict(TEXTS), columns=NAMES)[["anger", "joy", "fear"]]
    assert fitted.score(TEXTS, other_order) == 1
    with pytest.raises(InputError, match="no label is called hope"):
        fitted.score(["a"], [{"hope"}])


def test_its_recipe_is_that_of_overtone_train(run: Run, bert: Path) -> None:
    settings = ["training.device=cpu", "training.head_learning_rate=0.02"]
    ours = EmotionClassifier(encoder=bert, epochs=1, settings=settings).fit(TEXTS, FRAME)
    saved, expected = (
        dict(found.manifest.config) for found in (ours.predictor_.bundle, run.bundle)
    )
    assert saved.pop("data") == {"name": "texts of your own", "dev_share": 0.1}
    expected.pop("data")
    assert saved == expected


def test_it_learns(fitted: EmotionClassifier) -> None:
    assert fitted.score(TEXTS, TRUTH) > 0.95


@pytest.mark.parametrize("model", ["cls_head", "tfidf"])
def test_every_family_will_do(make: Make, bert: Path, model: str, tmp_path: Path) -> None:
    encoder = None if model == "tfidf" else bert
    found = make(**LEARNS, model=model, encoder=encoder).fit(TEXTS, TRUTH)
    assert found.score(TEXTS, TRUTH) > 0.8
    found.save(tmp_path / "model")
    loaded = EmotionClassifier.load(tmp_path / "model")
    assert loaded.predictor_.bundle.manifest.config["model"]["name"] == model
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), found.predict_proba(TEXTS))


def test_equal_seeds_give_equal_models(make: Make) -> None:
    one, two, other = (make(seed=seed).fit(TEXTS, TRUTH) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.predict_proba(TEXTS), two.predict_proba(TEXTS))
    assert np.abs(one.predict_proba(TEXTS) - other.predict_proba(TEXTS)).max() > 1e-4


def test_another_fit_forgets_the_first(make: Make) -> None:
    model = make(labels=None).fit(TEXTS, FRAME)
    model.fit(TEXTS, [{"trust"} if "bus" in text else set() for text in TEXTS])
    assert model.classes_.tolist() == ["trust"]
    assert model.predict(TEXTS).shape == (36, 1)


def test_dev_is_a_share_of_the_texts_of_every_label(make: Make) -> None:
    recipe_seed = 0
    train, dev = make(dev_share=0.25)._splits(TEXTS, TRUTH, recipe_seed)
    assert (len(train), len(dev)) == (27, 9)
    assert sorted(map(int, train.ids + dev.ids)) == list(range(36))
    for split in (train, dev):
        assert split.targets is not None
        np.testing.assert_allclose(split.targets.mean(axis=0), TRUTH.mean(axis=0), atol=0.12)
        for row, text, target in zip(split.ids, split.texts, split.targets, strict=True):
            assert text == TEXTS[int(row)]
            np.testing.assert_array_equal(target, TRUTH[int(row)])


def test_texts_that_are_not_annotated_are_left_out(make: Make) -> None:
    truth = TRUTH.astype(float)
    truth[::2] = np.nan
    whole = make().fit(TEXTS, truth).predict_proba(TEXTS)
    part = make().fit(TEXTS[1::2], TRUTH[1::2]).predict_proba(TEXTS)
    np.testing.assert_array_equal(whole, part)


def test_gaps_are_masked(make: Make) -> None:
    truth = TRUTH.astype(float)
    truth[::2, 1] = np.nan
    model = make().fit(TEXTS, truth)
    assert np.isfinite(model.predict_proba(TEXTS)).all()


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        np.asarray,
        lambda given: np.asarray(given, dtype=object)[:, None],
        pd.Series,
        lambda given: pd.DataFrame({"text": given}),
        pl.Series,
        lambda given: pl.DataFrame({"text": given}),
    ],
)
def test_texts_in_any_container_are_the_same(
    make: Make, expected: NDArray[np.float32], form: Callable[[list[str]], object]
) -> None:
    given = form(TEXTS)
    model = make().fit(given, TRUTH)
    np.testing.assert_array_equal(model.predict_proba(given), expected)
    np.testing.assert_array_equal(model.predict_proba(TEXTS), expected)


@pytest.mark.parametrize(
    "truth",
    [
        FRAME,
        pl.from_pandas(FRAME),
        TRUTH.tolist(),
        [{NAMES[c] for c in np.flatnonzero(row)} for row in TRUTH],
    ],
)
def test_truth_in_any_form_is_the_same(
    make: Make, expected: NDArray[np.float32], truth: object
) -> None:
    np.testing.assert_array_equal(make().fit(TEXTS, truth).predict_proba(TEXTS), expected)


def test_no_texts_get_no_predictions(fitted: EmotionClassifier) -> None:
    assert fitted.predict([]).shape == fitted.predict_proba([]).shape == (0, 3)


def test_one_label_for_two_texts_is_enough(make: Make) -> None:
    model = make(labels=["joy"]).fit(["so happy", "a day"], [[1], [1]])
    assert model.predict_proba(["so happy"]).shape == (1, 1)


# --- parameters -------------------------------------------------------------------------------


def test_named_parameters_go_over_settings_and_settings_over_the_config(
    make: Make, tmp_path: Path
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(
        "data = { name = 'semeval2018-en' }\nloss = { name = 'bce' }\n"
        "training = { epochs = 9, warmup = 1 }\n"
    )
    settings = ["training.warmup=0.5", "training.epochs=7", "training.seed=5"]
    recipe = make(config=config, settings=settings, epochs=2)._recipe()
    assert recipe.loss.name == "bce"
    assert (recipe.training.epochs, recipe.training.warmup, recipe.training.seed) == (2, 0.5, 5)


def test_a_preset_is_a_config(bert: Path) -> None:
    recipe = EmotionClassifier(config="best/sample", encoder=bert)._recipe()
    assert (recipe.training.epochs, recipe.model.options["encoder"]) == (8, str(bert))
    assert EmotionClassifier(config="best/sample")._recipe().model.options["encoder"] == "minilm"


def test_what_is_stored_is_what_was_given(make: Make) -> None:
    labels, settings = ["joy"], ["training.device=cpu"]
    model = make(labels=labels, settings=settings, epochs=np.int64(2), learning_rate=np.float32(1))
    assert model.labels is labels
    assert model.settings is settings
    recipe = model._recipe()
    assert (recipe.training.epochs, recipe.training.learning_rate) == (2, 1.0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "training.epochs must be at least 1, found 0"),
        ({"epochs": "many"}, "training.epochs must be a whole number"),
        ({"learning_rate": float("nan")}, "training.learning_rate"),
        ({"model": "spanemoo"}, "spanemo"),
        ({"encoder": "/nowhere/at-all"}, "/nowhere/at-all"),
        ({"config": "best/of-all"}, "best/sample"),
        ({"settings": "training.epochs=1"}, "list of settings"),
        ({"settings": ["training.epoch=1"]}, "did you mean epochs"),
        ({"settings": ["data.language=en"]}, "data.language"),
        ({"dev_share": 0}, "dev_share between 0 and 1"),
        ({"dev_share": 1.0}, "dev_share"),
        ({"dev_share": "a tenth"}, "dev_share .* found 'a tenth'"),
        ({"labels": "joy"}, r"pass \['joy'\]"),
        ({"labels": ["joy", "fear"]}, "each of the 2 labels, found 3"),
        ({"labels": ["joy", "joy", "fear"]}, "only once"),
    ],
)
def test_wrong_parameters_are_refused_by_fit(
    make: Make, temporary: Path, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make(**parameters).fit(TEXTS, TRUTH)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("texts", "truth", "message"),
    [
        ("one text", TRUTH, r"pass \[text\]"),
        (TEXTS[:-1], TRUTH, "found 35 texts and 36 rows"),
        ([], np.zeros((0, 3)), "at least 2 annotated texts"),
        (["a"], [[1, 0, 0]], r"found 1 in 1 sample\(s\)"),
        (["a", "b"], [[1, 0, 0], [np.nan] * 3], r"found 1 in 2 sample\(s\)"),
        ([*TEXTS[:-1], None], TRUTH, "gap .* at position 35"),
        (TEXTS, TRUTH * 0, "found none in y: it is all 0"),
        (TEXTS, TRUTH * np.nan, "found 0 in 36"),
        (TEXTS, TRUTH * 0.5, "found 0.5"),
        (TEXTS, [["hope"]] * 36, "no label is called hope: the labels are joy, fear, anger"),
        (TEXTS, None, "requires y"),
        (TRUTH, TEXTS, "one column of texts"),
    ],
)
def test_wrong_data_are_refused(
    make: Make, temporary: Path, texts: object, truth: object, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make().fit(texts, truth)
    assert isinstance(caught.value, ValueError)
    assert list(temporary.iterdir()) == []


def test_prediction_and_score_refuse_the_same(fitted: EmotionClassifier) -> None:
    for use in (fitted.predict, fitted.predict_proba, fitted.decision_function):
        with pytest.raises(InputError, match=r"pass \[text\]"):
            use("one text")
    with pytest.raises(InputError, match="36 texts and 35 rows"):
        fitted.score(TEXTS, TRUTH[1:])


def test_what_is_not_fitted_says_so(make: Make, tmp_path: Path) -> None:
    model = make()
    for use in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            use(TEXTS)
    with pytest.raises(NotFittedError):
        model.score(TEXTS, TRUTH)
    with pytest.raises(NotFittedError):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# --- saved and stopped ------------------------------------------------------------------------


def test_what_is_saved_is_an_ordinary_bundle(fitted: EmotionClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    model = overtone.load(tmp_path / "model")
    np.testing.assert_allclose(
        model.probabilities(TEXTS), fitted.predict_proba(TEXTS), atol=1e-6, rtol=0
    )
    for prediction, row in zip(model.predict(TEXTS), fitted.predict(TEXTS), strict=True):
        assert set(prediction.labels) == {NAMES[c] for c in np.flatnonzero(row)}
    assert model.bundle.digest == fitted.predictor_.bundle.digest


def test_what_is_loaded_is_what_was_saved(fitted: EmotionClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = EmotionClassifier.load(tmp_path / "model")
    assert loaded.classes_.tolist() == list(NAMES)
    np.testing.assert_allclose(
        loaded.predict_proba(TEXTS), fitted.predict_proba(TEXTS), atol=1e-6, rtol=0
    )
    assert loaded.score(TEXTS, TRUTH) == fitted.score(TEXTS, TRUTH)
    loaded.save(tmp_path / "again")
    for file in (tmp_path / "model").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_a_run_of_overtone_train_is_loaded_too(run: Run) -> None:
    texts = ["so happy", "the bus is late"]
    np.testing.assert_array_equal(
        EmotionClassifier.load(run.path).predict_proba(texts),
        overtone.load(run.path).probabilities(texts),
    )


def test_a_clone_of_what_is_loaded_trains_in_the_same_way(make: Make, tmp_path: Path) -> None:
    model = make(
        dev_share=0.2,
        seed=7,
        learning_rate=3e-4,
        settings=[
            "training.device=cpu", "loss.name=bce",
            'inputs.prompts={joy = "a \\"quoted\\" # word", fear = "day"}',
        ],
    ).fit(TEXTS, TRUTH)  # fmt: skip
    model.save(tmp_path / "model")
    again = clone(EmotionClassifier.load(tmp_path / "model")).fit(TEXTS, TRUTH)
    config, expected = (found.predictor_.bundle.manifest.config for found in (again, model))
    assert config == expected
    np.testing.assert_array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_a_folder_that_is_there_is_not_overwritten(
    fitted: EmotionClassifier, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for path in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(InputError, match="expected a new folder"):
            fitted.save(path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_there_must_be_a_model_to_load(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MODEL is the folder"):
        EmotionClassifier.load(tmp_path / "nothing")


def test_a_changed_model_is_not_loaded(fitted: EmotionClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    with (tmp_path / "model" / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(InputError, match=r"tokenizer\.json was changed"):
        EmotionClassifier.load(tmp_path / "model")


def test_nothing_is_left_on_disk(make: Make, temporary: Path) -> None:
    model = make().fit(TEXTS, TRUTH)
    assert list(temporary.iterdir()) == []
    assert model.predict(TEXTS[:1]).shape == (1, 3)


def test_the_run_is_kept_where_it_was_asked_for(
    make: Make, temporary: Path, tmp_path: Path
) -> None:
    model = make(output=tmp_path / "run").fit(TEXTS, TRUTH)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"bundle", "history.jsonl"}
    assert json.loads((tmp_path / "run" / "history.jsonl").read_text())["epoch"] == 1
    np.testing.assert_array_equal(
        overtone.load(tmp_path / "run").probabilities(TEXTS), model.predict_proba(TEXTS)
    )
    assert list(temporary.iterdir()) == []
    with pytest.raises(InputError, match="expected a new folder for the run"):
        model.fit(TEXTS, TRUTH)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_stops_a_fit_and_leaves_nothing(
    make: Make,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    kind: type[BaseException],
) -> None:
    model = make(epochs=3)
    fits = stop_each(monkeypatch, number)
    with pytest.raises(kind):
        model.fit(TEXTS, TRUTH)
    assert len(fits) == 1
    assert not hasattr(model, "predictor_")
    assert list(temporary.iterdir()) == []


def test_ctrl_c_stops_a_whole_search(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn goes on with the next candidate where a fit fails with an Exception."""
    fits = stop_each(monkeypatch, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(make(epochs=2), {"seed": [0, 1]}, cv=2).fit(TEXTS, TRUTH)
    assert len(fits) == 1


def stop_each(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> list[int]:
    """Send a signal at the end of every first epoch; return a list that grows by each."""
    save_best, sent = checkpoint.save_best, []

    def interrupt(*arguments: Any) -> None:  # noqa: ANN401
        sent.append(int(number))
        signal.raise_signal(number)
        save_best(*arguments)

    monkeypatch.setattr(checkpoint, "save_best", interrupt)
    return sent


# --- in scikit-learn's hands ------------------------------------------------------------------


def test_its_tags_say_what_it_is(make: Make) -> None:
    tags = get_tags(make())
    assert is_classifier(make())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert not tags.target_tags.single_output
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class
    assert tags.requires_fit
    assert not tags.non_deterministic


def test_a_clone_has_the_parameters_and_nothing_learnt(fitted: EmotionClassifier) -> None:
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert not hasattr(copied, "predictor_")


def test_cross_validation(make: Make) -> None:
    found = cross_val_score(make(), TEXTS, TRUTH, cv=3, error_score="raise")
    assert found.shape == (3,)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("texts", "truth"),
    [(pd.DataFrame({"text": TEXTS}), FRAME), (pl.Series(TEXTS), pl.from_pandas(FRAME))],
)
def test_cross_validation_of_frames(make: Make, texts: object, truth: object) -> None:
    found = cross_val_score(make(labels=None), texts, truth, cv=KFold(2), error_score="raise")
    expected = cross_val_score(make(), TEXTS, TRUTH, cv=KFold(2), error_score="raise")
    np.testing.assert_array_equal(found, expected)


def test_cross_validation_of_names_and_gaps_where_the_splits_are_named(make: Make) -> None:
    sets = [{NAMES[c] for c in np.flatnonzero(row)} for row in TRUTH]
    gaps = TRUTH.astype(float)
    gaps[5, 1] = np.nan
    for truth in (sets, gaps):
        found = cross_val_score(make(), TEXTS, truth, cv=KFold(2), error_score="raise")
        assert np.isfinite(found).all()


@pytest.mark.parametrize("scoring", ["f1_macro", "roc_auc", "average_precision"])
def test_scikit_learn_s_own_scores(make: Make, scoring: str) -> None:
    found = cross_val_score(make(), TEXTS, TRUTH, cv=2, scoring=scoring, error_score="raise")
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("count", [1, 2])
def test_scikit_learn_s_own_scores_are_right_for_few_labels_or_refused(
    make: Make, count: int
) -> None:
    model, truth = make(labels=NAMES[:count], model="tfidf", encoder=None), TRUTH[:, :count]
    assert cross_val_score(model, TEXTS, truth, cv=2, error_score="raise").mean() > 0.9
    if count == 1:
        with pytest.raises(ValueError, match=r"need classifier with two classes"):
            cross_val_score(model, TEXTS, truth, cv=2, scoring="roc_auc", error_score="raise")
    else:
        found = cross_val_score(model, TEXTS, truth, cv=2, scoring="roc_auc", error_score="raise")
        assert found.mean() > 0.9


def test_a_search_over_the_learning_rate(make: Make) -> None:
    search = GridSearchCV(make(**LEARNS), {"learning_rate": [0.0, 3e-3]}, cv=2, error_score="raise")
    search.fit(TEXTS, TRUTH)
    small, large = search.cv_results_["mean_test_score"]
    assert small < large
    assert search.best_params_ == {"learning_rate": 3e-3}
    trained = search.best_estimator_.predictor_.bundle.manifest.config["training"]
    assert trained["learning_rate"] == search.best_params_["learning_rate"]
    assert search.predict(TEXTS).shape == (36, 3)
    assert search.classes_.tolist() == list(NAMES)


def test_a_pipeline(make: Make) -> None:
    def shouted(texts: list[str]) -> list[str]:
        return [text.replace("day", "match") for text in texts]

    whole = Pipeline([("clean", FunctionTransformer(shouted)), ("classify", make())])
    whole.set_params(classify__seed=3).fit(TEXTS, TRUTH)
    alone = make(seed=3).fit(shouted(TEXTS), TRUTH)
    np.testing.assert_array_equal(whole.predict_proba(TEXTS), alone.predict_proba(shouted(TEXTS)))
    assert whole.score(TEXTS, TRUTH) == alone.score(shouted(TEXTS), TRUTH)
    assert f1_score(TRUTH, whole.predict(TEXTS), average="micro", zero_division=0) >= 0


def test_parallel_jobs_can_be_given_what_is_not_fitted(make: Make) -> None:
    model = make(settings=["training.device=cpu"], seed=3)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    assert again.get_params() == model.get_params()


def test_what_is_fitted_is_not_pickled(fitted: EmotionClassifier) -> None:
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(InputError, match=r"save\(path\).*EmotionClassifier.load"):
            copied(fitted)


@pytest.mark.parametrize("verbose", [False, True])
def test_epochs_are_shown_only_where_that_is_asked_for(
    make: Make, capfd: pytest.CaptureFixture[str], *, verbose: bool
) -> None:
    make(verbose=verbose).fit(TEXTS, TRUTH)
    assert ("epoch 1/1" in capfd.readouterr().err) == verbose
