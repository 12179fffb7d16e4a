"""`EmotionClassifier` on disk: saved, loaded, stopped, and nothing left behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tests.experiment.estimator.conftest import NAMES, TEXTS, TRUTH, Make

import overtone
from overtone import EmotionClassifier
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.training import checkpoint

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


def test_a_run_of_overtone_train_is_loaded_too(trained: Run) -> None:
    texts = ["so happy", "the bus is late"]
    np.testing.assert_array_equal(
        EmotionClassifier.load(trained.path).predict_proba(texts),
        overtone.load(trained.path).probabilities(texts),
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
