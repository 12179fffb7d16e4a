"""A server that was started with labels of its own: every route answers by them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import overtone
from overtone.apps.server.settings import Settings
from overtone.inference.predictor import Predictor

from .conftest import Served, serving

ASKED = ["complaint", "praise", "Joy"]
TEXT = "What a lovely surprise, thank you!"


@pytest.fixture(scope="module")
def asked() -> Predictor:
    return overtone.load("zero-shot", labels=ASKED)


@pytest.fixture(scope="module")
def asking(asked: Predictor) -> Iterator[Served]:
    with serving(asked, Settings(access_log=False)) as found:
        yield found


def test_the_model_is_shown_with_what_holds_for_them(asking: Served) -> None:
    found = asking.client.get("/v1/model").json()
    assert found["labels"] == ASKED
    assert found["unseen"] == ["complaint"], "praise is another word for admiration there"
    threshold = found["decision"]["threshold"]
    assert found["thresholds"] == dict.fromkeys(ASKED, threshold)
    assert found["metrics"] == {}, "its scores are those of other labels"


def test_predictions_and_thresholds_go_by_them(asking: Served, asked: Predictor) -> None:
    body = {"text": TEXT, "threshold": {"complaint": 0.0, "praise": 1.0}}
    [one] = asking.client.post("/v1/predict", json=body).json()["predictions"]
    [expected] = asked.predict([TEXT])
    assert one["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
    assert "complaint" in one["labels"]
    assert "praise" not in one["labels"]
    refused = asking.client.post("/v1/predict", json={"text": TEXT, "threshold": {"joy": 0.1}})
    assert refused.status_code == 422
    assert "complaint, praise, Joy" in refused.json()["detail"]


def test_the_shapes_of_others_have_them(asking: Served) -> None:
    [ranked] = asking.client.post("/", json={"inputs": TEXT}).json()
    flat = asking.client.post("/predict", json={"inputs": TEXT}).json()
    assert {one["label"] for one in ranked} == {one["label"] for one in flat} == set(ASKED)


def test_they_are_explained_and_counted(asking: Served) -> None:
    body = {"text": TEXT, "labels": ["complaint"]}
    found = asking.client.post("/v1/explain", json=body).json()
    assert found["explained"] == ["complaint"]
    assert all(list(word["push"]) == ["complaint"] for word in found["words"])
    asking.client.post("/v1/predict", json={"text": TEXT, "threshold": {"complaint": 0.0}})
    assert asking.metric('overtone_labels_on_total{label="complaint"}') >= 1


def test_a_request_cannot_bring_its_own(asking: Served) -> None:
    found = asking.client.post("/v1/predict", json={"text": TEXT, "labels": ["anger"]})
    assert found.status_code == 422
