"""A cut vocabulary: the same pieces where all are kept, and every other word still spelled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from overtone.errors import InputError
from overtone.inputs import label_prefix, single, vocabulary
from overtone.labels import Labels

TEXTS = ("so happy today", "the bus is late again", "sadness and a terrible joke")
PIECES = ("[UNK]", "[CLS]", "[SEP]", *"abc", *(f"##{one}" for one in "abc"), "ab", "##bc", "abc",
          "##cab", "bca")  # fmt: skip
WORDS = st.text("abc", min_size=1, max_size=8)


def read(encoder: Path) -> str:
    return (encoder / "tokenizer.json").read_text(encoding="utf-8")


def cut(written: str, texts: Sequence[str], *, size: int = 0, min_count: int = 1) -> Tokenizer:
    """Return a tokenizer with the pieces of some texts."""
    counts = vocabulary.count(Tokenizer.from_str(written), texts)
    kept = vocabulary.choose(written, counts, size=size, min_count=min_count)
    return Tokenizer.from_str(vocabulary.cut(written, kept))


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    found: list[str] = tokenizer.encode(text, "we will see").tokens
    return found


@pytest.fixture(params=["bert", "electra", "xlm_roberta", "deberta"])
def written(request: pytest.FixtureRequest) -> str:
    """The tokenizer.json of each encoder whose vocabulary can be cut."""
    return read(request.getfixturevalue(request.param))


def test_texts_whose_pieces_are_kept_are_the_same_pieces(written: str) -> None:
    before = Tokenizer.from_str(written)
    after = cut(written, [*TEXTS, "we will see"])
    assert after.get_vocab_size() < before.get_vocab_size()
    for text in TEXTS:
        assert pieces(after, text) == pieces(before, text)


def test_pieces_keep_their_order_and_special_tokens_stay(written: str) -> None:
    before, after = Tokenizer.from_str(written).get_vocab(), cut(written, TEXTS).get_vocab()
    assert sorted(after, key=after.__getitem__) == sorted(after, key=before.__getitem__)
    assert sorted(after.values()) == list(range(len(after)))
    assert {token["content"] for token in json.loads(written)["added_tokens"]} <= after.keys()


def test_a_word_that_is_lost_is_spelled(written: str) -> None:
    before, after = Tokenizer.from_str(written), cut(written, TEXTS)
    whole, spelled = (pieces(each, "friends") for each in (before, after))
    assert len(spelled) > len(whole)
    assert "friends" in "".join(spelled).replace("##", "")


def test_both_input_kinds_take_a_cut_tokenizer(written: str) -> None:
    labels = Labels.of("joy", "sadness")
    after = cut(written, [*TEXTS, "joy or sadness?"])
    for kind in (label_prefix, single):
        inputs = kind.Inputs(kind.Config(), after, 100)
        encoded = inputs.encode(TEXTS, labels)
        ids = inputs.collate(encoded, np.arange(len(TEXTS)))["input_ids"]
        shown = after.decode(ids[0].tolist(), skip_special_tokens=True)
        assert "happy" in shown


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_word_pieces_are_those_of_before_for_any_texts(words: list[str], other: str) -> None:
    vocab = {piece: place for place, piece in enumerate(PIECES)}
    before = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    before.pre_tokenizer = pre_tokenizers.Whitespace()
    before.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    before.add_special_tokens(["[UNK]", "[CLS]", "[SEP]"])
    text = " ".join(words)
    after = cut(before.to_str(), [text])
    assert after.encode(text).tokens == before.encode(text).tokens
    spelled = after.encode(other).tokens
    assert "[UNK]" not in spelled
    assert "".join(spelled[1:-1]).replace("##", "") == other


def test_rare_pieces_go_where_that_is_asked(bert: Path) -> None:
    texts = ["bus bus bus sea sea joke", "great bus sea"]
    all_of_them = {"bus", "sea", "joke", "great"}

    def left(**asked: int) -> set[str]:
        return all_of_them & cut(read(bert), texts, **asked).get_vocab().keys()

    assert left() == all_of_them
    assert left(min_count=2) == {"bus", "sea"}
    always = cut(read(bert), []).get_vocab_size()
    assert left(size=always + 1) == {"bus"}
    assert left(size=always + 3) == {"bus", "sea", "joke"}  # of two as frequent, the older one
    assert left(size=always) == set()
    assert cut(read(bert), texts, size=always + 3).get_vocab_size() == always + 3


def test_what_is_needed_is_kept_whatever_the_size(bert: Path) -> None:
    before = Tokenizer.from_str(read(bert))
    needed = [before.get_vocab()["optimism"]]
    none = np.zeros(before.get_vocab_size(), dtype=np.int64)
    always = len(vocabulary.choose(read(bert), none))
    kept = vocabulary.choose(read(bert), none + 1, needed, size=always + 1)
    assert needed[0] in kept
    with pytest.raises(InputError, match=f"a vocabulary of {always}: take at least that many"):
        vocabulary.choose(read(bert), none + 1, needed, size=always)


def test_a_text_that_says_a_special_token_counts_its_characters(bert: Path) -> None:
    tokenizer = Tokenizer.from_str(read(bert))
    counts = vocabulary.count(tokenizer, ["[SEP] sea"])
    assert counts[tokenizer.token_to_id("[SEP]")] == 0
    assert counts[tokenizer.token_to_id("sea")] == 1


@pytest.mark.parametrize("name", ["roberta", "modernbert"])
def test_byte_pairs_are_refused(name: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(InputError, match="found BPE: leave its vocabulary whole"):
        cut(read(request.getfixturevalue(name)), TEXTS)
