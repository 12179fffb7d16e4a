"""Datasets that may not be passed on, or are too large: their formats, with the sample's texts.

Each has a third of the sample's train texts, so that one may lend its texts to another.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from overtone import data, shipped
from overtone.data import jigsaw

SPLITS = ("train", "dev", "test")
DATASETS = ("semeval2018", "goemotions", "jigsaw")


def write(folder: Path) -> None:
    """Write the datasets' files into a folder for `--data-dir`."""
    for write_one in (_semeval2018, _goemotions, _jigsaw):
        part = folder / write_one.__name__.removeprefix("_")
        part.mkdir(parents=True)
        write_one(part)


def goemotions_names() -> list[str]:
    """Return the labels' names, in their order."""
    manifest = (shipped.HERE / "goemotions-28" / "bundle.json").read_text(encoding="utf-8")
    names: list[str] = json.loads(manifest)["labels"]["names"]
    return names


def _semeval2018(folder: Path) -> None:
    """Write three languages; the texts are English, and the labels the sample's own."""
    names = data.load("sample", "train").labels.names
    for split in SPLITS:
        rows = [["ID", "Tweet", *names]]
        rows += [[key, text, *_cells(names, on)] for key, text, on in _rows("semeval2018", split)]
        for language in ("En", "Es", "Ar"):
            ending = "test-gold" if split == "test" else split
            _write_tabs(folder / f"2018-E-c-{language}-{ending}.txt", rows)


def _goemotions(folder: Path) -> None:
    """Write 28 labels, of which the sample has eight; texts without any of those are neutral."""
    names = goemotions_names()
    (folder / "emotions.txt").write_text("\n".join(names), encoding="utf-8")
    for split in SPLITS:
        rows = []
        for key, text, on in _rows("goemotions", split):
            numbers = [str(names.index(name)) for name in on if name in names]
            rows.append([text, ",".join(numbers) or str(names.index("neutral")), key])
        _write_tabs(folder / f"{split}.tsv", rows)


def _jigsaw(folder: Path) -> None:
    """Write six labels: the sample's first six by other names."""
    names = data.load("sample", "train").labels.names[: len(jigsaw.NAMES)]
    with (folder / jigsaw.TRAIN).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "comment_text", *jigsaw.NAMES])
        writer.writerows(
            [key, text, *_cells(names, on)] for key, text, on in _rows("jigsaw", "train")
        )


def _rows(dataset: str, split: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the ids, texts and labels of the sample that a dataset has."""
    found = data.load("sample", split)
    if split == "train":
        found = found.part(np.arange(DATASETS.index(dataset), len(found), len(DATASETS)))
    for key, text, row in zip(found.ids, found.texts, data.truth(found), strict=True):
        yield key, text, [name for name, cell in zip(found.labels.names, row, strict=True) if cell]


def _cells(names: Iterable[str], on: list[str]) -> list[str]:
    """Return 1 for each name that is on, 0 for the others."""
    return [str(int(name in on)) for name in names]


def _write_tabs(path: Path, rows: Iterable[list[str]]) -> None:
    """Write rows with tabs between their cells."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
