"""A sample: some hundred sentences written for overtone, to try things out without a download.

The sentences and labels are the project's own, made up by its authors in the scheme of SemEval-2018
E-c. It is a sample, not a benchmark: figures on it say that things work, not how well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from overtone.data import Split
from overtone.data._emotion_table import read_emotions
from overtone.data.semeval2018 import NAMES
from overtone.labels import Labels

VARIANTS: dict[str, dict[str, object]] = {}
SPLITS = ("train", "dev", "test")
SOURCES = ()  # it ships inside

FOLDER = Path(__file__).parent / "files"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The sample has no options."""


def load(config: Config, split: str, data_dir: Path) -> Split:
    """Read one split of the sample from the package."""
    path = find(config, split, data_dir)
    return read_emotions(path, Labels.of(*NAMES), "sample", split, "Text")


def find(config: Config, split: str, data_dir: Path) -> Path:  # noqa: ARG001 - it ships inside
    """Return the file that `load` reads."""
    return FOLDER / f"sample-{split}.tsv"
