"""Scores of labels that a model is asked for: whose truth, whose decision, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import overtone
from overtone import data
from overtone.data.semeval2018 import NAMES
from overtone.errors import DataError, InputError
from overtone.evaluation import metrics
from overtone.experiment.asked import AskedFor
from overtone.experiment.fit import Run

MODEL = "zero-shot"


def test_some_labels_of_the_data_are_scored_each_by_its_own_truth() -> None:
    split = data.load("sample", "dev")
    model = overtone.load(MODEL, labels=["pessimism", "joy"])
    found = overtone.evaluate(model, "sample", split="dev")
    columns = [NAMES.index(name) for name in ("pessimism", "joy")]
    truth, probabilities = data.truth(split)[:, columns], model.probabilities(split.texts)
    assert found.scores == metrics.score(
        truth, model.decide(probabilities), probabilities, model.labels
    )
    assert found.asked is not None
    assert found.asked.unseen == ("pessimism",)
    assert found.asked.given == ()
    assert not found.asked.unfitted
    threshold = model.decision["threshold"]
    assert found.asked.thresholds == dict.fromkeys(("pessimism", "joy"), threshold)
    assert f"on above {threshold:.3g}, the model's one threshold" in found.asked.in_words()
    assert json.loads(json.dumps(found.to_json()))["asked"]["unseen"] == ["pessimism"]


def test_another_word_has_the_truth_of_its_label() -> None:
    asked = {"gladness": "joy", "zeal": "anger"}
    found = overtone.evaluate(MODEL, "sample", split="dev", labels=asked, threshold={"zeal": 1.0})
    truth = data.truth(data.load("sample", "dev"))
    assert {name: one.support for name, one in found.scores.per_label.items()} == {
        "gladness": truth[:, NAMES.index("joy")].sum(),
        "zeal": truth[:, NAMES.index("anger")].sum(),
    }
    assert found.scores.per_label["zeal"].f1 == 0
    assert found.asked is not None
    assert found.asked.unseen == ("zeal",), "its training had gladness for joy"
    assert found.asked.thresholds["zeal"] == 1
    said = found.asked.in_words()
    assert "gladness (in the data: joy), zeal (in the data: anger)" in said
    assert "what was given: zeal 1; gladness on above" in said


def test_a_model_s_own_labels_are_the_model_itself(trained: Run) -> None:
    own = overtone.evaluate(trained.path, "sample", split="dev")
    asked = overtone.evaluate(trained.path, "sample", split="dev", labels=NAMES[::-1])
    assert asked.scores == own.scores
    assert (asked.asked, asked.cross_fitted) == (None, own.cross_fitted)
    assert "asked" not in asked.to_json()


def test_any_model_takes_its_own_labels_from_data_that_has_more(tmp_path: Path) -> None:
    rows = [f"{word} day {n},{n % 2},{1 - n % 2}" for n, word in enumerate(["glad", "mad"] * 10)]
    (tmp_path / "own.csv").write_text("\n".join(["text,joy,anger", *rows]) + "\n")
    more = [f"{row},1" for row in rows]
    (tmp_path / "more.csv").write_text("\n".join(["text,joy,cross,calm", *more]) + "\n")
    run = overtone.train(str(tmp_path / "own.csv"), tmp_path / "run", model="tfidf")
    file = str(tmp_path / "more.csv")
    with pytest.raises(InputError, match=r"expected the column 'anger'.* with --labels"):
        overtone.evaluate(run.path, file)
    found = overtone.evaluate(run.path, file, labels={"anger": "cross", "joy": "joy"})
    assert list(found.scores.per_label) == ["joy", "anger"]
    assert found.scores == overtone.evaluate(run.path, str(tmp_path / "own.csv")).scores
    with pytest.raises(InputError, match=r"found the model tfidf.*spanemo"):
        overtone.evaluate(run.path, file, labels=["joy"])


def test_a_file_may_list_its_labels_in_one_column(tmp_path: Path) -> None:
    rows = ["so glad today,joy|calm", "a bad day,dread", "the bus came,", "what a view,calm"] * 3
    (tmp_path / "lists.csv").write_text("\n".join(["text,labels", *rows]) + "\n")
    found = overtone.evaluate(MODEL, str(tmp_path / "lists.csv"), labels=["calm", "dread"])
    assert {name: one.support for name, one in found.scores.per_label.items()} == {
        "calm": 6, "dread": 3,
    }  # fmt: skip
    assert found.scores.n == 12


def test_data_with_labels_that_a_model_lacks_says_what_can_be_done() -> None:
    with pytest.raises(InputError, match=r"the model was trained on, or ask .* evaluate --labels"):
        overtone.evaluate(MODEL, "sample")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "at least one label"),
        (["joy", "Joy"], "'Joy' again"),
        (["joy", "angr"], "found 'angr'; did you mean 'anger'.* asked for as 'angr=anger'"),
        ({"gladness": "jo"}, "found 'jo'; did you mean 'joy'"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: AskedFor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        overtone.evaluate(MODEL, "sample", labels=asked)


def test_a_column_that_a_file_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("text,calm,dread\nso still,1,0\noh no,0,1\n")
    with pytest.raises(DataError, match=r"'dred'.*did you mean 'dread'"):
        overtone.evaluate(MODEL, str(tmp_path / "own.csv"), labels=["calm", "dred"])


def test_a_decision_fitted_on_these_texts_is_said_and_not_fitted_anew(
    trained: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    decided = overtone.decide(
        trained.path,
        "sample",
        tmp_path / "decided",
        decision={"name": "threshold", "aim": "jaccard"},
    )
    del decided
    found = overtone.evaluate(tmp_path / "decided", "sample", split="dev", labels=["joy", "fear"])
    assert not found.cross_fitted
    assert "fitted on these very texts, for its own labels" in caplog.text
    assert np.isfinite(found.scores.jaccard)
