"""`EmotionClassifier` on its own: fit, predict, score, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.metrics import jaccard_score
from tests.experiment.estimator.conftest import FRAME, LEARNS, NAMES, TEXTS, TRUTH, Make

from overtone import EmotionClassifier
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.inputs import batches

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


def test_its_recipe_is_that_of_overtone_train(trained: Run, bert: Path) -> None:
    settings = ["training.device=cpu", "training.head_learning_rate=0.02"]
    ours = EmotionClassifier(encoder=bert, epochs=1, settings=settings).fit(TEXTS, FRAME)
    saved, expected = (
        dict(found.manifest.config) for found in (ours.predictor_.bundle, trained.bundle)
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
