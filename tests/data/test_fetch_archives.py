"""Fetching archives: one that leaves its folder, lies, lacks a file or is damaged gives nothing."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from tests.data.site import GOOD, OTHER, Getter, Site, archive, refused, sha

# --- archives -------------------------------------------------------------------------------------


def link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system = 3  # Unix, whose modes zip keeps
    member.external_attr = (kind | 0o777) << 16
    return member


@pytest.mark.parametrize(
    "member",
    [
        "../a.tsv", "top/../../a.tsv", "/a.tsv", "/etc/a.tsv", "..\\a.tsv", "C:\\a.tsv", "C:a.tsv",
        "\\\\server\\share\\a.tsv", "../unwanted", link("a.tsv"), link("unwanted"),
        link("a.tsv", stat.S_IFIFO),
    ],
    ids=str,
)  # fmt: skip
def test_an_archive_that_leaves_its_folder_is_refused_whole(
    site: Site, get: Getter, tmp_path: Path, member: str | zipfile.ZipInfo
) -> None:
    site.files["all.zip"] = archive((member, b"/etc/passwd"), ("good/b.tsv", GOOD))
    refused(get, site.source("all.zip", {"b.tsv": sha(GOOD)}), "the archive holds ")
    assert list(tmp_path.rglob("*")) == []


def test_an_archive_that_expands_beyond_its_limit(site: Site, get: Getter) -> None:
    bomb = archive(("a.tsv", b"0" * 1_000_000))
    assert len(bomb) < 10_000
    site.files["all.zip"] = bomb
    refused(get, site.source("all.zip", {"a.tsv": None}), "more than the 10,000 bytes allowed")


def test_an_archive_whose_header_lies_about_a_size(site: Site, get: Getter) -> None:
    content = archive(("a.tsv", b"0" * 1_000_000))
    lying = content.replace((1_000_000).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    assert lying != content
    site.files["all.zip"] = lying
    refused(get, site.source("all.zip", {"a.tsv": None}))


def test_an_archive_that_lacks_a_file(site: Site, get: Getter) -> None:
    site.files["all.zip"] = archive(("a.tsv", GOOD), ("b.tsv/", b""))
    refused(get, site.source("all.zip", {"a.tsv": None, "b.tsv": None}), "holds no b.tsv")


def test_an_archive_that_has_a_file_twice(site: Site, get: Getter) -> None:
    site.files["all.zip"] = archive(("x/a.tsv", GOOD), ("y/a.tsv", OTHER))
    refused(get, site.source("all.zip", {"a.tsv": None}), "a.tsv twice")


def test_an_archive_with_one_wrong_file_gives_none(site: Site, get: Getter) -> None:
    site.files["all.zip"] = archive(("a.tsv", GOOD), ("b.tsv", OTHER))
    refused(get, site.source("all.zip", {"a.tsv": sha(GOOD), "b.tsv": sha(GOOD)}), sha(OTHER))


@pytest.mark.parametrize("damage", ["a page", "cut", "flipped", "empty"])
def test_a_damaged_archive(site: Site, get: Getter, damage: str) -> None:
    whole = archive(("a.tsv", bytes(range(256)) * 20))
    middle = len(whole) // 2
    site.files["all.zip"] = {
        "a page": b"<html>please log in</html>",
        "cut": whole[:middle],
        "flipped": whole[:60] + bytes([whole[60] ^ 0xFF]) + whole[61:],
        "empty": b"",
    }[damage]
    refused(get, site.source("all.zip", {"a.tsv": None}), "not a zip archive that can be read")


def test_an_encrypted_archive(site: Site, get: Getter) -> None:
    content = bytearray(archive(("a.tsv", GOOD)))
    for start in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[start] |= 1  # the flag of encryption
    site.files["all.zip"] = bytes(content)
    refused(get, site.source("all.zip", {"a.tsv": None}), "encrypted")


def test_an_archive_that_stays_one_is_at_least_an_archive(site: Site, get: Getter) -> None:
    site.files["a.zip"] = b"<html>please log in</html>"
    refused(get, site.source("a.zip", {"a.zip": None}), "expected a zip archive")
    site.files["a.zip"] = archive(("a.tsv", GOOD))
    assert get(site.source("a.zip", {"a.zip": None})) == "n"
