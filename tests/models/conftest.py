"""Word vectors in GloVe's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

VECTOR_WORDS = "happy terrible day today so and the bus sea joke soup late friends match".split()  # noqa: SIM905


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen words with eight numbers each."""
    rng = np.random.default_rng(0)
    lines = [
        " ".join([word, *(f"{value:.5f}" for value in rng.normal(size=8))]) for word in VECTOR_WORDS
    ]
    path = tmp_path_factory.mktemp("vectors") / "tiny.8d.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
