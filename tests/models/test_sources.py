"""Where an encoder's name leads, with a hub of our own: downloads, the cache, a hub that fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from overtone.errors import InputError
from overtone.models import _sources, encoders

COMMIT = "0123456789abcdef0123456789abcdef01234567"

LOAD = """
import sys
from overtone.errors import InputError
from overtone.models import encoders
for line in sys.stdin:
    try:
        found = encoders.load(line.strip(), {})
        print("loaded", found.limit, flush=True)
    except InputError as error:
        print("refused", error, flush=True)
"""


class Hub(ThreadingHTTPServer):
    """A Hugging Face hub with one model, `someone/tiny`, that can be told to hang up."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.hangs_up = False
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.hangs_up:
            self.close_connection = True
            return
        parts = self.path.partition("?")[0].split("/")[1:]
        if parts[:4] == ["api", "models", "someone", "tiny"] and "tree" not in parts:
            info = {"id": "someone/tiny", "sha": COMMIT, "siblings": [], "private": False}
            self.answer(200, json.dumps(info).encode())
        elif (
            parts[:3] == ["someone", "tiny", "resolve"]
            and (file := self.server.folder / parts[-1]).is_file()
        ):
            self.answer(200, file.read_bytes())
        else:
            known = "someone/tiny" in self.path
            self.answer(404, b"{}", "EntryNotFound" if known else "RepoNotFound")

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def answer(self, status: int, content: bytes, error: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", f'"{len(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(roberta: Path) -> Iterator[Hub]:
    with Hub(roberta) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def loader(hub: Hub, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that may ask the hub; it loads an encoder for each line."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    settings = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        [sys.executable, "-c", LOAD],
        env={**ours, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        watch = threading.Timer(120, process.kill)
        watch.start()
        yield process
        watch.cancel()
        process.kill()


def test_an_encoder_is_downloaded_once_and_then_found_without_the_hub(
    hub: Hub, loader: subprocess.Popen[str]
) -> None:
    assert ask(loader, "someone/tiny") == "loaded 128"
    assert any(path.endswith("model.safetensors") for path in hub.asked)
    assert ask(loader, "someone/misspelt").startswith("refused expected an encoder with safe")

    hub.hangs_up = True
    hub.asked.clear()
    assert ask(loader, "someone/tiny") == "loaded 128"
    refusal = ask(loader, "someone/other")
    assert "'someone/other'" in refusal
    assert "no way to the Hugging Face hub" in refusal
    # One question each: the hub's own client would go on for half a minute.
    assert len(hub.asked) == 2


def test_without_the_hub_an_unknown_name_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="HF_HUB_OFFLINE") as caught:
        _sources.find("overtone-tests/no-such-encoder")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b/c", "../up", "with space", "x" * 200, "a\0b", "/"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected an encoder"):
        encoders.load(name, {})


def test_a_file_is_not_a_folder(bert: Path) -> None:
    with pytest.raises(InputError, match="give the folder"):
        _sources.find(str(bert / "model.safetensors"))


def ask(loader: subprocess.Popen[str], name: str) -> str:
    assert loader.stdin is not None
    assert loader.stdout is not None
    loader.stdin.write(f"{name}\n")
    loader.stdin.flush()
    return loader.stdout.readline().strip()
