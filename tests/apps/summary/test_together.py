"""Labels together in scored texts: the same as of the predictions themselves, in each format."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from tests.apps.summary.conftest import NAMES

import overtone
from overtone.apps.summary.together import cooccur_scored
from overtone.errors import InputError
from overtone.insight import cooccurrence
from overtone.labels import Labels


def texts_of(labelled: Path) -> list[str]:
    with labelled.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_it_is_what_the_predictions_say(scored: Path, labelled: Path, model: Path) -> None:
    texts = texts_of(labelled)
    said = [set(one.labels) for one in overtone.load(model).predict(texts)]
    on = np.array([[name in labels for name in NAMES] for labels in said])
    ids = [f"{labelled}, row {n}" for n in range(1, len(texts) + 1)]
    expected = cooccurrence.measure(on.astype(np.float32), on, ids, Labels.of(*NAMES), most=7)
    found = cooccur_scored(scored, most=7).cooccurrence
    assert found.n == len(texts)
    assert found.truth is None
    assert found.said == found.first == expected.said
    assert found.mixed == ()
    assert found.mixed_said == expected.mixed_said
    assert "truth" not in found.to_json()


def mixed_file(path: Path, columns: str = "key,text,labels,p_joy,p_fear,p_love") -> Path:
    """Write joy and fear, which hardly meet: in rows 12 and 30 of 40."""
    lines = [columns]
    for n in range(1, 41):
        labels = "joy fear" if n in {12, 30} else ("joy love", "fear")[n % 2]
        lines.append(f"k{41 - n},call 030-1234567 {n},{labels},0.5,0.5,0.5")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_texts_with_mixed_feelings_are_named_by_their_lines_or_ids(tmp_path: Path) -> None:
    path = mixed_file(tmp_path / "said.csv")
    lines = cooccur_scored(path).cooccurrence.mixed_said
    assert [(one.id, one.labels, one.together) for one in lines] == [
        ("line 13", ("joy", "fear"), 2), ("line 31", ("joy", "fear"), 2),
    ]  # fmt: skip
    assert all(one.text is None for one in lines)
    [first] = cooccur_scored(path, most=1, id_column="key").cooccurrence.mixed_said
    assert first.id == "k29"
    assert cooccur_scored(path, most=0).cooccurrence.mixed_said == ()


def test_texts_are_kept_only_where_they_are_asked_for(tmp_path: Path) -> None:
    path = mixed_file(tmp_path / "said.csv")
    first, _ = cooccur_scored(path, text_column="text").cooccurrence.mixed_said
    assert first.text == "call [phone] 12"


def test_what_predict_writes_as_json_will_do(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    rows = [
        {"text": f"t{n}", "labels": labels, "probabilities": {"joy": 0.5, "fear": 0.5}}
        for n, labels in enumerate([["joy"], ["fear"], ["joy"], ["joy", "fear"], []] * 8)
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    found = cooccur_scored(path).cooccurrence
    pair = found.said.pair("joy", "fear")
    assert (pair.texts, pair.with_a, pair.with_b, pair.together) == (40, 24, 16, 8)
    assert found.mixed_said[0].id == "line 4"


def test_what_can_t_be_read_is_refused(tmp_path: Path) -> None:
    path = mixed_file(tmp_path / "said.csv")
    with pytest.raises(InputError, match=r"expected the column 'id', found .*; score again with"):
        cooccur_scored(path, id_column="id")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match=r"empty.csv is empty \(0 bytes\)"):
        cooccur_scored(tmp_path / "empty.csv")
    (tmp_path / "head.csv").write_text("labels,p_joy\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected scored texts, found none"):
        cooccur_scored(tmp_path / "head.csv")
