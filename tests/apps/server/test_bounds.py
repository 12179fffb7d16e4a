"""What a server doesn't do: wait for ever, take on too much, answer strangers, drop requests."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from overtone.apps.server.keys import read_keys
from overtone.errors import InputError

from .conftest import SECONDS, Gate, Serve, Served

Headers = Mapping[str, str] | Mapping[bytes, bytes] | None

KEYS = ("a-key-that-is-long-enough", "another-key-that-is-long")


def ask(
    served: Served, texts: int = 1, text: str = "joy", headers: Headers = None
) -> httpx2.Response:
    content = {"texts": [text] * texts}
    return served.client.post("/v1/predict", json=content, headers=headers)


def head(length: int | None, more: str = "") -> bytes:
    """Return the head of a request to predict; without a length it is chunked."""
    size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    return (
        f"POST /v1/predict HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
        f"{size}\r\n{more}\r\n"
    ).encode()


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Read one answer: its status and its JSON."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        assert part, data
        data += part
    top, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in top.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += connection.recv(65536)
    return int(top.split()[1]), json.loads(body)


def until_closed(connection: socket.socket) -> None:
    """Wait until the server closes a connection."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass


def test_limits_of_a_request(serve: Serve) -> None:
    served = serve(texts=2, characters=10, body_bytes=2000)
    assert ask(served, 2, "x" * 10).status_code == 200
    for found, limit in (
        (ask(served, 3), "texts"),
        (ask(served, 1, "x" * 11), "characters"),
        (ask(served, 1, "x" * 3000), "body_bytes"),
    ):
        assert found.status_code == 413
        assert found.headers["content-type"] == "application/problem+json"
        assert limit in found.json()


def test_a_body_without_a_length_has_the_same_limit(serve: Serve) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    served = serve(body_bytes=2000)
    headers = {"content-type": "application/json"}
    found = served.client.post("/v1/predict", content=parts(), headers=headers)
    assert found.status_code == 413
    few = served.client.post(
        "/v1/predict", content=iter([b'{"text":', b' "joy"}']), headers=headers
    )
    assert few.status_code == 200


def test_ten_megabytes_are_refused_before_they_are_read(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head(10_000_000))
        assert answer(connection)[0] == 413


def test_a_word_of_100_000_letters_is_refused_and_of_20_000_answered(served: Served) -> None:
    assert ask(served, 1, "x" * 100_000).status_code == 413
    assert ask(served, 1, "x" * 20_000).status_code == 200


def test_large_heads_are_refused(serve: Serve) -> None:
    served = serve(head_bytes=2000)
    with served.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: here\r\nx: " + b"y" * 5000)
        status, content = answer(connection)
        assert (status, content["status"]) == (400, 400)
        until_closed(connection)


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
     b"GET /healthz HTTP/1.1\r\n\r\n",
     b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
     b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_refused(served: Served, data: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(data + b"\r\n\r\n")
        assert answer(connection)[0] == 400
        until_closed(connection)
    assert ask(served).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"POST /v1/pre", head(10)[:-2]])
def test_a_slow_head_is_closed(serve: Serve, sent: bytes) -> None:
    served = serve(head_seconds=0.2)
    with served.connect() as connection:
        connection.sendall(sent)
        until_closed(connection)
    assert ask(served).status_code == 200


def test_a_slow_head_after_an_answer_is_closed_too(serve: Serve) -> None:
    served = serve(head_seconds=0.2)
    with served.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /heal")
        until_closed(connection)


def test_a_slow_body_is_told_and_then_closed(serve: Serve) -> None:
    served = serve(body_seconds=0.2, head_seconds=0.2)
    with served.connect() as connection:
        connection.sendall(head(100) + b'{"text"')
        status, content = answer(connection)
        assert (status, content["type"]) == (408, "urn:overtone:problem:slow-body")
        until_closed(connection)
    assert ask(served).status_code == 200


def test_one_connection_too_many_is_closed(serve: Serve) -> None:
    served = serve(connections=3)
    held = [served.connect() for _ in range(3)]
    for connection in held:  # each is known to the server once it has answered
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(65536)
    with served.connect() as another:
        until_closed(another)
    for connection in held:
        connection.close()


def test_a_full_queue_refuses_before_the_body_is_read(serve: Serve, gate: Gate) -> None:
    served = serve(gate, queue_texts=2, batch_tokens=1)
    gate.batches.clear()
    gate.open.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask, served, 1)
        drain(gate)
        second = pool.submit(ask, served, 2)
        until(served, 'overtone_queue{unit="texts"}', 2)
        with served.connect() as connection:
            connection.sendall(head(1000))  # and no body
            status, content = answer(connection)
        refused = ask(served)
        not_ready = served.client.get("/readyz")
        gate.open.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert (status, content["type"]) == (503, "urn:overtone:problem:queue-full")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert not_ready.status_code == 503
    assert ask(served).status_code == 200


def test_a_client_that_goes_away_frees_its_place(serve: Serve, gate: Gate) -> None:
    served = serve(gate)
    gate.batches.clear()
    gate.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, served)
        drain(gate)
        body = json.dumps({"texts": ["left"] * 50}).encode()
        with served.connect() as connection:
            connection.sendall(head(len(body)) + body)
            until(served, 'overtone_queue{unit="texts"}', 50)
        until(served, 'overtone_queue{unit="texts"}', 0)
        gate.open.set()
        assert first.result().status_code == 200
    assert gate.batches == [["joy"]]
    until(served, 'overtone_requests_total{route="/v1/predict",status="499"}', 1)


def test_an_answer_that_takes_too_long_is_a_problem(serve: Serve, gate: Gate) -> None:
    served = serve(gate, deadline_seconds=0.05)
    gate.open.clear()
    found = ask(served)
    gate.open.set()
    assert found.status_code == 504
    assert found.headers["content-type"] == "application/problem+json"


def test_many_bodies_at_a_time_are_bounded(serve: Serve) -> None:
    served = serve(queue_characters=5000, body_seconds=60)
    held = []
    for _ in range(4):
        connection = served.connect()
        connection.sendall(head(4000) + b" " * 1500)
        held.append(connection)
    statuses: list[int] = []
    # The fourth brings them to 6,000 bytes; which one is read last is the system's business.
    for connection in held:
        connection.settimeout(0)
    while not statuses:
        for connection in held:
            try:
                statuses.append(int(connection.recv(65536).split()[1]))
            except BlockingIOError:
                continue
    for connection in held:
        connection.close()
    assert statuses[0] == 503
    assert ask(served).status_code == 200


def test_asked_to_stop_it_finishes_what_it_took(serve: Serve, gate: Gate) -> None:
    served = serve(gate)
    gate.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, served, 3)
        gate.wait_for_batch()
        served.stop()
        refuse_new(served)
        gate.open.set()
        assert first.result().status_code == 200
    served.thread.join(SECONDS)
    assert not served.thread.is_alive()


def test_what_takes_longer_than_the_bound_is_told_so(serve: Serve, gate: Gate) -> None:
    served = serve(gate, drain_seconds=1)
    gate.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, served)
        gate.wait_for_batch()
        served.stop()
        found = first.result()
        gate.open.set()
    assert found.status_code == 503
    assert found.json()["type"] == "urn:overtone:problem:stopping"


def test_without_a_key_nobody_is_answered(serve: Serve) -> None:
    served = serve(keys=KEYS)
    refused: tuple[Headers, ...] = (
        {}, {"authorization": "Bearer nobody"}, {"authorization": KEYS[0]},
        {"authorization": f"Basic {KEYS[0]}"}, {"authorization": f"Bearer {KEYS[0]}x"},
        {b"authorization": b"Bearer \xff"},
    )  # fmt: skip
    for headers in refused:
        found = ask(served, headers=headers)
        assert found.status_code == 401
        assert found.headers["www-authenticate"] == "Bearer"
        assert KEYS[0] not in found.text
        for path in ("/v1/model", "/metrics"):
            assert served.client.get(path, headers=headers).status_code == 401
    for key in KEYS:
        assert ask(served, headers={"authorization": f"Bearer {key}"}).status_code == 200
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert served.client.get(path).status_code == 200


def test_keys_come_from_a_file_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{KEYS[0]}\n\n", encoding="utf-8")
    assert read_keys(file, {}) == KEYS[:1]
    assert read_keys(None, {"OVERTONE_API_KEYS": f"{KEYS[0]}, {KEYS[1]},"}) == KEYS
    assert read_keys(None, {}) == ()


@pytest.mark.parametrize("content", ["", "# nothing\n", "short\n", "ein-schlüssel-der-lang-ist\n"])
def test_a_key_file_that_protects_nothing_is_an_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="API keys") as found:
        read_keys(file, {})
    assert "short\n" not in str(found.value)
    with pytest.raises(InputError, match="API keys"):
        read_keys(tmp_path / "missing", {})


def drain(gate: Gate) -> None:
    """Wait for a batch at the gate, whatever was counted before."""
    while not gate.batches:
        gate.wait_for_batch()


def until(served: Served, line: str, value: float) -> None:
    """Ask for the metrics until one has a value."""
    for _ in range(10_000):
        if served.metric(line) == value:
            return
    raise AssertionError(f"{line} never became {value}")


def refuse_new(served: Served) -> None:
    """Wait until new connections are refused."""
    for _ in range(100_000):
        try:
            served.connect().close()
        except ConnectionResetError:
            continue  # it was closed while this connection waited
        except ConnectionRefusedError:
            return
    raise AssertionError("new connections are still taken")
