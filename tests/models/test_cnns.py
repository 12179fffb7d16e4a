"""The two CNNs: the one that the report describes, and the one that it could have built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from overtone import models
from overtone.decision import threshold
from overtone.errors import InputError
from overtone.inputs.batches import sigmoid
from overtone.labels import Labels
from overtone.models.glove_cnn import GloveCnn
from overtone.models.paper_cnn import PaperCnn

LABELS = Labels.of("joy", "anger", "fear")


def paper(vectors: Path, length: int = 128, **options: object) -> PaperCnn:
    torch.manual_seed(0)
    given = {"vectors": str(vectors), "length": length, **options}
    made = models.create("paper_cnn", given, LABELS, ()).model
    assert isinstance(made, PaperCnn)
    return made.eval()


@pytest.mark.parametrize(
    ("length", "pools", "features"),
    [(128, [35, 3, 1, 1, 1], 128), (750, [35, 21, 1, 1, 1], 750), (35, [35, 1, 1, 1, 1], 35)],
)
def test_the_paper_s_blocks_keep_their_length_and_pools_shrink_to_fit(
    vectors: Path, length: int, pools: list[int], features: int
) -> None:
    model = paper(vectors, length)
    layers = list(model.blocks)
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv1d)]
    assert [c.out_channels for c in convolutions] == [length] * 5
    assert {c.kernel_size for c in convolutions} == {(5,)}
    assert [layer.kernel_size for layer in layers if isinstance(layer, nn.MaxPool1d)] == pools
    assert [layer.p for layer in layers if isinstance(layer, nn.Dropout)] == [0.2] * 5
    assert model.output.in_features == features


def test_the_sigmoid_of_the_paper_s_logits_is_a_softmax(vectors: Path) -> None:
    model = paper(vectors, 40)
    ids = torch.randint(0, 14, (6, 9), generator=torch.Generator().manual_seed(0))
    scores: list[torch.Tensor] = []
    model.output.register_forward_hook(lambda *given: scores.append(given[2].detach()))
    with torch.no_grad():
        probabilities = torch.sigmoid(model(ids))
    torch.testing.assert_close(probabilities, torch.softmax(scores[0], dim=1))
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(6))


def test_above_a_half_the_paper_s_model_says_one_label_at_most(vectors: Path) -> None:
    model = paper(vectors, 40)
    nn.init.normal_(model.output.bias, std=10)
    ids = np.random.default_rng(0).integers(0, 14, (50, 9))
    found = sigmoid(models.logits_of(model, {"input_ids": ids}))
    decided = threshold.Threshold(threshold.Config()).decide(found)
    assert decided.sum(axis=1).max() == 1


def test_extreme_scores_leave_the_paper_s_logits_finite(vectors: Path) -> None:
    model = paper(vectors, 40)
    model.output.bias.data = torch.tensor([1e4, -1e4, 0.0])
    found = model(torch.ones(2, 5, dtype=torch.long))
    assert torch.isfinite(found).all()
    found.sum().backward()
    assert torch.isfinite(model.output.bias.grad).all()  # type: ignore[arg-type]


def test_one_label_has_no_softmax(vectors: Path) -> None:
    with pytest.raises(InputError, match="paper_cnn needs two labels"):
        models.create("paper_cnn", {"vectors": str(vectors)}, Labels.of("joy"), ())


@pytest.mark.parametrize("name", ["paper_cnn", "glove_cnn"])
@pytest.mark.parametrize("trained", [True, False])
def test_word_vectors_are_the_file_s_and_trained_where_wanted(
    vectors: Path, name: str, *, trained: bool
) -> None:
    options = {"vectors": str(vectors), "train_embeddings": trained, "unknown": 3}
    model = models.create(name, options, LABELS, ()).model
    assert isinstance(model, GloveCnn | PaperCnn)
    line = vectors.read_text(encoding="utf-8").splitlines()[0]
    np.testing.assert_allclose(
        model.embedding.weight.detach()[4], [float(n) for n in line.split()[1:]], rtol=1e-6
    )
    model(torch.tensor([[4, 1, 0]])).square().sum().backward()
    gradient = model.embedding.weight.grad
    if not trained:
        assert gradient is None
        return
    assert gradient is not None
    assert (gradient[0] == 0).all()  # padding stays what it is
    assert gradient[1].any()


def test_kernels_wider_than_the_text_read_it_all_the_same(vectors: Path) -> None:
    options = {"vectors": str(vectors), "kernels": [2, 7], "filters": 4}
    model = models.create("glove_cnn", options, LABELS, ()).model
    one, other = (models.logits_of(model, {"input_ids": np.asarray([[word]])}) for word in (2, 3))
    assert not np.allclose(one, other)


def test_the_order_of_words_matters_to_a_cnn(vectors: Path) -> None:
    model = models.create("glove_cnn", {"vectors": str(vectors)}, LABELS, ()).model
    one, other = (
        models.logits_of(model, {"input_ids": np.asarray([words])})
        for words in ([2, 3, 4, 5], [5, 3, 4, 2])
    )
    assert not np.allclose(one, other)
