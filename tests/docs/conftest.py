"""A folder with what the guides speak of: small models trained on the sample, and small tables."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

import overtone
from overtone.data import sample

ROOT = Path(__file__).parents[2]
ENCODER_MODELS = ("first", "en", "baseline", "new", "reddit")


@pytest.fixture(scope="session")
def models(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs under the names that the guides give them."""
    runs = tmp_path_factory.mktemp("docs") / "runs"
    settings = ["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02"]
    tiny = overtone.train("sample", runs / "tiny", encoder=str(bert), settings=settings)
    for name in ENCODER_MODELS:
        (runs / name).symlink_to(tiny.path)
    for name, label in (("reviews", "happy"), ("toxicity", "toxic")):
        table = runs.parent / f"{name}.csv"
        write_reviews(table, label)
        overtone.train(str(table), runs / name, model="tfidf")
    return runs


@pytest.fixture
def workplace(models: Path, tmp_path: Path) -> Path:
    """A folder to run a page's commands in."""
    (tmp_path / "runs").mkdir()
    for model in models.iterdir():
        (tmp_path / "runs" / model.name).symlink_to(model)
    for name in ("reviews", "more-reviews", "dev", "test", "more"):
        write_reviews(tmp_path / f"{name}.csv", "happy")
    (tmp_path / "reviews").mkdir()
    for name in "ab":
        write_reviews(tmp_path / "reviews" / f"{name}.csv", "happy")
    (tmp_path / "data").mkdir()
    parquet.write_table(
        pa.table({"id": ["1", "2"], "text": ["a good one", "no good"]}),
        tmp_path / "data" / "a.parquet",
    )
    packed = zstandard.compress(b"id,text\n1,a good one\n")
    (tmp_path / "more.csv.zst").write_bytes(packed)
    for name in ("mine", "few"):
        write_sample(tmp_path / f"{name}.csv")
    return tmp_path


def write_reviews(path: Path, label: str) -> None:
    """Write a table with a label, and columns to group by."""
    texts = ("a good one", "a bad one", "good, all in all", "no good at all")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", label, "product", "country", "author", "when"])
        for n in range(60):
            row = [f"{texts[n % 4]}, {path.stem} {n}", (n + 1) % 2, "xyz"[n % 3], "ab"[n % 2]]
            writer.writerow([*row, f"author {n % 5}", f"2026-0{n % 3 + 1}-01"])


def write_sample(path: Path) -> None:
    """Write the sample's dev split as a table of one's own."""
    source = sample.FOLDER / "sample-dev.tsv"
    rows = csv.reader(source.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=3)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(["text" if cell == "Text" else cell for cell in row[1:]]
                                   for row in rows)  # fmt: skip


@pytest.fixture
def data_dir() -> Path:
    """The official data; what asks for them is not run without."""
    given = Path(os.environ.get("OVERTONE_DATA_DIR", str(ROOT.parent / "shared" / "data")))
    if not (given / "semeval2018").is_dir():
        pytest.skip("NOT RUN: the SemEval-2018 files are not here (set OVERTONE_DATA_DIR)")
    return given
