"""The graphs compute what the models compute, for any batch; so do graphs of bytes, nearly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.config import find_plugin, plugin_names
from overtone.inference.export import fused, int8, traced
from overtone.inference.export.write import Target, graph
from overtone.inputs import Batch
from overtone.labels import Labels
from overtone.models import Model

LABELS = Labels.of("joy", "anger", "sadness")
OTHERS = Labels.of("trust", "fear")
TEXTS = (
    "we laughed", "what a terrible day , the bus is late again !", "so happy", "",
    "the soup is cold", "great news everyone our team won the match", "happy friends at the sea",
)  # fmt: skip
WRITTEN = ("bert", "roberta", "xlm-roberta", "electra", "distilbert")
"""Families of encoders whose graphs are written here."""


class Case(NamedTuple):
    """A model and its inputs."""

    model: Model
    inputs: inputs.Inputs

    def batch(self, texts: Sequence[str], labels: Labels = LABELS) -> Batch:
        return self.inputs.collate(self.inputs.encode(texts, labels), np.arange(len(texts)))

    def logits(self, batch: Batch) -> NDArray[np.float32]:
        return models.logits_of(self.model, batch)


def make(name: str, options: dict[str, object]) -> Case:
    torch.manual_seed(0)
    made = models.create(name, options, LABELS, TEXTS)
    with torch.no_grad():
        for parameter in made.model.parameters():  # so that attention and biases make a difference
            parameter.copy_(parameter * (5 if parameter.ndim > 1 else 1))
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    kind = inputs.load(
        find_plugin("overtone.models", name).INPUTS, {}, Tokenizer.from_str(made.tokenizer),
        made.limit,
    )  # fmt: skip
    return Case(made.model.eval(), kind)


def computed(model: onnx.ModelProto, batch: Batch) -> NDArray[np.float32]:
    if not any(node.domain for node in model.graph.node):  # ONNX knows its own operators only
        onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = {one.name: batch[one.name] for one in session.get_inputs()}
    return np.asarray(session.run(["logits"], given)[0], dtype=np.float32)


HEADS = [  # an encoder's graph is the same under each; some take half a minute to trace
    ("spanemo", {}),
    pytest.param(("cls_head", {"pool": "cls"}), marks=pytest.mark.slow),
    pytest.param(("cls_head", {}), marks=pytest.mark.slow),
]


@pytest.fixture(params=HEADS)
def case(request: pytest.FixtureRequest, encoder: Path) -> Case:
    name, options = request.param
    return make(name, {"encoder": str(encoder), **options})


def assert_same(found: onnx.ModelProto, case: Case) -> None:
    """Check batches that differ in size, length and padding from the example."""
    for texts in (TEXTS, TEXTS[1:2], TEXTS[3:5], (*TEXTS, "so " * 40)):
        batch = case.batch(texts)
        np.testing.assert_allclose(computed(found, batch), case.logits(batch), atol=2e-5, rtol=1e-5)


def test_a_graph_has_the_models_logits(case: Case) -> None:
    found = graph(case.model, [case.batch(TEXTS)], Target("onnx", "fp32"))
    encoder: Any = case.model.encoder
    assert fused.can_build(case.model) == (encoder.config.model_type in WRITTEN)
    assert_same(found, case)


def test_a_spanemo_graph_takes_any_labels(bert: Path) -> None:
    case = make("spanemo", {"encoder": str(bert)})
    batch = case.batch(TEXTS, OTHERS)
    found = computed(fused.build(case.model), batch)
    assert found.shape == (len(TEXTS), len(OTHERS))
    np.testing.assert_allclose(found, case.logits(batch), atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    [name for name in plugin_names("overtone.models") if name not in {"spanemo", "cls_head"}],
)
def test_families_without_an_encoder_are_traced(name: str, vectors: Path) -> None:
    config = find_plugin("overtone.models", name).Config
    known: dict[str, object] = {"vectors": str(vectors), "min_texts": 1}
    case = make(name, {key: known[key] for key in known if hasattr(config(), key)})
    assert not fused.can_build(case.model)
    found = traced.trace(case.model, case.batch(TEXTS))
    for texts in (TEXTS, TEXTS[1:2], TEXTS[4:6]):
        batch = case.batch(texts)
        np.testing.assert_allclose(computed(found, batch), case.logits(batch), atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("portable", [False, True])
def test_products_become_bytes_and_answers_stay_near(bert: Path, *, portable: bool) -> None:
    case = make("spanemo", {"encoder": str(bert)})
    batch = case.batch(TEXTS)
    whole = fused.build(case.model)
    small = int8.quantise(whole, [batch], portable=portable)
    kinds = [node.op_type for node in small.graph.node]
    wanted = "DequantizeLinear" if portable else "MatMulIntegerToFloat"
    assert int8.products(small) == []  # what is left in float is thin: scores, single channels
    assert kinds.count(wanted) >= len(int8.products(whole)) == 13
    assert len(small.SerializeToString()) < 0.7 * len(whole.SerializeToString())
    expected = case.logits(batch)
    apart = np.abs(computed(small, batch) - expected).max()
    assert 0 < apart < 0.1 * np.ptp(expected)


def test_products_that_are_kept_are_as_they_were(bert: Path) -> None:
    case = make("cls_head", {"encoder": str(bert)})
    batch = case.batch(TEXTS)
    whole = fused.build(case.model)
    same = int8.quantise(whole, [batch], keep=int8.products(whole))
    np.testing.assert_array_equal(computed(same, batch), computed(whole, batch))


def test_a_text_s_answer_in_bytes_does_not_depend_on_its_batch(bert: Path) -> None:
    case = make("spanemo", {"encoder": str(bert)})
    small = int8.quantise(fused.build(case.model), [case.batch(TEXTS)])
    together = computed(small, case.batch(TEXTS))
    for place, text in enumerate(TEXTS):
        np.testing.assert_allclose(
            computed(small, case.batch([text]))[0], together[place], atol=1e-5, rtol=0
        )


def test_half_precision_is_half_the_size_and_near(bert: Path) -> None:
    case = make("spanemo", {"encoder": str(bert)})
    batch = case.batch(TEXTS)
    half = graph(case.model, [batch], Target("onnx", "fp16"))
    whole = graph(case.model, [batch], Target("onnx", "fp32"))
    assert len(half.SerializeToString()) < 0.7 * len(whole.SerializeToString())
    expected = case.logits(batch)
    np.testing.assert_allclose(computed(half, batch), expected, atol=float(0.02 * np.ptp(expected)))
