"""The text alone, as each family's own tokenizer frames it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from overtone import inputs
from overtone.errors import ConfigError
from overtone.inputs import Inputs
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear")
TEXTS = ["so happy today", "", "what a terrible day , the bus is late again !"]


def load(encoder: Path, **options: object) -> Inputs:
    return inputs.load(
        "single", options, Tokenizer.from_file(str(encoder / "tokenizer.json")), limit=100
    )


def test_a_row_is_what_the_family_s_own_tokenizer_makes(encoder: Path) -> None:
    kind = load(encoder)
    batch = kind.collate(kind.encode(TEXTS, LABELS), np.arange(3))
    own = AutoTokenizer.from_pretrained(encoder)
    for row, text in enumerate(TEXTS):
        expected = own(text)["input_ids"]
        length = int(batch["attention_mask"][row].sum())
        assert [int(token) for token in batch["input_ids"][row, :length]] == expected
        assert not batch["attention_mask"][row, length:].any()


def test_labels_take_no_room(encoder: Path) -> None:
    kind = load(encoder)
    few, many = (kind.encode(TEXTS, Labels.of(*names)) for names in ("ab", "abcdefghij"))
    np.testing.assert_array_equal(few.ids, many.ids)
    np.testing.assert_array_equal(few.lengths, many.lengths)


def test_a_long_text_loses_its_end_and_is_counted(encoder: Path) -> None:
    encoded = load(encoder, max_length=10).encode(["happy " * 50, "happy"], LABELS)
    assert encoded.truncated == 1
    assert encoded.lengths.max() == 10


def test_windows_are_rows_with_a_frame_each(encoder: Path) -> None:
    kind = load(encoder, max_length=10, long="windows", max_windows=100)
    encoded = kind.encode(["happy " * 50, "happy"], LABELS)
    batch = kind.collate(encoded, np.arange(len(encoded.lengths)))
    assert len(encoded) == 2
    assert len(batch["input_ids"]) > 3
    assert len(set(batch["input_ids"][:, 0].tolist())) == 1  # each begins with the same token
    assert encoded.truncated == 0


def test_a_text_that_names_special_tokens_means_the_characters(bert: Path) -> None:
    encoded = load(bert).encode(["[SEP] happy [CLS]"], LABELS)
    assert not {2, 3} & {int(token) for token in encoded.ids}


def test_an_option_that_is_none_is_refused(bert: Path) -> None:
    with pytest.raises(ConfigError, match=r"inputs\.long must be one of truncate"):
        load(bert, long="sliding")


@pytest.mark.parametrize("kind", ["label_prefix", "single"])
def test_a_text_can_t_spell_a_special_token(encoder: Path, kind: str) -> None:
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    special = {
        number
        for number, token in tokenizer.get_added_tokens_decoder().items()
        if token.special and token.content not in {"[UNK]", "<unk>"}
    }
    made = inputs.load(kind, {}, tokenizer, limit=100)
    text = "a <s> b </s> c <pad> d <mask> [CLS] [SEP] [PAD] [MASK]"
    encoded = made.encode([text], LABELS)
    assert special
    assert not special & {int(token) for token in encoded.ids}
