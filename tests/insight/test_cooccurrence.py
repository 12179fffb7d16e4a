"""Labels together in the truth and as said, and texts with mixed feelings."""

from __future__ import annotations

import numpy as np
from tests.insight.test_pairs import LABELS, case

from overtone.insight.cooccurrence import measure


def test_texts_in_which_labels_meet_that_rarely_do_come_first() -> None:
    values = case()
    truth = values.astype(np.float32)
    ids = [f"row {n}" for n in range(len(values))]
    found = measure(truth, values, ids, LABELS)
    assert found.mixed[0].id == "row 39"  # joy and anger
    assert {found.mixed[0].a, found.mixed[0].b} == {"joy", "anger"}
    assert found.mixed[0].together == 1
    assert all(one.lift < 1 for one in found.mixed)
    assert measure(truth, values, ids, LABELS, most=0).mixed == ()


def test_what_is_not_annotated_counts_nowhere() -> None:
    values = case()
    truth = values.astype(np.float32)
    truth[:50, 1] = np.nan
    found = measure(truth, values, [str(n) for n in range(100)], LABELS)
    assert found.first.pair("joy", "love").texts == 50
    assert found.first.pair("joy", "anger").texts == 100
    assert found.said.pair("joy", "love").together == 0
    assert "pmi" in str(found.to_json())


def test_texts_are_kept_only_where_they_are_asked_for_without_personal_data() -> None:
    values = case()
    truth = values.astype(np.float32)
    ids = [str(n) for n in range(len(values))]
    texts = [f"text {n} of ann@example.org {'and so on ' * 30}" for n in range(len(values))]
    first = measure(truth, values, ids, LABELS, texts=texts).mixed[0]
    assert first.text is not None
    assert first.text.startswith("text 39 of [e-mail] and so on")
    assert first.text.endswith("…")
    assert first.to_json()["text"] == first.text
    bare = measure(truth, values, ids, LABELS).mixed[0]
    assert bare.text is None
    assert "text" not in bare.to_json()
