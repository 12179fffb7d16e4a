"""POST /v1/explain on a running server: what it answers, refuses, and how it waits its turn."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

import overtone
from overtone.inference.predictor import Predictor

from .conftest import SECONDS, Gate, Serve, Served
from .test_bounds import drain, until

TEXT = "I am SO happy today 😍, thanks @bob"
WORDS = ["I", "am", "SO", "happy", "today", "😍", ",", "thanks", "@bob"]


def ask(served: Served, text: str = TEXT, **more: object) -> httpx2.Response:
    return served.client.post("/v1/explain", json={"text": text, **more})


def kind(found: httpx2.Response, status: int) -> str:
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    return str(found.json()["type"]).removeprefix("urn:overtone:problem:")


def test_explanations_are_the_library_s_own(served: Served, predictor: Predictor) -> None:
    content: dict[str, Any] = ask(served, labels=["joy", "fear"]).json()
    expected = overtone.explain(predictor, TEXT, labels=["joy", "fear"], method="leave_one_out")
    assert list(content) == [
        "model", "method", "labels", "probabilities", "truncated", "explained", "words",
    ]  # fmt: skip
    assert content["model"] == {"name": "run", "sha256": predictor.bundle.digest}
    assert content["method"] == "leave_one_out"
    assert content["labels"] == list(expected.prediction.labels)
    assert content["probabilities"] == pytest.approx(expected.prediction.probabilities, abs=1e-5)
    assert content["explained"] == ["joy", "fear"]
    assert [word["text"] for word in content["words"]] == WORDS
    for one, word in zip(content["words"], expected.words, strict=True):
        assert list(one) == ["text", "start", "end", "push"]
        assert TEXT[one["start"] : one["end"]] == word.text
        assert one["push"] == pytest.approx(word.push, abs=1e-4)


def test_what_is_on_is_explained_where_nothing_is_asked_for(
    served: Served, predictor: Predictor
) -> None:
    content = ask(served).json()
    [prediction] = predictor.predict([TEXT])
    assert content["explained"] == content["labels"] == list(prediction.labels)
    for word in content["words"]:
        assert list(word["push"]) == content["labels"]


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\u202e", "😍", "x" * 19_999, "a" + "!?" * 9_000]
)
def test_odd_texts_are_explained(served: Served, text: str) -> None:
    content = ask(served, text, labels=["joy"]).json()
    assert len(content["words"]) <= 1 + (len(text) > 1)


def test_a_text_with_too_many_words_is_refused_before_anything_is_computed(serve: Serve) -> None:
    served = serve(texts=5)
    assert len(ask(served, "so happy to see", labels=["joy"]).json()["words"]) == 4
    for text in ("so happy to see you", "so!happy?to:see", "a " * 9_000):
        found = ask(served, text)
        assert kind(found, 413) == "too-many-words"
        assert found.json()["words"] == 4
    assert kind(ask(serve(characters=5), "so happy"), 413) == "text-too-long"


@pytest.mark.parametrize(
    "body",
    [{}, {"text": 1}, {"text": "a", "labels": []}, {"text": "a", "labels": ["nobody"]},
     {"text": "a", "labels": "joy"}, {"text": "a", "other": 1}, {"texts": ["a"]}],
)  # fmt: skip
def test_what_is_no_such_request_is_refused(served: Served, body: dict[str, object]) -> None:
    assert kind(served.client.post("/v1/explain", json=body), 422) == "unprocessable"
    content = json.dumps({"text": "\ud800"}).encode()
    assert kind(served.client.post("/v1/explain", content=content), 422) == "unprocessable"


def test_each_word_counts_in_the_queue(serve: Serve, gate: Gate) -> None:
    served = serve(gate, queue_texts=12)
    gate.batches.clear()
    gate.open.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, served, "happy")
        drain(gate)
        second = pool.submit(ask, served, "so happy to see you all")
        until(served, 'overtone_queue{unit="texts"}', 7)
        refused = ask(served, "the bus is late again and again")  # eight more
        assert kind(refused, 503) == "queue-full"
        assert refused.headers["retry-after"] == "1"
        gate.open.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert "the bus is late again and again" not in {
        text for batch in gate.batches for text in batch
    }


def test_a_request_of_one_text_does_not_wait_for_a_whole_explanation(
    serve: Serve, gate: Gate
) -> None:
    served = serve(gate, batch_tokens=20)
    gate.batches.clear()
    gate.open.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, served, "so happy to see you all here today")
        drain(gate)
        other = pool.submit(served.client.post, "/v1/predict", json={"text": "late"})
        waiting = 9 - len(gate.batches[0]) + 1
        until(served, 'overtone_queue{unit="texts"}', waiting)
        gate.open.set()
        assert other.result().status_code == first.result().status_code == 200
    place = next(n for n, batch in enumerate(gate.batches) if "late" in batch)
    assert place <= 2 < len(gate.batches)


def test_keys_and_deadlines_hold(serve: Serve, gate: Gate) -> None:
    assert kind(ask(serve(keys=("a-key-that-is-long-enough",))), 401)
    served = serve(gate, deadline_seconds=0.05)
    gate.open.clear()
    found = ask(served)
    gate.open.set()
    assert kind(found, 504) == "deadline"


def test_aligning_words_is_within_the_deadline(serve: Serve, gate: Gate) -> None:
    clean, go = gate.clean, Event()

    def wait_and_clean(text: str) -> str:
        assert go.wait(SECONDS)
        return clean(text)

    gate.clean = wait_and_clean
    go.set()
    served = serve(gate, deadline_seconds=0.05)
    go.clear()
    found = ask(served)
    go.set()
    assert kind(found, 504) == "deadline"
    assert not any("SO" in text for batch in gate.batches for text in batch)


def test_a_label_is_counted_once_a_text(serve: Serve, sure: Predictor) -> None:
    served = serve(sure)
    ask(served, "What a lovely surprise, thank you!")
    assert served.metric('overtone_labels_on_total{label="joy"}') == 1


@pytest.fixture(scope="module")
def sure(tfidf: Path) -> Predictor:
    """A model that is sure of something."""
    return overtone.load(tfidf)
