"""The API on a running server: overtone's own shape and those of others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import httpx2
import pytest

import overtone
from overtone.inference.predictor import Predictor

from .conftest import Serve, Served

TEXTS = ["I am so happy today", "what a terrible day"]
RIGHT_TO_LEFT = "שלום \u202eevil\u202c مرحبا"
ODD = [
    "",
    " ",
    "\x00",
    "a\x00b",
    RIGHT_TO_LEFT,
    "😢" * 50,
    "<script>alert(1)</script>",
    "x" * 19_999,
]

CLIENT = """
import json, sys
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

url = sys.argv[1]
client = InferenceClient(model=url, token="not-a-key-of-anyone", timeout=100)
everything = client.text_classification("I am so happy today")
few = client.text_classification("I am so happy today", top_k=3)
raw = client.text_classification("I am so happy today", top_k=1, function_to_apply="none")
try:
    client.text_classification("I am so happy today", function_to_apply="softmax")
    refused = None
except HfHubHTTPError as error:
    refused = error.response.status_code
print(json.dumps([[[e.label, e.score] for e in found] for found in (everything, few, raw)]))
print(refused)
"""


def post(served: Served, path: str, body: object, **headers: str) -> httpx2.Response:
    return served.client.post(path, json=body, headers=headers)


def problem(found: httpx2.Response, status: int) -> dict[str, Any]:
    """Return the problem that was answered, checked for its form."""
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = found.json()
    assert content["status"] == status
    assert content["type"].startswith("urn:overtone:problem:")
    assert content["title"]
    assert content["detail"]
    return content


def test_predictions_are_the_models_own(served: Served, predictor: Predictor) -> None:
    found = post(served, "/v1/predict", {"texts": TEXTS})
    assert found.status_code == 200
    content = found.json()
    assert content["model"] == {"name": "run", "sha256": predictor.bundle.digest}
    for one, expected in zip(content["predictions"], predictor.predict(TEXTS), strict=True):
        assert list(one) == ["labels", "probabilities", "truncated"]
        assert one["labels"] == list(expected.labels)
        assert list(one["probabilities"]) == list(predictor.labels.names)
        assert one["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
        assert one["truncated"] is False


def test_one_text_has_one_prediction(served: Served) -> None:
    several = post(served, "/v1/predict", {"texts": TEXTS[:1]}).json()
    assert post(served, "/v1/predict", {"text": TEXTS[0]}).json() == several


@pytest.mark.parametrize("threshold", [0, 1, 0.25, {"joy": 0.0}, {"joy": 0, "fear": 1}, {}])
def test_a_request_may_have_thresholds_of_its_own(
    served: Served, predictor: Predictor, threshold: float | dict[str, float]
) -> None:
    found = post(served, "/v1/predict", {"texts": TEXTS, "threshold": threshold}).json()
    expected = predictor.predict(TEXTS, threshold=threshold)
    assert [one["labels"] for one in found["predictions"]] == [list(e.labels) for e in expected]


def test_probabilities_can_be_left_out(served: Served) -> None:
    found = post(served, "/v1/predict", {"text": "a", "probabilities": False}).json()
    assert list(found["predictions"][0]) == ["labels", "truncated"]


def test_a_text_that_loses_a_part_says_so(served: Served) -> None:
    found = post(served, "/v1/predict", {"texts": ["joy", "joy " * 500]}).json()
    assert [one["truncated"] for one in found["predictions"]] == [False, True]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_are_texts(served: Served, predictor: Predictor, text: str) -> None:
    found = post(served, "/v1/predict", {"text": text}).json()["predictions"][0]
    expected = predictor.predict([text])[0].probabilities
    assert found["probabilities"] == pytest.approx(expected, abs=1e-5)


def test_the_model_describes_itself(served: Served, predictor: Predictor) -> None:
    found = served.client.get("/v1/model").json()
    assert list(found) == [
        "name", "sha256", "labels", "decision", "thresholds", "metrics", "backend", "max_length",
        "limits", "overtone",
    ]  # fmt: skip
    assert found["labels"] == list(predictor.labels.names)
    assert found["decision"] == predictor.bundle.manifest.decision
    assert found["thresholds"] == dict.fromkeys(predictor.labels.names, 0.5)
    assert found["metrics"] == predictor.bundle.manifest.metrics
    assert found["max_length"] == 128
    assert found["limits"] == {"texts": 128, "characters": 20_000, "body_bytes": 2**20}
    assert found["overtone"] == overtone.__version__


def ranked(predictor: Predictor, text: str) -> list[tuple[str, float]]:
    probabilities = predictor.predict([text])[0].probabilities
    return sorted(probabilities.items(), key=lambda item: -item[1])


def assert_ranked(
    found: list[dict[str, Any]], predictor: Predictor, text: str, most: int | None = None
) -> None:
    expected = ranked(predictor, text)[:most]
    assert [set(one) for one in found] == [{"label", "score"}] * len(expected)
    assert [one["label"] for one in found] == [label for label, _ in expected]
    assert [one["score"] for one in found] == pytest.approx([s for _, s in expected], abs=1e-5)


def test_tei_answers_a_text_flat_and_a_batch_nested(served: Served, predictor: Predictor) -> None:
    for inputs in (TEXTS[0], [TEXTS[0]]):
        assert_ranked(post(served, "/predict", {"inputs": inputs}).json(), predictor, TEXTS[0])
    found = post(served, "/predict", {"inputs": [[text] for text in TEXTS]}).json()
    for one, text in zip(found, TEXTS, strict=True):
        assert_ranked(one, predictor, text)


def test_tei_s_raw_scores_are_logits(served: Served, predictor: Predictor) -> None:
    found = post(served, "/predict", {"inputs": TEXTS[0], "raw_scores": True}).json()
    expected = sorted(predictor.logits(TEXTS[:1])[0].tolist(), reverse=True)
    assert [one["score"] for one in found] == pytest.approx(expected, abs=1e-4)


def test_tei_s_truncate_refuses_where_it_is_false(served: Served) -> None:
    long = "joy " * 500
    problem(post(served, "/predict", {"inputs": long, "truncate": False}), 413)
    for more in ({}, {"truncate": True}, {"truncate": None}):
        assert post(served, "/predict", {"inputs": long, **more}).status_code == 200


@pytest.mark.parametrize("inputs", [["a", "b"], [["a", "b"]], [[]], [], [["a"], []], ["a"] * 3])
def test_tei_s_pairs_are_refused(served: Served, inputs: list[Any]) -> None:
    problem(post(served, "/predict", {"inputs": inputs}), 422)


def test_hugging_face_s_answer_is_always_nested(served: Served, predictor: Predictor) -> None:
    for inputs in (TEXTS[0], TEXTS[:1], TEXTS):
        found = post(served, "/", {"inputs": inputs, "parameters": {"top_k": 4}}).json()
        texts = [inputs] if isinstance(inputs, str) else inputs
        for one, text in zip(found, texts, strict=True):
            assert_ranked(one, predictor, text, 4)


def test_hugging_face_s_client_works(served: Served, predictor: Predictor) -> None:
    # Told to be offline, it refuses even this machine.
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, served.url],
        env=environment, capture_output=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, refused = done.stdout.splitlines()
    everything, few, raw = json.loads(first)
    expected = ranked(predictor, TEXTS[0])
    assert [label for label, _ in everything] == [label for label, _ in expected]
    assert [score for _, score in everything] == pytest.approx([s for _, s in expected], abs=1e-5)
    assert few == everything[:3]
    assert raw[0][0] == everything[0][0]
    assert raw[0][1] == pytest.approx(predictor.logits(TEXTS[:1]).max(), abs=1e-4)
    assert refused == "422"


WRONG: list[bytes] = [
    b'{"text": "a", "labels": []}', b'{"text": "a", "labels": ["nobody"]}',
    b'{"text": "a", "labels": "joy"}', b'{"text": "a", "labels": [1]}',
    b"", b"{", b"nonsense", b"[]", b"null", b"1", b'"a"', b"\xff\xfe", b'{"text": "\xff"}',
    b'{"text": 1}', b'{"texts": "a"}', b'{"texts": []}', b'{"texts": [1]}', b'{"texts": [null]}',
    b'{"texts": [["a"]]}', b'{"texts": {"a": 1}}', b'{"text": "a", "texts": ["a"]}', b"{}",
    b'{"text": "a", "threshold": 2}', b'{"text": "a", "threshold": -0.1}',
    b'{"text": "a", "threshold": NaN}', b'{"text": "a", "threshold": Infinity}',
    b'{"text": "a", "threshold": 1e999}', b'{"text": "a", "threshold": "0.5"}',
    b'{"text": "a", "threshold": true}', b'{"text": "a", "threshold": {"nobody": 0.5}}',
    b'{"text": "a", "threshold": {"joy": NaN}}', b'{"text": "a", "threshold": []}',
    b'{"text": "a", "probabilities": "yes"}', b'{"text": "a", "other": 1}', b"NaN",
    b'{"text": "\\ud800"}', b'{"texts": ["fine", "\\udfff"]}', b'{"\\ud800": 1}',
    b"[" * 100_000, b'{"a":' * 100_000, b'{"texts": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"text": ' + b"9" * 10_000 + b"}", b'{"text": "a", "threshold": ' + b"9" * 10_000 + b"}",
    b'{"inputs": {"a": 1}}', b'{"inputs": null}',
    b'{"inputs": "a", "truncate": 1, "parameters": {"top_k": 0}}',
    b'{"inputs": "a", "raw_scores": 3, "parameters": 1}',
    b'{"inputs": "\\ud800"}', b'{"inputs": ["\\udc00"]}', b'{"inputs": [["\\udc00"]]}',
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/predict", "application/json"), ("/v1/explain", "application/json"),
     ("/predict", "application/json"),
     ("/", "application/json"), ("/v1/predict", "text/plain"), ("/v1/predict", "a;b/c"),
     ("/v1/predict", None)],
)  # fmt: skip
def test_broken_bodies_are_the_client_s_problem(
    served: Served, path: str, kind: str | None
) -> None:
    headers = {} if kind is None else {"content-type": kind}
    for body in WRONG:
        found = served.client.post(path, content=body, headers=headers)
        assert 400 <= found.status_code < 500, (body[:60], found.text)
        problem(found, found.status_code)


def test_an_error_does_not_repeat_the_text(served: Served) -> None:
    secret = "a-secret-that-nobody-may-read"  # noqa: S105 - a word of this test
    for body in (
        {"texts": [{secret: 1}, [secret]], "text": secret},
        {"text": 3, "threshold": secret},
    ):
        assert secret not in post(served, "/v1/predict", body).text
    assert secret not in served.client.post("/v1/predict", content=f'{{"text": "{secret}').text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/predict", 405), ("DELETE", "/", 405),
     ("POST", "/nothing", 404), ("GET", "/page/../app.py", 404), ("GET", "/page/none.js", 404),
     ("GET", "/page/%2e%2e%2fapp.py", 404), ("BREW", "/", 405), ("GET", "/v1/model/", 404)],
)  # fmt: skip
def test_what_is_not_there_is_a_problem(
    served: Served, method: str, path: str, status: int
) -> None:
    problem(served.client.request(method, path), status)


@pytest.mark.parametrize("path", ["/", "/v1/model", "/nothing", "/openapi.json", "/healthz"])
def test_every_answer_has_the_headers_that_protect(served: Served, path: str) -> None:
    found = served.client.get(path).headers
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    policy = found["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert found["cache-control"] in {"no-store", "no-cache"}
    assert "server" not in found
    assert "access-control-allow-origin" not in found


def test_the_page_is_served(served: Served) -> None:
    found = served.client.get("/")
    assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert served.client.head("/").status_code == 200


def test_health_readiness_and_metrics(served: Served) -> None:
    assert served.client.get("/healthz").text == "ok\n"
    assert served.client.get("/readyz").text == "ready\n"
    line = 'overtone_requests_total{route="/v1/predict",status="200"}'
    labels = post(served, "/v1/predict", {"text": "b", "threshold": 0}).json()
    before = served.metric(line)
    before_texts = served.metric("overtone_batch_texts_sum")
    joy = served.metric('overtone_labels_on_total{label="joy"}')
    assert "joy" in labels["predictions"][0]["labels"]
    post(served, "/v1/predict", {"texts": ["a", "b"], "threshold": 0})
    assert served.metric(line) == before + 1
    assert served.metric("overtone_batch_texts_sum") == before_texts + 2
    assert served.metric('overtone_labels_on_total{label="joy"}') == joy + 2
    assert served.metric('overtone_queue{unit="texts"}') == 0
    assert served.metric("overtone_batch_tokens_sum") > 0


def test_paths_that_clients_invent_are_not_counted_apart(served: Served) -> None:
    served.client.get("/an-invented-path")
    assert "invented" not in served.client.get("/metrics").text


def test_openapi_has_examples_and_problems(served: Served) -> None:
    found = served.client.get("/openapi.json").json()
    for path in ("/v1/predict", "/predict", "/"):
        asked = found["paths"][path]["post"]
        assert asked["requestBody"]["content"]["application/json"]["examples"]
        for status in ("400", "401", "413", "422", "503", "504"):
            assert "application/problem+json" in asked["responses"][status]["content"]


def test_examples_of_openapi_work(served: Served) -> None:
    found = served.client.get("/openapi.json").json()
    for path in ("/v1/predict", "/predict", "/"):
        body = found["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        for example in body["examples"].values():
            assert post(served, path, example["value"]).status_code == 200


def test_nothing_that_was_sent_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = "a-secret-that-nobody-may-read"  # noqa: S105 - a word of this test
    served = serve(access_log=True, keys=(f"{secret}-key",))
    headers = {"authorization": f"Bearer {secret}-key"}
    for path in ("/v1/predict", f"/v1/predict?q={secret}", f"/{secret}"):
        for body in (b'{"text": "%s"}' % secret.encode(), b'{"text": "%s' % secret.encode()):
            headers["content-type"] = "application/json"
            served.client.post(path, content=body, headers=headers)
    served.client.get(f"/{secret}", headers=headers)
    with served.connect() as raw:
        raw.sendall(f"{secret}\r\n\r\n".encode())
        assert raw.recv(1000)
    ours = [record for record in caplog.records if record.name.startswith(("overtone", "uvicorn"))]
    assert any("POST /v1/predict 200" in record.getMessage() for record in ours)
    assert [record for record in ours if secret in f"{record.getMessage()} {record.exc_text}"] == []
