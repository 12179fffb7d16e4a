"""Small corpora."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from overtone.config import find_plugin, parse
from overtone.data import Split
from overtone.insight.data_check import Finding
from overtone.insight.data_check.corpus import Corpus
from overtone.labels import Labels

Rows = Sequence[tuple[str, Sequence[float]]]
Find = Callable[..., list[Finding]]
NAMES = ("joy", "anger")


def corpus(splits: Mapping[str, Rows], names: Sequence[str] = NAMES) -> Corpus:
    """Return a corpus of texts and targets by split; ids are t0, t1 … in train, and so on."""
    return Corpus(
        tuple(
            Split(
                "small",
                name,
                tuple(f"{name[0]}{number}" for number in range(len(rows))),
                tuple(text for text, _ in rows),
                Labels.of(*names),
                np.asarray([row for _, row in rows], dtype=np.float32).reshape(-1, len(names)),
            )
            for name, rows in splits.items()
        )
    )


def of_texts(*texts: str) -> Corpus:
    """Return a train split of texts that all carry the first label."""
    return corpus({"train": [(text, (1, 0)) for text in texts]})


@pytest.fixture
def find() -> Find:
    """Return a function that looks for one kind."""

    def found(kind: str, where: Corpus, **options: object) -> list[Finding]:
        plugin = find_plugin("overtone.insight.data_check", kind)
        findings: list[Finding] = plugin.find(parse(plugin.Config, options, where=kind), where)
        return findings

    return found
