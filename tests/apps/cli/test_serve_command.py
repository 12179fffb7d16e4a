"""`overtone serve` in processes of its own: start, workers, signals."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

Cli = Callable[..., Any]

SECONDS = 300
"""No wait is longer; none takes so long."""


class Server:
    """A server's process, its log read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        found = self.wait_for(r"listening on (http://\S+),")
        self.client = httpx2.Client(base_url=found.group(1), timeout=SECONDS)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._new.put(line)
        self._new.put("")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the log."""
        while True:
            line = self._new.get(timeout=SECONDS)
            assert line, "".join(self.lines)
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def predict(self, text: str = "joy") -> int:
        return self.client.post("/v1/predict", json={"text": text}).status_code

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


Start = Callable[..., Server]


@contextmanager
def serving(run: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "overtone", "serve", str(run), "--port", "0", *options]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        found = Server(process)
        with found.client:
            yield found
    finally:
        for left in (
            [*psutil.Process(process.pid).children(recursive=True)] if alive(process) else []
        ):
            left.kill()
        process.kill()
        process.wait(SECONDS)
        assert process.stderr is not None
        process.stderr.close()


def alive(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None


@pytest.fixture
def start(run: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(serving(run, *options))


def test_a_wrong_model_is_named(cli: Cli, run: Path) -> None:
    found = cli("serve", run.parent / "rnu")
    found.assert_failed(2)
    assert str(run) in found.err


def test_a_port_that_is_taken_is_named(cli: Cli, run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = cli("serve", run, "--port", taken.getsockname()[1])
    found.assert_failed(2)
    assert "--port" in found.err


@pytest.mark.parametrize("setting", ["server.texts=0", "server.nothing=1", "loss.alpha=1"])
def test_a_wrong_limit_is_named(cli: Cli, run: Path, setting: str) -> None:
    found = cli("serve", run, "--set", setting)
    found.assert_failed(2)
    assert setting.partition("=")[0].split(".")[0] in found.err


def test_a_key_file_without_keys_is_named(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    cli("serve", run, "--api-key-file", tmp_path / "keys").assert_failed(2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(start: Start, number: int) -> None:
    server = start("--set", "server.texts=3")
    assert server.predict() == 200
    assert server.client.get("/v1/model").json()["limits"]["texts"] == 3
    assert server.end(number) == 0
    server.wait_for("note: stopped")
    assert not [line for line in server.lines if "Traceback" in line or "error" in line]


def test_keys_of_the_environment_are_asked_for_and_not_shown(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a-key-of-this-very-test"
    monkeypatch.setenv("OVERTONE_API_KEYS", key)
    server = start("--host", "0.0.0.0")  # noqa: S104 - with a key
    server.client.base_url = f"http://127.0.0.1:{server.client.base_url.port}"
    assert server.predict() == 401
    server.client.headers["authorization"] = f"Bearer {key}"
    assert server.predict() == 200
    assert server.end() == 0
    server.wait_for("note: stopped")
    assert key not in "".join(server.lines)
    assert "warning" not in "".join(server.lines)


@pytest.mark.slow
def test_workers_ask_for_the_same_labels(start: Start) -> None:
    server = start("--workers", "2", "--labels", "zeal, the bus is late")
    for _ in range(2):
        server.wait_for("ready: ")
    assert "was not trained to read labels" in "".join(server.lines)
    url = str(server.client.base_url)
    for _ in range(8):  # connections of their own, so that both workers get some
        found = httpx2.get(f"{url}/v1/model", timeout=SECONDS).json()
        assert found["labels"] == found["unseen"] == ["zeal", "the bus is late"]
    assert server.end() == 0


@pytest.mark.slow
def test_workers_share_the_load_and_their_metrics_add_up(start: Start) -> None:
    server = start("--workers", "2")
    for _ in range(2):
        server.wait_for("ready: ")
    with ThreadPoolExecutor(20) as pool:
        # Connections of their own, so that both workers get some.
        asked = [pool.submit(once, str(server.client.base_url)) for _ in range(200)]
        assert {one.result() for one in asked} == {200}
    line = 'overtone_requests_total{route="/v1/predict",status="200"} 200.0'
    for _ in range(6):  # whichever worker answers
        text = httpx2.get(f"{server.client.base_url}/metrics", timeout=SECONDS).text
        assert line in text
        assert "overtone_batch_texts_sum 200.0" in text
        assert 'overtone_queue{unit="texts"} 0.0' in text
    busy = [child for child in workers(server) if child.cpu_times().user > 0]
    assert len(busy) == 2
    folder = Path(environment(server)["PROMETHEUS_MULTIPROC_DIR"])
    assert folder.is_dir()
    assert server.end() == 0
    assert not folder.exists()


@pytest.mark.slow
def test_a_worker_that_is_killed_under_load_is_replaced(start: Start) -> None:
    server = start("--workers", "2")
    for _ in range(2):
        server.wait_for("ready: ")
    url = str(server.client.base_url)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(once, url) for _ in range(400)]
        first = workers(server)[0]
        first.kill()
        found = [one.result() for one in asked]
    # What the dead one had taken is lost with its connections; all others were answered.
    assert set(found) <= {200, 0}
    assert found.count(200) >= 300
    assert f"worker {first.pid} died" in server.wait_for("warning: (.*)").group(1)
    server.wait_for("ready: ")
    assert len(workers(server)) == 2
    assert {once(url) for _ in range(20)} == {200}
    text = httpx2.get(f"{url}/metrics", timeout=SECONDS).text
    assert 'overtone_queue{unit="texts"} 0.0' in text
    assert server.end() == 0


@pytest.mark.slow
def test_workers_leave_with_a_supervisor_that_is_killed(start: Start) -> None:
    server = start("--workers", "2")
    for _ in range(2):
        server.wait_for("ready: ")
    left = workers(server)
    server.process.kill()
    gone, still = psutil.wait_procs(left, timeout=60)
    for process in still:
        process.kill()
    assert (len(gone), still) == (2, [])


@pytest.mark.slow
def test_two_hundred_clients_at_a_time_are_all_answered(start: Start) -> None:
    server = start()
    server.wait_for("ready: ")
    together = threading.Barrier(200)

    def client() -> set[int]:
        with httpx2.Client(base_url=server.client.base_url, timeout=SECONDS) as own:
            together.wait(SECONDS)
            return {own.post("/v1/predict", json={"text": "joy"}).status_code for _ in range(5)}

    with ThreadPoolExecutor(200) as pool:
        found = [one.result() for one in [pool.submit(client) for _ in range(200)]]
    assert found == [{200}] * 200
    assert server.end() == 0


def once(url: str) -> int:
    """Ask on a connection of its own; 0 where it broke."""
    try:
        return httpx2.post(f"{url}/v1/predict", json={"text": "joy"}, timeout=SECONDS).status_code
    except httpx2.TransportError:
        return 0


def workers(server: Server) -> list[psutil.Process]:
    """Return the processes that answer, and not multiprocessing's own."""
    children = psutil.Process(server.process.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def environment(server: Server) -> dict[str, str]:
    found: dict[str, str] = workers(server)[0].environ()
    return found
