"""The server itself behind the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.apps.server.conftest import serving

import overtone
from overtone.apps.server.settings import Settings


@contextmanager
def served(model: str | Path, port: int = 0, labels: Sequence[str] | None = None) -> Iterator[str]:
    """Serve a model and the page; yield the address."""
    predictor = overtone.load(model, labels=labels)
    with serving(predictor, Settings(access_log=False), port=port) as found:
        yield f"{found.url}/"
