"""The model card: what it says, and that no name in it can act as markup."""

from __future__ import annotations

import re

from overtone.bundle import Manifest
from overtone.experiment import card
from overtone.labels import Labels

EVIL = "<script>alert(1)</script>|[x](javascript:1)|**b**\n\n# heading `code` _i_ \\"


def test_the_card_says_what_the_model_is_and_how_good() -> None:
    text = card.write(manifest(Labels.of("joy", "severe_toxic"), encoder="minilm"))
    assert text.startswith("# sample by spanemo\n")
    assert "| 92 | 0.111 | 0.222 | 0.333 | 0.444 | 0.555 | 0.666 |" in text
    assert "| joy | 0.100 | 0.200 | 0.300 | 7 |" in text
    assert "3 epochs of 12 s" in text
    assert "2 labels" in text


def test_names_cannot_break_out_of_the_card() -> None:
    text = card.write(manifest(Labels((EVIL, "joy"), ("a", "b")), encoder=EVIL))
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[x", text)
    assert not re.search(r"(?<!\\)\*\*b", text)
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# sample by spanemo",
        "## Scores on dev",
        "## Cost of training",
        "## Terms",
    ]


def test_every_row_has_as_many_cells_as_its_table() -> None:
    text = card.write(manifest(Labels((EVIL, "a|b", "joy"), ("a", "b", "c")), encoder=EVIL))
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_card_says_what_a_model_was_trained_to_be_asked() -> None:
    found = manifest(Labels.of("joy"), encoder="minilm")
    assert "labels=[...]" not in card.write(found)
    found.config["training"] = {"random_labels": 5}
    assert 'overtone.load("this folder", labels=[...])' in card.write(found)


def manifest(labels: Labels, encoder: str) -> Manifest:
    label = {"precision": 0.1, "recall": 0.2, "f1": 0.3, "support": 7}
    return Manifest(
        labels=labels,
        config={
            "data": {"name": "sample"},
            "model": {"name": "spanemo", "encoder": encoder},
            "text": {"name": "tweet"},
            "loss": {"name": "joint"},
        },
        architecture={},
        limit=128,
        calibration={"name": "none"},
        fitted_on={},
        decision={"name": "threshold"},
        metrics={
            "dev": {
                "n": 92, "f1_micro": 0.111, "f1_macro": 0.222, "jaccard": 0.333,
                "jaccard_zero": 0.444, "exact_match": 0.555, "hamming_loss": 0.666,
                "per_label": dict.fromkeys(labels.names, label),
            },
            "cost": {
                "epochs": 3, "seconds_per_epoch": 12.0, "texts_per_second": 50.0,
                "peak_memory_mb": 700.0,
            },
        },
        overtone="0.1.0",
    )  # fmt: skip
