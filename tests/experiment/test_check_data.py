"""Likely label errors by a cross-validation: labels that were turned round are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overtone import crossvalidate
from overtone.experiment.check_data import check_data

CUES = ("happy", "terrible")
FILLERS = "today and the bus sea joke soup late friends match".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A file whose labels follow from a word each, but for a few; and the lines of these."""
    folder = tmp_path_factory.mktemp("turned")
    rng = np.random.default_rng(5)
    lines, wrong = ["text,joy,anger"], set()
    for number in range(240):
        on = rng.random(2) < 0.5
        words = [*(cue for cue, is_on in zip(CUES, on, strict=True) if is_on)]
        words += rng.choice(FILLERS, 6).tolist()
        if number % 24 == 0:
            on[0] = not on[0]
            wrong.add(str(number + 2))
        lines.append(f"{' '.join(rng.permutation(words))} {number},{int(on[0])},{int(on[1])}")
    path = folder / "turned.csv"
    path.write_text("\n".join(lines) + "\n")
    return path, wrong


def test_turned_labels_are_found_out_of_fold(turned: tuple[Path, set[str]], tmp_path: Path) -> None:
    path, wrong = turned
    crossvalidate(str(path), tmp_path / "folds", folds=3, model="tfidf")
    heard: list[str] = []
    report = check_data(str(path), model=tmp_path / "folds", tell=heard.append)
    assert "Near-duplicates" in heard
    (kind,) = (kind for kind in report.found if kind.kind == "label_errors")
    found = {
        report.places(one)[0].id for one in kind.findings[: len(wrong)] if one.labels == ("joy",)
    }
    assert len(found & wrong) >= 0.8 * len(wrong)
    assert report.corpus.probabilities is not None
    assert not np.isnan(report.corpus.probabilities).any()  # the part that was dev, too
