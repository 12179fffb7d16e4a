"""The methods: what they must sum to, what they must see, and where they can't be used."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import overtone
from overtone.config import plugin_names
from overtone.errors import ConfigError, InputError
from overtone.inference.predictor import Predictor
from overtone.insight import attribution
from overtone.insight.alignment import align
from overtone.insight.attribution import BEST, LOOK_INSIDE
from overtone.insight.attribution._inside import Inside

TEXT = "I am SO happy today!!! and my friends are here 😍 #great_news"
LONG = "what a terrible day this bus is late again tomorrow we will see the sea " * 3
PACKAGE = attribution.__name__


def test_the_order_of_methods_names_every_one() -> None:
    assert sorted(BEST) == plugin_names(PACKAGE)
    assert set(LOOK_INSIDE) < set(BEST)


@pytest.mark.parametrize("method", BEST)
@pytest.mark.parametrize("text", [TEXT, LONG])
def test_every_method_has_a_push_for_each_word_and_label(
    spanemo: Predictor, linear: Predictor, method: str, text: str
) -> None:
    for predictor in (spanemo, linear):
        aligned = align(text, predictor.clean)
        found = attribution.load(method, {}, predictor)(predictor, aligned, [4, 0])
        assert found.shape == (len(aligned.units), 2)
        assert np.isfinite(found).all()
        assert np.abs(found).sum() > 0
        again = attribution.load(method, {}, predictor)(predictor, aligned, [0])
        np.testing.assert_allclose(again[:, 0], found[:, 1], rtol=1e-4, atol=1e-6)


def test_left_out_words_are_the_difference_that_the_model_makes(spanemo: Predictor) -> None:
    aligned = align("so happy today", spanemo.clean)
    found = attribution.load("leave_one_out", {}, spanemo)(spanemo, aligned, range(11))
    whole, *others = spanemo.logits(["so happy today", "  happy today", "so   today", "so happy  "])
    np.testing.assert_allclose(found, whole - np.stack(others), atol=1e-4)


def test_gradients_sum_to_the_logit_less_the_baseline_s(spanemo: Predictor) -> None:
    aligned = align("so happy today", spanemo.clean)
    found = attribution.load("integrated_gradients", {"steps": 64}, spanemo)(
        spanemo, aligned, range(11)
    )
    inside = Inside.look(spanemo, aligned)
    pad = spanemo.inputs.tokenizer.token_to_id("[PAD]")  # type: ignore[attr-defined]
    arrays = dict(inside.arrays)
    arrays["input_ids"] = arrays["input_ids"].masked_fill(inside.is_text, pad)
    with torch.no_grad():
        empty = inside.network(**arrays)[0].numpy()
    whole = spanemo.logits(["so happy today"])[0]
    # All tokens are of words here, so nothing is left over.
    np.testing.assert_allclose(found.sum(axis=0), whole - empty, atol=2e-3)


def test_gradients_are_captum_s(spanemo: Predictor) -> None:
    captum = pytest.importorskip("captum.attr", reason="NOT RUN: captum is not installed")
    aligned = align(TEXT, spanemo.clean)
    options = {"steps": 20, "baseline": "pad"}
    found = attribution.load("integrated_gradients", options, spanemo)(spanemo, aligned, [4])
    inside = Inside.look(spanemo, aligned)
    ids = inside.arrays["input_ids"]
    pad = spanemo.inputs.tokenizer.token_to_id("[PAD]")  # type: ignore[attr-defined]

    def logit(ids: torch.Tensor) -> torch.Tensor:
        arrays = {
            name: array if name == "label_pool" else array.expand(len(ids), -1)
            for name, array in inside.arrays.items()
        }
        logits: torch.Tensor = inside.network(**{**arrays, "input_ids": ids})
        return logits[:, 4]

    theirs = captum.LayerIntegratedGradients(logit, inside.network.word_embeddings()).attribute(
        ids, baselines=ids.masked_fill(inside.is_text, pad), n_steps=20, method="gausslegendre"
    )
    expected = inside.summed(theirs.detach().sum(dim=-1))
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-3, atol=1e-5)


def test_attention_is_shared_out_among_words(spanemo: Predictor) -> None:
    aligned = align(TEXT, spanemo.clean)
    for layers in ("last", "all"):
        method = attribution.load("attention", {"layers": layers}, spanemo)
        found = method(spanemo, aligned, range(11))
        assert (found >= 0).all()
        assert (found.sum(axis=0) < 1).all()  # the labels and special tokens have the rest


def test_looking_inside_changes_no_answer(spanemo: Predictor) -> None:
    before = spanemo.logits([TEXT, LONG])
    aligned = align(TEXT, spanemo.clean)
    for method in LOOK_INSIDE:
        attribution.load(method, {}, spanemo)(spanemo, aligned, [0])
    np.testing.assert_array_equal(spanemo.logits([TEXT, LONG]), before)
    network = spanemo.network
    assert isinstance(network, torch.nn.Module)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_another_thread_predicts_undisturbed(spanemo: Predictor) -> None:
    expected = spanemo.logits([TEXT])
    aligned = align(TEXT, spanemo.clean)
    stop, wrong = threading.Event(), []

    def predict() -> None:
        while not stop.is_set():
            if not np.allclose(spanemo.logits([TEXT]), expected, atol=1e-5):
                wrong.append(True)

    other = threading.Thread(target=predict)
    other.start()
    try:
        for method in LOOK_INSIDE * 4:
            attribution.load(method, {}, spanemo)(spanemo, aligned, [0])
    finally:
        stop.set()
        other.join(120)
    assert not wrong


@pytest.mark.parametrize("method", LOOK_INSIDE)
def test_methods_that_look_inside_refuse_what_has_no_inside(
    bag: Predictor, exported: Predictor, method: str
) -> None:
    for predictor in (bag, exported):
        with pytest.raises(InputError, match="use leave_one_out"):
            attribution.load(method, {}, predictor)


def test_wrong_names_and_options_say_what_there_is(spanemo: Predictor) -> None:
    with pytest.raises(InputError, match=r"overtone\.insight\.attribution .*leave_one_out"):
        attribution.load("lime", {}, spanemo)
    with pytest.raises(ConfigError, match="steps"):
        attribution.load("integrated_gradients", {"steps": 0}, spanemo)


def test_the_best_method_is_one_that_works(
    spanemo: Predictor, bag: Predictor, exported: Predictor
) -> None:
    assert attribution.best(spanemo) == BEST[0]
    assert attribution.best(bag) == attribution.best(exported) == "leave_one_out"


def test_every_encoder_can_be_looked_into(encoder: Path, tmp_path: Path) -> None:
    settings = ["training.epochs=1", "training.device=cpu"]
    run = overtone.train("sample", tmp_path / "run", encoder=str(encoder), settings=settings)
    predictor = overtone.load(run.path, device="cpu")
    aligned = align(TEXT, predictor.clean)
    found = attribution.load("integrated_gradients", {"steps": 4}, predictor)(
        predictor, aligned, [0]
    )
    assert np.abs(found).sum() > 0
    attend = attribution.load("attention", {}, predictor)
    if encoder.name.startswith("deberta"):  # whose attention is its own
        with pytest.raises(InputError, match="can't be watched"):
            attend(predictor, aligned, [0])
    else:
        assert attend(predictor, aligned, [0]).sum() > 0
