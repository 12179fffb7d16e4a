"""What a reference is, and what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from overtone.errors import InputError
from overtone.hub import reference
from overtone.hub.reference import Reference


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("hub:ann/moods", Reference("ann/moods")),
        ("ann/moods", Reference("ann/moods")),
        ("hub:ann/moods@v1.0", Reference("ann/moods", "v1.0")),
        ("hub:ann/moods@refs/pr/3", Reference("ann/moods", "refs/pr/3")),
        (Path("hub:ann/moods@main"), Reference("ann/moods", "main")),
    ],
)
def test_its_parts(given: str | Path, expected: Reference) -> None:
    found = reference.parse(given)
    assert found == expected
    assert reference.parse(str(found)) == expected


@pytest.mark.parametrize(
    "given",
    [
        "hub:", "hub:moods", "hub:/moods", "hub:ann/", "hub:ann/moods/more", "hub:ann/moods@",
        "hub:ann/moods@../x", "hub:ann/moods@a b", "hub:../moods", "hub:ann/mo--ods", "hub:a nn/x",
        "hub:ann/moods\n",
    ],
)  # fmt: skip
def test_others_are_refused(given: str) -> None:
    with pytest.raises(InputError, match="expected hub:user/name or hub:user/name@revision"):
        reference.parse(given)


def test_only_a_whole_commit_is_pinned() -> None:
    assert reference.parse(f"ann/moods@{'0a' * 20}").is_pinned
    assert not reference.parse("ann/moods@0a0a0a0").is_pinned
    assert not reference.parse("ann/moods").is_pinned


def test_a_folder_is_no_reference() -> None:
    assert reference.is_reference("hub:x")
    assert not reference.is_reference("runs/hub:x")
    assert not reference.is_reference(Path("runs"))
