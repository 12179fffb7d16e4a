"""Hidden tokens: how many, what stands in their place, whole words, and the same ones again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from overtone.errors import InputError
from overtone.inputs import Batch, single
from overtone.inputs.masking import MaskedEncoded, MaskedInputs, word_beginnings
from overtone.labels import Labels

LABELS = Labels.of("hidden token")
WORDS = tuple(
    "so happy today my friends are here the bus is late again what a terrible day".split()  # noqa: SIM905
)
TEXTS = [" ".join(np.random.default_rng(n).choice(WORDS, 5 + n % 40)) for n in range(400)]


def make(
    encoder: Path,
    *,
    share: float = 0.15,
    whole_words: bool = False,
    seed: int = 0,
    length: int = 64,
) -> MaskedInputs:
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    kind = single.Inputs(single.Config(max_length=length, long="windows"), tokenizer, 128)
    return MaskedInputs(kind, share, whole_words=whole_words, seed=lambda: seed)


def plain_ids(encoder: Path, encoded: MaskedEncoded, rows: np.ndarray) -> np.ndarray:
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    kind = single.Inputs(single.Config(max_length=64), tokenizer, 128)
    return np.asarray(kind.collate(encoded, rows)["input_ids"])


def test_what_is_hidden_can_be_put_back_and_the_rest_is_left_alone(encoder: Path) -> None:
    inputs = make(encoder)
    encoded = inputs.encode(TEXTS, LABELS)
    rows = np.asarray([3, 390, 77])
    batch = inputs.collate(encoded, rows)
    found, plain = batch["input_ids"].copy(), plain_ids(encoder, encoded, rows)
    assert (found != plain).any()
    found.reshape(-1)[batch["places"]] = batch["wanted"]
    np.testing.assert_array_equal(found, plain)
    assert len(set(batch["places"].tolist())) == encoded.counts[rows].sum()
    # Special tokens and padding are never among them.
    lines, places = np.divmod(batch["places"], found.shape[1])
    head, lengths = len(encoded.frame.head), np.diff(encoded.offsets)[rows]
    assert ((places >= head) & (places < head + lengths[lines])).all()


def test_rates_are_those_of_bert(bert: Path) -> None:
    inputs = make(bert)
    encoded = inputs.encode(TEXTS, LABELS)
    rows = np.arange(len(TEXTS))
    batch = inputs.collate(encoded, rows)
    lengths = np.diff(encoded.offsets)
    np.testing.assert_array_equal(encoded.counts, np.maximum(1, np.rint(0.15 * lengths)))
    assert len(batch["wanted"]) / lengths.sum() == pytest.approx(0.15, abs=0.01)
    now = batch["input_ids"].reshape(-1)[batch["places"]]
    mask = Tokenizer.from_file(str(bert / "tokenizer.json")).token_to_id("[MASK]")
    assert (now == mask).mean() == pytest.approx(0.8, abs=0.03)
    assert (now == batch["wanted"]).mean() == pytest.approx(0.1, abs=0.03)
    others = now[(now != mask) & (now != batch["wanted"])]
    assert others.min() > mask  # no special token, which stand first here
    assert len(set(others.tolist())) > 50


def test_cells_number_the_hidden_tokens_of_each_text(bert: Path) -> None:
    inputs = make(bert)
    encoded = inputs.encode(TEXTS, LABELS)
    rows = np.asarray([39, 0])
    batch = inputs.collate(encoded, rows)
    assert len(batch["most"]) == inputs.most == round(0.15 * 64)
    wanted = [
        n for line, row in enumerate(rows) for n in line * 10 + np.arange(encoded.counts[row])
    ]
    np.testing.assert_array_equal(batch["cells"], wanted)


def test_every_token_of_a_text_is_hidden_at_times(bert: Path) -> None:
    inputs = [make(bert, seed=seed) for seed in range(60)]
    encoded = inputs[0].encode(TEXTS[:1], LABELS)
    found = {n for one in inputs for n in one.collate(encoded, np.arange(1))["places"].tolist()}
    assert found == set(range(1, 1 + len(encoded.ids)))


def test_the_seed_and_the_text_decide_and_nothing_else(bert: Path) -> None:
    def of(batch: Batch, line: int) -> list[int]:
        return [int(token) for token in batch["input_ids"][line, :6]]

    one = make(bert, seed=7)
    encoded = one.encode(TEXTS, LABELS)
    alone, among = one.collate(encoded, np.asarray([5])), one.collate(encoded, np.arange(10))
    assert of(alone, 0) == of(among, 5)
    other = make(bert, seed=8).collate(encoded, np.arange(10))
    assert [of(other, line) for line in range(10)] != [of(among, line) for line in range(10)]


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm_roberta"])
def test_pieces_of_a_word_are_hidden_together(family: str, request: pytest.FixtureRequest) -> None:
    encoder: Path = request.getfixturevalue(family)
    inputs = make(encoder, share=0.4, whole_words=True)
    # Words that no vocabulary here has, of five letters each: they fall into pieces.
    encoded = inputs.encode(["qzqzq happy qzxzq day"] * 200, LABELS)
    begins = word_beginnings(Tokenizer.from_file(str(encoder / "tokenizer.json")))
    tokens = encoded.ids[: encoded.offsets[1]]
    words = np.cumsum([place == 0 or begins[token] for place, token in enumerate(tokens)])
    sizes = np.bincount(words)
    assert sizes.max() >= 5
    batch = inputs.collate(encoded, np.arange(200))
    lines, places = np.divmod(batch["places"], batch["input_ids"].shape[1])
    for line in range(200):
        hidden = words[places[lines == line] - len(encoded.frame.head)]
        assert len(hidden) == encoded.counts[line]
        cut = [word for word in set(hidden.tolist()) if (hidden == word).sum() < sizes[word]]
        # Only where no other word would fit is one cut, to make up the number.
        assert len(cut) <= 1
    apart = make(encoder, share=0.4).collate(encoded, np.arange(200))
    assert not np.array_equal(apart["places"], batch["places"])


def test_a_long_text_s_windows_are_texts_and_an_empty_one_is_none(bert: Path) -> None:
    inputs = make(bert, length=16)
    encoded = inputs.encode(["", " ".join(["sea"] * 30), "happy"], LABELS)
    assert encoded.sources.tolist() == [1, 1, 1, 2]
    assert len(encoded) == 4
    assert np.diff(encoded.offsets).tolist() == [14, 14, 14, 1]
    assert encoded.counts.tolist() == [2, 2, 2, 1]
    batch = inputs.collate(encoded, np.arange(4))
    assert batch["input_ids"].shape == (4, 16)


def test_a_tokenizer_without_a_mask_is_refused() -> None:
    from tokenizers import models  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
    kind = single.Inputs(single.Config(), tokenizer, 128)
    with pytest.raises(InputError, match=r"has \[MASK\] or <mask>, found neither"):
        MaskedInputs(kind, 0.15, whole_words=True, seed=lambda: 0)
