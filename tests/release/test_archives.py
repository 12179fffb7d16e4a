"""Wheel and sdist: what is in them, what is not, and that the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from overtone import data

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "overtone"
SHINGLE = 8
"""So many words in a row that are a text's are the text."""


def tracked(folder: str) -> set[str]:
    """Return the files in a folder that git knows, by their paths in it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name for name in listed.stdout.split("\0") if name}
    return {str(Path(name).relative_to(folder)) for name in names if (ROOT / name).is_file()}


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield an archive's files and what they hold."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                yield name, opened.read(name)
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            if file := packed.extractfile(member):
                yield member.name.partition("/")[2], file.read()


def test_the_wheel_has_the_package_and_nothing_else(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = {name for name, _ in members(wheel)}
    inside = {name.removeprefix("overtone/") for name in names if name.startswith("overtone/")}
    assert inside == tracked("src/overtone")
    others = {name.split("/")[0] for name in names} - {"overtone"}
    assert others == {"overtone-0.1.0.dist-info"}
    for name in ("py.typed", "configs/best/sample.toml", "apps/server/page/index.html"):
        assert name in inside
    shipped = {name for name in inside if name.startswith("data/files/") and "sample-" in name}
    assert len(shipped) == 3
    licences = "overtone-0.1.0.dist-info/licenses/"
    assert {f"{licences}LICENSE", f"{licences}NOTICE"} <= names


def test_the_sdist_has_what_tests_and_docs_need(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    names = {name for name, _ in members(sdist)}
    for folder in ("src", "tests", "docs", "benchmarks", "release"):
        assert {f"{folder}/{name}" for name in tracked(folder)} <= names
    assert {"CITATION.cff", "CHANGELOG.md", "constraints.txt", "Makefile", "LICENSE"} <= names


@pytest.mark.slow
def test_no_text_of_third_parties_is_in_an_archive(dist: Path) -> None:
    given = os.environ.get("OVERTONE_DATA_DIR", str(ROOT.parent / "shared" / "data"))
    held: set[tuple[str, ...]] = set()
    for name in data.names():
        for split in data.splits(name) if name != "sample" else ():
            if data.is_here(name, split, given):
                held |= beginnings(data.load(name, split, given).texts)
    if not held:
        pytest.skip("NOT RUN: no dataset is here (set OVERTONE_DATA_DIR)")
    assert holding(dist, held) == set()
    ours = beginnings(data.load("sample", "train").texts)
    assert holding(dist, ours) >= {"overtone/data/files/sample-train.tsv"}


def beginnings(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the first words of texts that have enough of them."""
    return {tuple(words[:SHINGLE]) for text in texts if len(words := text.split()) >= SHINGLE}


def holding(dist: Path, beginnings: set[tuple[str, ...]]) -> set[str]:
    """Return the names of the archives' files in which one occurs; never the text."""
    found = set()
    for archive in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
        for name, content in members(archive):
            words = content.decode("utf-8", "replace").split()
            rows = zip(*(words[start:] for start in range(SHINGLE)), strict=False)
            if any(row in beginnings for row in rows):
                found.add(name)
    return found


def test_the_same_sources_give_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """The sdist is built again from itself, in another place and with other times."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    for path in unpacked.rglob("*"):
        os.utime(path, (1, 1))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path / "again")],
        cwd=unpacked,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    again = {path.name: digest(path) for path in (tmp_path / "again").iterdir()}
    assert len(again) == 2
    assert again == {name: digest(dist / name) for name in again}


def test_the_hashes_are_the_files(dist: Path) -> None:
    lines = (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    said = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert len(said) == 3
    assert said == {path.name: digest(path) for path in dist.iterdir() if path.name != "SHA256SUMS"}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
