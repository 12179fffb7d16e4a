"""Word statistics for ekphrasis, a few words of them, in a home folder of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

COUNTS = {
    "counts_1grams.txt": "good\t900\nmorning\t500\nso\t800\nhappy\t700\nday\t600\nthe\t2000\n",
    "counts_2grams.txt": "good\tmorning\t400\nso\thappy\t300\nhappy\tday\t200\n",
}


def write_statistics(home: Path, corpus: str = "twitter_2018") -> Path:
    """Write the statistics of a corpus as ekphrasis looks for them, and return their folder."""
    folder = home / ".ekphrasis" / "stats" / corpus
    folder.mkdir(parents=True)
    for name, content in COUNTS.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder with statistics, for every test of cleaners."""
    folder = tmp_path_factory.mktemp("home")
    write_statistics(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        yield folder
