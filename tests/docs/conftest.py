"""A folder with what the guides speak of: small models trained on the sample, and small tables."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet
from tests.docs import stand_in
from tests.text.conftest import COUNTS
from transformers import AutoConfig, AutoModel, AutoTokenizer

import overtone
from overtone import data
from overtone.data import sample

ENCODER_MODELS = {
    "sample": ("first", "baseline", "new"),
    "semeval2018-en": ("en", "mine"),
    "goemotions": ("reddit",),
}
"""What each of them was trained on."""
TABLES_OF_REVIEWS = ("reviews", "more-reviews", "dev", "test", "more", "texts")
TABLES_OF_EMOTIONS = ("mine", "few", "mine-de")
RECIPE = """
[model]
encoder = "minilm"
"""
"""A recipe of one's own."""


@pytest.fixture(scope="session")
def tiny(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny BERT with minilm's number of layers, and word pieces of the sample and of labels.

    So the pages can leave some of both out, and 28 labels leave room for a text.
    """
    folder = tmp_path_factory.mktemp("encoder")
    texts = [*data.load("sample", "train").texts, *stand_in.goemotions_names() * 2]
    tokenizer = AutoTokenizer.from_pretrained(bert).train_new_from_iterator(texts, 1000)
    tokenizer.save_pretrained(folder)
    config = AutoConfig.from_pretrained(
        bert, num_hidden_layers=6, vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id
    )
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The datasets' files."""
    folder = tmp_path_factory.mktemp("data")
    stand_in.write(folder)
    return folder


@pytest.fixture(scope="session")
def models(tiny: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs under the names that the guides give them."""
    runs = tmp_path_factory.mktemp("docs") / "runs"
    settings = ["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02"]
    for dataset, (name, *others) in ENCODER_MODELS.items():
        overtone.train(
            dataset, runs / name, data_dir=data_dir, encoder=str(tiny), settings=settings
        )
        for other in others:
            (runs / other).symlink_to(runs / name)
    for name, label in (("reviews", "happy"), ("toxicity", "toxic")):
        table = runs.parent / f"{name}.csv"
        write_reviews(table, label)
        overtone.train(str(table), runs / name, model="tfidf")
    return runs


@pytest.fixture
def workplace(
    models: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder to run a page's code in, the current one, with a home of its own."""
    for kind, folder in (("runs", models), ("data", data_dir)):
        (tmp_path / kind).mkdir()
        for each in folder.iterdir():
            (tmp_path / kind / each.name).symlink_to(each)
    for name in TABLES_OF_REVIEWS:
        write_reviews(tmp_path / f"{name}.csv", "happy")
    for many in ("reviews", "day"):
        (tmp_path / many).mkdir()
        for name in "ab":
            write_reviews(tmp_path / many / f"{name}.csv", "happy", ["id"])
    parquet.write_table(
        pa.table({"id": ["1", "2"], "text": ["a good one", "no good"]}),
        tmp_path / "data" / "a.parquet",
    )
    packed = zstandard.compress(b"id,text\n1,a good one\n")
    (tmp_path / "more.csv.zst").write_bytes(packed)
    for name in TABLES_OF_EMOTIONS:
        write_sample(tmp_path / f"{name}.csv", "text")
    write_sample(tmp_path / "more-tweets.csv", "tweet")
    (tmp_path / "texts.txt").write_text("what a day\nso sad\n", encoding="utf-8")
    (tmp_path / "new.toml").write_text(RECIPE, encoding="utf-8")
    statistics = tmp_path / "home" / ".ekphrasis" / "stats" / "twitter_2018"
    statistics.mkdir(parents=True)
    for name, counts in COUNTS.items():
        (statistics / name).write_text(counts, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # Plots' fonts are looked for once, not anew in each home.
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OVERTONE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def write_reviews(path: Path, label: str, more: Sequence[str] = ()) -> None:
    """Write a table with a label, columns to group by, and more that number the rows."""
    texts = ("a good one", "a bad one", "good, all in all", "no good at all")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", label, "product", "country", "author", "when", *more])
        for n in range(60):
            row = [f"{texts[n % 4]}, {path.stem} {n}", (n + 1) % 2, "xyz"[n % 3], "ab"[n % 2]]
            writer.writerow([*row, f"author {n % 5}", f"2026-0{n % 3 + 1}-01", *[n for _ in more]])


def write_sample(path: Path, text_column: str) -> None:
    """Write the sample's dev split as a table of one's own."""
    source = sample.FOLDER / "sample-dev.tsv"
    rows = csv.reader(source.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=3)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [text_column if cell == "Text" else cell for cell in row[1:]] for row in rows
        )
