"""Names for people in templates: sentences that read well, rates, gaps and their intervals."""

from __future__ import annotations

import re

import numpy as np
import pytest

from overtone.insight.identity import NEUTRAL, TERMS, TOXIC, measure, sentences


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
