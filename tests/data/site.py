"""A web site on this machine, what fetches from it, and what it serves."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from overtone.data import sample
from overtone.data._sources import Source
from overtone.data.fetch import fetch
from overtone.errors import DataError

GOOD = b"id\ttext\n1\tmade up for this test\n"
OTHER = b"id\ttext\n1\tsomething else\n"


class Site:
    """What a web site answers, path by path, and which paths were asked for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.codes: dict[str, list[int]] = {}
        """Answers before the file comes."""
        self.cut: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.over = threading.Event()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.removeprefix("/")
        self.asked.append(name)
        if name in self.silent:
            self.over.wait(timeout=30)
            return
        codes = self.codes.get(name, [])
        code = codes.pop(0) if codes else 200 if name in self.files else 404
        content = self.files.get(name, b"") if code == 200 else b"sorry"
        request.send_response(code)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: len(content) // 2] if name in self.cut else content)

    def source(self, name: str, files: dict[str, str | None], limit: int = 10_000) -> Source:
        return Source(url=f"{self.address}/{name}", files=files, limit=limit)


class Getter:
    """Fetches made-up sources as those of the dataset `sample`, into a folder of its own."""

    def __init__(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data_dir = data_dir
        self.monkeypatch = monkeypatch

    def __call__(self, *found: Source, force: bool = False, mirror: str | None = None) -> str:
        """Return, for each file, n for new or k for kept, capital if verified."""
        self.monkeypatch.setattr(sample, "SOURCES", found)
        words = {(True, True): "N", (True, False): "n", (False, True): "K", (False, False): "k"}
        fetched = list(fetch("sample", self.data_dir, force=force, mirror=mirror))
        assert all(one.path.is_file() and one.path.is_absolute() for one in fetched)
        return "".join(words[one.is_new, one.verified] for one in fetched)

    @property
    def files(self) -> dict[str, bytes]:
        """What is in the dataset's folder, hidden files too."""
        found = {path.name: path for path in (self.data_dir / "sample").iterdir()}
        return {name: path.read_bytes() for name, path in found.items() if name != "hashes.json"}

    @property
    def record(self) -> dict[str, str]:
        path = self.data_dir / "sample" / "hashes.json"
        return {name: of["sha256"] for name, of in json.loads(path.read_text()).items()}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for member, content in members:
            opened.writestr(member, content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


# --- what is wrong leaves nothing -----------------------------------------------------------------


def refused(get: Getter, source: Source, *needles: str) -> None:
    """Check that fetching fails with one line that says where the file is and where it belongs."""
    with pytest.raises(DataError) as caught:
        get(source)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for needle in (source.url, str(get.data_dir / "sample"), *source.files, *needles):
        assert needle in message
    # Neither the dataset's folder nor those above it, which were made for it.
    assert not get.data_dir.parent.exists()
