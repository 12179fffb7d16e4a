"""What is rewritten is little, and what isn't stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.blocks import calls
from tests.docs.short import shortened, shortened_python

SHORT = "--set training.epochs=1 --set training.least_steps=0"


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("train --dataset a --output r", f"train --dataset a --output r --encoder T {SHORT}"),
        ("train --encoder roberta-base --seed 1", f"train --encoder T --seed 1 {SHORT}"),
        ("train --init r --seed 1", f"train --init r --seed 1 {SHORT}"),
        ("tune a.toml --trials 40", f"tune a.toml --trials 2 --encoder T {SHORT}"),
        ("compress r --layers 3", f"compress r --layers 3 {SHORT}"),
        ("train --dataset a.csv --config best/tfidf", "train --dataset a.csv --config best/tfidf"),
        ("evaluate r --dataset a.csv", "evaluate r --dataset a.csv"),
    ],
)  # fmt: skip
def test_commands_are_made_short(words: str, made: str) -> None:
    assert shortened(words.split(), Path("T")) == made.split()


def test_an_encoder_that_the_page_made_is_kept(tmp_path: Path) -> None:
    words = ["train", "--encoder", str(tmp_path)]
    assert shortened(words, Path("T"))[:3] == words


def test_python_is_made_short() -> None:
    made = shortened_python('x = tune("a", trials=40, dataset="b")\nprint(x)', Path("T"))
    assert made == (
        "x = tune('a', dataset='b', encoder='T', settings=['training.epochs=1', "
        "'training.least_steps=0'], trials=2)\nprint(x)"
    )


def test_a_loop_is_as_many_calls_as_it_makes() -> None:
    script = "for n in 1 2; do\n  overtone train --seed $n \\\n    --output r-$n\ndone\n"
    assert [" ".join(call.words) for call in calls(script)] == [
        "train --seed 1 --output r-1", "train --seed 2 --output r-2",
    ]  # fmt: skip


def test_a_file_that_is_piped_is_standard_input() -> None:
    (call,) = calls("cat texts.txt | overtone predict r -")
    assert (call.words, call.source) == (["predict", "r", "-"], "texts.txt")
