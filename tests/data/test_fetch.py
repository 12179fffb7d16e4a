"""Fetching from a real server on this machine: what is wrong leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.data.site import GOOD, OTHER, Getter, Site, archive, refused, sha

from overtone import data
from overtone.config import find_plugin, plugin_names
from overtone.data import _download, sample
from overtone.data._sources import GLOVE, Source
from overtone.data.fetch import fetch, sources
from overtone.errors import DataError, InputError, MissingDataError

# --- what is right ------------------------------------------------------------------------------


def test_a_file_whose_hash_is_known_is_verified(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    assert get(site.source("a.tsv", {"a.tsv": sha(GOOD)})) == "N"
    assert get.files == {"a.tsv": GOOD}
    assert [path.name for path in (get.data_dir / "sample").iterdir()] == ["a.tsv"]


def test_another_file_is_unverified_and_its_hash_recorded(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    assert get(site.source("a.tsv", {"a.tsv": None})) == "n"
    assert get.record == {"a.tsv": sha(GOOD)}


def test_a_file_that_is_here_is_not_asked_for_again(site: Site, get: Getter) -> None:
    site.files |= {"a.tsv": GOOD, "b.tsv": OTHER}
    source = site.source("a.tsv", {"a.tsv": sha(GOOD)}), site.source("b.tsv", {"b.tsv": None})
    assert get(*source) == "Nn"
    assert get(*source) == "Kk"
    assert site.asked == ["a.tsv", "b.tsv"]


def test_only_what_is_missing_is_taken_from_an_archive(site: Site, get: Getter) -> None:
    (get.data_dir / "sample").mkdir(parents=True)
    (get.data_dir / "sample" / "a.tsv").write_bytes(b"put here by hand")
    site.files["all.zip"] = archive(("top/a.tsv", GOOD), ("top/deep/b.tsv", OTHER), ("c", GOOD))
    source = site.source("all.zip", {"a.tsv": None, "b.tsv": sha(OTHER)})
    assert get(source) == "kN"
    assert get.files == {"a.tsv": b"put here by hand", "b.tsv": OTHER}


def test_a_file_that_was_removed_comes_again_and_is_compared(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    source = site.source("a.tsv", {"a.tsv": None})
    get(source)
    (get.data_dir / "sample" / "a.tsv").unlink()
    assert get(source) == "n"
    (get.data_dir / "sample" / "a.tsv").unlink()
    site.files["a.tsv"] = OTHER
    with pytest.raises(DataError, match=rf"first, on \d{{4}}.*{sha(OTHER)}; --force accepts"):
        get(source)
    assert get.files == {}
    assert get(source, force=True) == "n"
    assert get.record == {"a.tsv": sha(OTHER)}


@pytest.mark.parametrize("pinned", [sha(GOOD), None])
def test_a_file_that_differs_is_replaced_by_force_only(
    site: Site, get: Getter, pinned: str | None
) -> None:
    site.files["a.tsv"] = GOOD
    source = site.source("a.tsv", {"a.tsv": pinned})
    get(source)
    path = get.data_dir / "sample" / "a.tsv"
    path.write_bytes(b"edited")
    with pytest.raises(DataError, match=f"{re.escape(str(path))}: .*{sha(GOOD)}.*--force"):
        get(source)
    assert get.files == {"a.tsv": b"edited"}
    get(source, force=True)
    assert get.files == {"a.tsv": GOOD}


@pytest.mark.parametrize("ending", ["", "/", "/a.tsv"])
def test_a_mirror_takes_the_official_address_s_place(site: Site, get: Getter, ending: str) -> None:
    site.files["mirror/a.tsv"] = GOOD
    source = Source(url="http://official.invalid/a.tsv", files={"a.tsv": sha(GOOD)})
    assert get(source, mirror=f"{site.address}/mirror{ending}") == "N"


def test_an_answer_of_the_moment_is_asked_for_again(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    site.codes["a.tsv"] = [503, 429]
    assert get(site.source("a.tsv", {"a.tsv": sha(GOOD)})) == "N"
    assert site.asked == ["a.tsv"] * 3


def test_progress_is_told_to_the_last_byte(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["a.tsv"] = GOOD * 200
    monkeypatch.setattr(sample, "SOURCES", (site.source("a.tsv", {"a.tsv": None}),))
    told: list[tuple[str, int, int]] = []
    list(fetch("sample", tmp_path, progress=lambda *how_far: told.append(how_far)))
    assert told[-1] == ("a.tsv", len(GOOD) * 200, len(GOOD) * 200)


def test_what_is_not_there(site: Site, get: Getter) -> None:
    refused(get, site.source("a.tsv", {"a.tsv": None}), "the server answered 404")
    assert site.asked == ["a.tsv"]  # asking again would not help


def test_a_server_that_stays_broken_is_left_alone(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    site.codes["a.tsv"] = [500] * 9
    refused(get, site.source("a.tsv", {"a.tsv": None}), "the server answered 500")
    assert site.asked == ["a.tsv"] * 3


def test_a_download_that_is_cut(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD * 5000
    site.cut.add("a.tsv")
    source = site.source("a.tsv", {"a.tsv": None}, limit=1_000_000)
    refused(get, source, "cut off after 65,536 of 160,000 bytes")
    assert site.asked == ["a.tsv"] * 3


def test_a_server_that_says_nothing(
    site: Site, get: Getter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_download, "TIMEOUT", (5.0, 0.05))
    site.silent.add("a.tsv")
    refused(get, site.source("a.tsv", {"a.tsv": None}), "no answer within 0.05 seconds")


@pytest.mark.usefixtures("site")
def test_no_network(get: Getter) -> None:
    """Nothing listens on port 1."""
    refused(get, Source(url="http://127.0.0.1:1/a.tsv", files={"a.tsv": None}), "no connection")


def test_another_hash(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = OTHER
    source = site.source("a.tsv", {"a.tsv": sha(GOOD)})
    refused(get, source, sha(GOOD), sha(OTHER))
    with pytest.raises(DataError, match=sha(OTHER)):  # force does not help
        get(source, force=True)
    assert not get.data_dir.parent.exists()


def test_more_than_such_a_file_can_have(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD * 100
    refused(get, site.source("a.tsv", {"a.tsv": None}, limit=1000), "at most 1,000 bytes")


def test_what_came_before_a_failure_is_kept(site: Site, get: Getter) -> None:
    site.files["a.tsv"] = GOOD
    found = site.source("a.tsv", {"a.tsv": sha(GOOD)}), site.source("b.tsv", {"b.tsv": None})
    with pytest.raises(DataError, match="404"):
        get(*found)
    assert get.files == {"a.tsv": GOOD}


def test_stopping_leaves_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    site.files["a.tsv"] = GOOD
    monkeypatch.setattr(sample, "SOURCES", (site.source("a.tsv", {"a.tsv": None}),))
    with pytest.raises(KeyboardInterrupt):
        list(fetch("sample", tmp_path / "new", progress=stop))
    assert list(tmp_path.iterdir()) == []


# --- names, records and what is missing -----------------------------------------------------------


def test_what_needs_a_login_says_the_steps_until_it_is_here(site: Site, get: Getter) -> None:
    source = Source(url=f"{site.address}/page", files={"a.csv": None}, by_hand="log in at X")
    with pytest.raises(MissingDataError, match=r"^log in at X; put a\.csv into ") as caught:
        get(source)
    target = get.data_dir / "sample" / "a.csv"
    assert str(target.parent) in str(caught.value)
    target.parent.mkdir(parents=True)
    target.write_bytes(GOOD)
    assert get(source) == "k"
    assert site.asked == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a.tsv": "x"}', '{"a.tsv": {}}', "\0"])
def test_a_damaged_record_is_named(site: Site, get: Getter, content: str) -> None:
    path = get.data_dir / "sample" / "hashes.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(DataError, match=re.escape(str(path))):
        get(site.source("a.tsv", {"a.tsv": None}))
    assert site.asked == []


@pytest.mark.parametrize("name", ["", "sampel", "glove", "../sample", "semeval2018-fr", "tables"])
def test_a_wrong_name_lists_what_there_is(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sample.*semeval2018-en.*glove\.6B") as caught:
        list(fetch(name, tmp_path))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("mirror", ["", "mirror.example", "file:///etc", "ftp://x.example/a"])
def test_a_mirror_is_an_address_on_the_web(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="http://"):
        list(fetch("semeval2018", tmp_path, mirror=mirror))


@pytest.mark.parametrize(
    "mirror", ["http://", "http://[", "http://:x/", f"http://{'a' * 70}.invalid/", "http://%/"]
)
@pytest.mark.usefixtures("site")
def test_an_address_that_is_none_is_no_crash(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="by hand"):
        list(fetch("glove.6B", tmp_path, mirror=mirror))
    assert list(tmp_path.iterdir()) == []


def test_without_pooch_the_extra_is_named(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['pooch'] = None\n"
        "from overtone.data.fetch import fetch\n"
        f"list(fetch('glove.6B', __import__('pathlib').Path({str(tmp_path)!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False,
        timeout=600,
    )  # fmt: skip
    assert "MissingExtraError: overtone data fetch needs packages" in done.stderr
    assert 'pip install "overtone[train]"' in done.stderr
    assert list(tmp_path.iterdir()) == []


KNOWN = [
    name
    for name in plugin_names("overtone.data")
    if hasattr(find_plugin("overtone.data", name), "SOURCES")
]


@pytest.mark.parametrize("name", [*KNOWN, *GLOVE])
def test_every_source_is_whole(name: str) -> None:
    _, found = sources(name)
    for source in found:
        assert source.url.startswith("https://")
        assert source.files
        assert source.is_archive <= source.name.endswith(".zip") or source.by_hand
        for file, pinned in source.files.items():
            assert Path(file).name == file
            assert pinned is None or re.fullmatch("[0-9a-f]{64}", pinned)


def test_every_dataset_says_where_its_files_come_from() -> None:
    assert {name.partition("-")[0] for name in data.names()} == set(KNOWN)


def test_variants_share_their_files() -> None:
    assert sources("semeval2018") == sources("semeval2018-en") == sources("semeval2018-es")
