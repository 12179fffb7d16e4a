"""Pictures: in the file that was named, whole or not there."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest

from overtone.errors import InputError
from overtone.report import picture


@pytest.mark.parametrize(("name", "begins"), [("a.PNG", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_the_ending_says_which_kind(name: str, begins: bytes, tmp_path: Path) -> None:
    with picture.drawn(tmp_path / name, (1, 1)) as figure:
        figure.text(0.5, 0.5, "$x")
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_another_kind_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"ends in \.png or \.svg for the plot, found"),
        picture.drawn(tmp_path / "a.pdf", (1, 1)),
    ):
        pytest.fail("drawn")


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    with (
        pytest.raises(ZeroDivisionError),
        picture.drawn(tmp_path / "a.png", (1, 1)) as figure,
    ):
        figure.text(0, 0, str(1 / 0))
    assert list(tmp_path.iterdir()) == []
    assert dict(mpl.rcParams) == before
