"""Names for people in templates: sentences that read well, rates, gaps and their intervals."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest

from overtone.insight.identity import NEUTRAL, RESAMPLES, TERMS, TOXIC, measure, sentences


def test_every_term_stands_in_every_template_with_its_article() -> None:
    found = sentences(TERMS, NEUTRAL + TOXIC)
    assert len(set(found)) == len(TERMS) * len(NEUTRAL + TOXIC)
    assert not any("{" in sentence for sentence in found)
    assert "I met an Asian couple on the train yesterday." in found
    assert "I met a European couple on the train yesterday." in found
    assert "An elderly writer will read from her book tonight." in found
    wrong = re.compile(r"\ba (?!European)[aeio]\w+|\ban [^aeio\W]\w+", re.IGNORECASE)
    assert [sentence for sentence in found if wrong.search(sentence)] == []


def test_templates_have_one_place_each_and_neutral_ones_no_insult() -> None:
    assert all(template.count("{}") == 1 for template in NEUTRAL + TOXIC)
    insults = {"stupid", "idiot", "hate", "trash", "moron", "scum", "filthy", "loser"}
    assert not any(insults & set(re.findall(r"\w+", text.lower())) for text in NEUTRAL)


def test_a_term_that_sets_it_off_is_found_with_its_gap() -> None:
    neutral = np.zeros((4, 20), bool)
    neutral[2, :10] = True
    toxic = np.ones((4, 10), bool)
    toxic[3] = False
    found = measure("toxic", ["a", "b", "c", "d"], neutral, toxic, neutral.astype(np.float32))
    first = found.terms[0]
    assert (first.term, first.false_positive_rate, first.probability) == ("c", 0.5, 0.5)
    assert first.gap == pytest.approx(0.375)
    assert 0 < first.low < first.gap < first.high
    assert (found.false_positive_rate, found.largest_gap, found.hit_rate) == (0.125, 0.5, 0.75)
    assert {one.term: one.hit_rate for one in found.terms}["d"] == 0
    assert (found.templates, found.toxic_templates) == (20, 10)


def test_a_model_that_treats_all_alike_has_no_gap() -> None:
    neutral = np.tile(np.arange(20) % 2 == 0, (3, 1))
    found = measure("toxic", ["a", "b", "c"], neutral, neutral, neutral.astype(np.float32))
    assert found.largest_gap == 0
    assert all(one.low == one.gap == one.high == 0 for one in found.terms)


def test_intervals_are_those_of_draws_one_by_one_however_many_terms_there_are() -> None:
    rng = np.random.default_rng(1)
    neutral = rng.random((300, 20)) < 0.3
    names = [f"t{n:03}" for n in range(300)]
    found = {
        one.term: one
        for one in measure(
            "toxic", names, neutral, neutral[:, :10], neutral.astype(np.float32), seed=3
        ).terms
    }
    gaps = neutral - neutral.mean(axis=0)
    drawn = np.random.default_rng(3).integers(20, size=(RESAMPLES, 20))
    for row in (0, 255, 256, 299):
        low, high = np.quantile(gaps[row][drawn].mean(axis=1), [0.025, 0.975])
        assert found[names[row]].low == pytest.approx(low)
        assert found[names[row]].high == pytest.approx(high)


def test_memory_hardly_grows_with_terms() -> None:
    neutral = np.random.default_rng(0).random((10_000, 20)) < 0.1
    names = [str(n) for n in range(len(neutral))]
    tracemalloc.start()
    try:
        measure("toxic", names, neutral, neutral[:, :10], neutral.astype(np.float32))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A draw of each template of each term would be 3.2 GB.
    assert most < 60e6
