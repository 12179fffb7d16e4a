"""SpanEmo's input, set against arrays written by hand and against tokenizers' own pairs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from overtone import inputs
from overtone.errors import ConfigError, InputError
from overtone.inputs.label_prefix import Config, Inputs, PrefixEncoded
from overtone.labels import Labels

LABELS = Labels.of("joy", "fear", "hopelessness")
CLS, SEP, PAD = 2, 3, 0
TEXTS = ("i am so happy today", "", "zzz", "what a day ! " * 5, "I'm HERE?", "\u0643 \U0001f602 é")


def load(folder: Path, **options: object) -> Inputs:
    """Return the input kind over an encoder's tokenizer."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made = inputs.load("label_prefix", options, tokenizer, limit=130)
    assert isinstance(made, Inputs)
    return made


def ids(folder: Path, *tokens: str) -> list[int]:
    """Return the ids of tokens, spelled out."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found = [tokenizer.token_to_id(token) for token in tokens]
    assert None not in found, tokens
    return [token for token in found if token is not None]


def all_rows(made: Inputs, encoded: PrefixEncoded) -> inputs.Batch:
    return made.collate(encoded, np.arange(len(encoded)))


def prefix(made: Inputs, labels: Labels) -> str:
    """Return segment A as a text."""
    encoded = made.encode([""], labels)
    return str(made.tokenizer.decode(encoded.frame.head.tolist()))


def test_collated_arrays_are_those_written_by_hand(bert: Path) -> None:
    made = load(bert)
    encoded = made.encode(["so happy today", "great"], LABELS)
    batch = all_rows(made, encoded)
    joy, fear, hopeless, ness, alternative, question = ids(
        bert, "joy", "fear", "hopeless", "##ness", "or", "?"
    )
    so, happy, today, great = ids(bert, "so", "happy", "today", "great")
    head = [CLS, joy, fear, alternative, hopeless, ness, question, SEP]
    assert batch["input_ids"].tolist() == [
        [*head, so, happy, today, SEP],
        [*head, great, SEP, PAD, PAD],
    ]
    assert batch["attention_mask"].tolist() == [[1] * 12, [1] * 10 + [0] * 2]
    assert batch["token_type_ids"].tolist() == [[0] * 8 + [1] * 4, [0] * 8 + [1] * 2 + [0] * 2]
    assert batch["label_pool"].tolist() == [
        [0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0.5, 0.5, 0, 0],
    ]
    assert sorted(batch) == ["attention_mask", "input_ids", "label_pool", "token_type_ids"]
    kinds = {name: array.dtype for name, array in batch.items()}
    assert kinds.pop("label_pool") == np.float32
    assert set(kinds.values()) == {np.dtype(np.int64)}


def test_the_public_code_s_input_attends_to_padding_and_has_one_segment(bert: Path) -> None:
    texts = ["so happy today", "great"]
    right = load(bert, max_length=16)
    right_batch = all_rows(right, right.encode(texts, LABELS))
    for mask, segments in ((False, False), (False, True), (True, False)):
        made = load(bert, max_length=16, mask=mask, segments=segments)
        encoded = made.encode(texts, LABELS)
        batch = all_rows(made, encoded)
        width = 12 if mask else 16
        assert encoded.lengths.tolist() == ([12, 10] if mask else [16, 16])
        assert batch["input_ids"].shape == batch["token_type_ids"].shape == (2, width)
        assert (batch["input_ids"][:, :12] == right_batch["input_ids"]).all()
        assert (batch["input_ids"][:, 12:] == PAD).all()
        assert batch["attention_mask"].tolist() == (
            right_batch["attention_mask"].tolist() if mask else [[1] * 16] * 2
        )
        if segments:
            assert (batch["token_type_ids"][:, :12] == right_batch["token_type_ids"]).all()
        assert batch["token_type_ids"].any() == segments


def test_roberta_s_template_has_two_separators_and_no_segments(roberta: Path) -> None:
    made = load(roberta, question=False)
    batch = all_rows(made, made.encode(["great news", ""], Labels.of("joy", "fear")))
    tokenizer = made.tokenizer
    first, second, text = (
        tokenizer.encode(part, add_special_tokens=False).ids
        for part in ("joy", " fear", "great news")
    )
    head = [0, *first, *second, 2, 2]
    long, short = [*head, *text, 2], [*head, 2]
    padding = [1] * len(text)
    assert batch["input_ids"].tolist() == [long, short + padding]
    assert batch["attention_mask"].tolist() == [[1] * len(long), [1] * len(short) + [0] * len(text)]
    assert not batch["token_type_ids"].any()
    a, b = len(first), len(second)
    np.testing.assert_allclose(
        batch["label_pool"].astype(np.float64),
        [
            [0, *[1 / a] * a, *[0] * b, 0, 0],
            [0, *[0] * a, *[1 / b] * b, 0, 0],
        ],
        rtol=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize("question", [True, False])
def test_a_row_is_the_tokenizer_s_own_pair(encoder: Path, *, question: bool) -> None:
    made = load(encoder, question=question)
    batch = all_rows(made, made.encode(TEXTS, LABELS))
    segment = "joy fear or hopelessness?" if question else "joy fear hopelessness"
    own = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    own.no_padding()
    for row, text in enumerate(TEXTS):
        pair = own.encode(segment, text)
        length = int(batch["attention_mask"][row].sum())
        assert batch["input_ids"][row, :length].tolist() == pair.ids
        assert batch["token_type_ids"][row, :length].tolist() == pair.type_ids
        assert batch["attention_mask"][row].tolist()[:length] == pair.attention_mask
        assert not batch["attention_mask"][row, length:].any()
        assert not batch["token_type_ids"][row, length:].any()


@settings(deadline=None, max_examples=50)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=5))
def test_any_text_gives_the_tokenizer_s_own_pair(bert: Path, texts: list[str]) -> None:
    made = load(bert)
    encoded = made.encode(texts, LABELS)
    batch = all_rows(made, encoded)
    for row, text in enumerate(texts):
        pair = made.tokenizer.encode("joy fear or hopelessness?", text)
        assert batch["input_ids"][row, : encoded.lengths[row]].tolist() == pair.ids


def test_label_pool_points_at_each_label_s_pieces(encoder: Path) -> None:
    labels = Labels(("a", "b", "c"), ("great joy", "hopelessness", "x"))
    made = load(encoder)
    batch = all_rows(made, made.encode(["so"], labels))
    pool = batch["label_pool"]
    np.testing.assert_allclose(pool.sum(axis=1), 1, rtol=1e-6)
    for row, prompt in zip(pool, labels.prompts, strict=True):
        places = np.flatnonzero(row)
        assert len(set(row[places].tolist())) == 1
        assert places.tolist() == list(range(places[0], places[-1] + 1))
        found = made.tokenizer.decode(batch["input_ids"][0, places].tolist())
        assert found.replace(" ##", "").strip() == prompt


def test_a_label_inside_another_label_s_word_is_not_mixed_up(bert: Path) -> None:
    labels = Labels.of("hopeless", "hopelessness", "joy")
    batch = all_rows(made := load(bert, question=False), made.encode([""], labels))
    assert [np.flatnonzero(row).tolist() for row in batch["label_pool"]] == [[1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("labels", "question", "expected"),
    [
        (Labels.of("joy", "fear"), True, "joy or fear?"),
        (Labels.of("joy", "fear"), False, "joy fear"),
        (Labels.of("joy"), True, "joy?"),
        (Labels.of("joy", "fear", language="es"), True, "joy o fear?"),
        (Labels.of("joy", "fear", language="es"), False, "joy fear"),
        (Labels.of("joy", "fear", language="ar"), True, "joy \u0623\u0648 fear\u061f"),
        (Labels.of("joy", "fear", language="ar"), False, "joy fear"),
        (Labels.of("joy", "fear", language="xx"), True, "joy fear?"),
        (Labels.of("severe_toxic", "joy"), False, "severe toxic joy"),
    ],
)
def test_the_labels_read_as_a_question_of_their_language(
    roberta: Path, labels: Labels, expected: str, *, question: bool
) -> None:
    assert prefix(load(roberta, question=question), labels).strip() == expected


def test_prompts_override_a_label_s_words_and_keep_its_name(bert: Path) -> None:
    made = load(bert, prompts={"fear": "terrible"}, question=False)
    encoded = made.encode([""], Labels.of("joy", "fear"))
    assert encoded.frame.head.tolist() == [CLS, *ids(bert, "joy", "terrible"), SEP]
    assert encoded.labels.names == ("joy", "fear")
    assert encoded.labels.prompts == ("joy", "terrible")


def test_prompts_for_labels_that_do_not_exist_are_refused(bert: Path) -> None:
    with pytest.raises(InputError, match=r"no label is called joyy.*joy, fear"):
        load(bert, prompts={"joyy": "x"}).encode(["a"], LABELS)


def test_a_prompt_without_tokens_is_refused(bert: Path) -> None:
    with pytest.raises(InputError, match="'\\\\u200b' of label fear has no tokens"):
        load(bert, prompts={"fear": "\u200b"}).encode(["a"], LABELS)


@pytest.mark.parametrize("max_length", [14, 20, 40])
def test_truncation_cuts_the_text_only_and_is_counted(encoder: Path, max_length: int) -> None:
    texts = ["so " * 3, "so happy " * 100, "today " * 200]
    whole, cut = load(encoder), load(encoder, max_length=max_length + 16)
    reference, encoded = whole.encode(texts, LABELS), cut.encode(texts, LABELS)
    assert reference.truncated == encoded.truncated == 2
    np.testing.assert_array_equal(encoded.frame.head, reference.frame.head)
    np.testing.assert_array_equal(encoded.frame.tail, reference.frame.tail)
    batch = all_rows(cut, encoded)
    assert batch["input_ids"].shape == (3, max_length + 16)
    assert encoded.lengths.max() == max_length + 16
    h, t = len(encoded.frame.head), len(encoded.frame.tail)
    longer = all_rows(whole, reference)["input_ids"]
    for row in range(3):
        length = int(encoded.lengths[row])
        ids_ = batch["input_ids"][row]
        assert ids_[:h].tolist() == encoded.frame.head.tolist()
        assert ids_[length - t : length].tolist() == encoded.frame.tail.tolist()
        assert ids_[h : length - t].tolist() == longer[row, h : length - t].tolist()


def test_a_text_that_fits_exactly_is_not_truncated(bert: Path) -> None:
    made = load(bert, max_length=16)  # 8 for the labels, 1 for the last separator
    assert made.encode(["so " * 7], LABELS).truncated == 0
    assert made.encode(["so " * 8], LABELS).truncated == 1


def test_the_encoder_s_own_limit_holds_too(bert: Path) -> None:
    tokenizer = Tokenizer.from_file(str(bert / "tokenizer.json"))
    made = Inputs(Config(max_length=500), tokenizer, limit=30)
    assert made.encode(["so " * 100], LABELS).lengths.tolist() == [30]


def test_a_tokenizer_s_own_truncation_and_padding_do_not_interfere(bert: Path) -> None:
    tokenizer = Tokenizer.from_file(str(bert / "tokenizer.json"))
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=64)
    encoded = Inputs(Config(), tokenizer, limit=130).encode(["so " * 20, "so"], LABELS)
    assert encoded.lengths.tolist() == [29, 10]


def test_labels_that_leave_no_room_are_refused(encoder: Path) -> None:
    with pytest.raises(InputError, match=r"the 3 labels take \d+ of 8 tokens.*max_length"):
        load(encoder, max_length=8).encode(["so"], LABELS)


@pytest.mark.parametrize(
    "options", [{"max_length": 7}, {"question": "yes"}, {"prompts": {"joy": 1}}, {"maxlength": 9}]
)
def test_wrong_options_are_refused(bert: Path, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"inputs\."):
        load(bert, **options)


def test_an_unknown_input_kind_lists_those_that_exist(bert: Path) -> None:
    tokenizer = Tokenizer.from_file(str(bert / "tokenizer.json"))
    with pytest.raises(InputError, match="did you mean label_prefix"):
        inputs.load("label_prefx", {}, tokenizer, 130)


def test_an_empty_text_is_head_and_tail(encoder: Path) -> None:
    made = load(encoder)
    encoded = made.encode([""], LABELS)
    batch = all_rows(made, encoded)
    assert batch["input_ids"][0].tolist() == [*encoded.frame.head, *encoded.frame.tail]
    assert batch["attention_mask"].all()


def test_no_texts_make_no_rows(encoder: Path) -> None:
    made = load(encoder)
    encoded = made.encode([], LABELS)
    assert len(encoded) == 0
    assert encoded.lengths.tolist() == []
    batch = all_rows(made, encoded)
    assert batch["input_ids"].shape == (0, encoded.overhead)
    assert batch["label_pool"].shape == (3, len(encoded.frame.head))


@pytest.mark.parametrize("rows", [[2, 0], [1, 1, 1], [3]])
def test_any_rows_in_any_order_can_be_collated(encoder: Path, rows: Sequence[int]) -> None:
    made = load(encoder)
    batch = made.collate(encoded := made.encode(TEXTS, LABELS), np.array(rows))
    for place, row in enumerate(rows):
        alone = made.collate(encoded, np.array([row]))
        length = int(encoded.lengths[row])
        assert batch["attention_mask"][place].sum() == length
        for name in ("input_ids", "attention_mask", "token_type_ids"):
            assert batch[name][place, :length].tolist() == alone[name][0].tolist()


def test_more_texts_than_one_block_stay_in_order(bert: Path) -> None:
    texts = ["so", "happy today", ""] * 1500
    made = load(bert)
    encoded = made.encode(texts, LABELS)
    assert (encoded.lengths - encoded.overhead).tolist() == [1, 2, 0] * 1500
    assert encoded.ids.tolist() == ids(bert, "so", "happy", "today") * 1500
