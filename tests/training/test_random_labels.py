"""Steps that ask for some labels: what is drawn, that it fits together, and that parts add up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

import overtone
from overtone import inputs, losses, models
from overtone.data import label_words
from overtone.errors import InputError
from overtone.inputs import Asks
from overtone.labels import Labels
from overtone.losses import Count
from overtone.training import checkpoint, optimizers, ranks
from overtone.training.config import Config
from overtone.training.memory import Room
from overtone.training.mixture import Mixture
from overtone.training.random_labels import RandomLabels
from overtone.training.result import Texts, TrainingSet
from overtone.training.step import Stepper

MOODS = Labels.of("joy", "anger", "fear", "sadness", "trust", "love")
OTHERS = Labels(("joy", "zeal", "calm"), ("alegría", "zeal", "calm"), "es")
SIZE = 12


@pytest.fixture
def made(bert: Path) -> models.Pretrained:
    torch.manual_seed(0)
    none = dict.fromkeys(("dropout", "encoder_dropout", "attention_dropout"), 0.0)
    return models.create("spanemo", {"encoder": str(bert), **none}, MOODS, ())


@pytest.fixture
def whole(made: models.Pretrained) -> Mixture:
    """Two sets of texts, whose truth says which label a column is of."""
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    parts = []
    for number, labels in enumerate((MOODS, OTHERS)):
        texts = [f"happy {'day ' * (n % 7)}" for n in range(SIZE)]
        targets = np.zeros((SIZE, len(labels)), dtype=np.float32)
        targets[np.arange(SIZE), np.arange(SIZE) % len(labels)] = 1
        ids = [f"{number}-{n}" for n in range(SIZE)]
        parts.append(TrainingSet(kind, kind.encode(texts, labels), targets, ids))
    return Mixture(parts, [1.0, 1.0])


def drawn(data: RandomLabels, epochs: int, size: int = 4) -> list[tuple[TrainingSet, Texts]]:
    """Return what some epochs' batches are asked."""
    found = []
    for epoch in range(epochs):
        rng = np.random.default_rng([7, epoch])
        found += [data.of(texts) for texts in data.plan(size, 1, rng)]
    return found


def test_what_is_asked_belongs_together(whole: Mixture) -> None:
    data = RandomLabels(whole, most=4)
    assert (len(data), data.ids) == (2 * SIZE, whole.ids)
    for asked, rows in drawn(data, epochs=10):
        labels = asked.encoded.labels
        full = MOODS if labels.language == "en" else OTHERS
        assert 1 <= len(labels) <= 4 or labels == full, "all by name where no word has room"
        columns = [full.names.index(name) for name in labels.names]
        part = whole.parts[0 if full is MOODS else 1]
        np.testing.assert_array_equal(asked.targets[rows], part.targets[rows][:, columns])
        batch = asked.inputs.collate(asked.encoded, rows)
        assert batch["label_pool"].shape[0] == len(labels)
        fresh = part.inputs.encode([""], labels)
        expected = part.inputs.collate(fresh, np.zeros(1, dtype=np.int64))
        width = expected["label_pool"].shape[1]
        np.testing.assert_array_equal(
            batch["input_ids"][0, :width], expected["input_ids"][0, :width]
        )
        np.testing.assert_array_equal(batch["label_pool"], expected["label_pool"])


def test_sets_orders_and_words_differ_and_follow_from_the_seed(whole: Mixture) -> None:
    data = RandomLabels(whole, most=4)
    found = [asked.encoded.labels for asked, _ in drawn(data, epochs=40)]
    assert {1, 2, 3, 4} <= {len(labels) for labels in found}
    assert len({labels.names for labels in found}) > 30
    joy = Counter(
        dict(zip(labels.names, labels.prompts, strict=True)).get("joy") for labels in found
    )
    others = joy.keys() - {None, "joy", "alegría"}
    assert 3 <= len(others & set(label_words.words()["joy"])) == len(others)
    assert joy["joy"] > 2 * max(joy[word] for word in others)
    again = [asked.encoded.labels for asked, _ in drawn(data, epochs=40)]
    assert again == found


def test_labels_that_a_batch_carries_are_asked_for_more_often(whole: Mixture) -> None:
    data = RandomLabels(whole, most=3)
    asked = [(part.targets[rows] > 0).any(axis=0) for part, rows in drawn(data, 60, size=1)]
    carried = np.concatenate(asked).mean()
    # One of six or three is carried: by chance alone it were 2/9 of what is asked.
    assert carried > 0.35


def test_parts_of_a_batch_add_up(made: models.Pretrained, whole: Mixture) -> None:
    data = RandomLabels(whole, most=4)
    texts = max(data.plan(6, 1, np.random.default_rng(0)), key=len)
    found = []
    for tokens in (8192, 40):
        config = Config(device="cpu", precision="fp32")
        state = checkpoint.State(made.model.train(), optimizers.optimizer(made.model, config))
        room = Room(tokens, data.lengths, 0.0)
        assert (len(room.cut(texts)) > 1) == (tokens == 40)
        team = ranks.join(cpu=True)
        stepper = Stepper(state, losses.load("joint", {}), data, config, team, room, "fp32")
        part, own = data.of(texts)
        count = Count.of(torch.from_numpy(part.targets[own]))
        value = float(stepper._gradients(texts, count, number=0))
        flat = [each.grad.flatten() for each in made.model.parameters() if each.grad is not None]
        found.append((value, torch.cat(flat)))
        made.model.zero_grad()
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-6, rtol=1e-5)


def test_what_is_asked_takes_no_more_room_than_all_labels(made: models.Pretrained) -> None:
    kind = inputs.load("label_prefix", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    labels = Labels.of("relief", "joy")  # one of the words for relief is a sentence
    targets = np.eye(2, dtype=np.float32)
    data = RandomLabels(TrainingSet(kind, kind.encode(["a", "b"], labels), targets, "ab"), most=2)
    assert isinstance(kind, Asks)
    whole = data.of(np.array([0]))[0].encoded
    words = Labels(("relief",), (label_words.words()["relief"][1],))
    assert kind.ask(whole, words).overhead > whole.overhead, "it does happen"
    for asked, _ in drawn(data, epochs=200, size=1):
        assert asked.encoded.overhead <= whole.overhead


def test_before_a_plan_all_labels_are_asked_for(whole: Mixture) -> None:
    part, rows = RandomLabels(whole, most=2).of(np.array([0, 3]))
    assert part.encoded.labels == MOODS
    assert rows.tolist() == [0, 3]


def test_a_run_learns_to_be_asked(bert: Path, tmp_path: Path) -> None:
    settings = ["training.epochs=1", "training.device=cpu", "training.random_labels=5"]
    run = overtone.train("sample", tmp_path / "run", encoder=str(bert), settings=settings)
    assert len(run.bundle.manifest.labels) == 11
    found = overtone.load(run.path, labels=["zeal", "calm"]).probabilities(["happy day"])
    assert found.shape == (1, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["model.name=tfidf"], "take --model spanemo"),
        (["model.name=cls_head"], "take --model spanemo"),
        (["loss.name=demux"], "same for all labels"),
        (["loss.balance=0.5"], "same for all labels"),
        (["loss.positive_weights.joy=2"], "same for all labels"),
    ],
)
def test_what_belongs_to_each_label_is_refused(
    bert: Path, tmp_path: Path, settings: list[str], message: str
) -> None:
    encoder = None if "tfidf" in settings[0] else str(bert)
    given = ["training.random_labels=5", *settings]
    with pytest.raises(InputError, match=message):
        overtone.train("sample", tmp_path / "run", encoder=encoder, settings=given)
    assert not (tmp_path / "run").exists()
