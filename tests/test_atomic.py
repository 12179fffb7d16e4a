"""Files and folders are whole or absent."""

import os
import stat
import threading
from pathlib import Path

import pytest

from overtone import atomic
from overtone.errors import InputError


def names(folder: Path) -> list[str]:
    """Return what is in a folder, hidden files too."""
    return sorted(found.name for found in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_appears_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "a.txt"
    with atomic.file(target) as beside:
        beside.write_text("whole", encoding="utf-8")
        assert not target.exists()
        assert beside.parent == target.parent
    assert target.read_text(encoding="utf-8") == "whole"
    assert names(target.parent) == ["a.txt"]


def test_file_is_replaced_only_when_done(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")
    with atomic.file(target) as beside:
        beside.write_text("new", encoding="utf-8")
        assert target.read_text(encoding="utf-8") == "old"
    assert target.read_text(encoding="utf-8") == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_file_keeps_the_old_content_when_writing_stops(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")

    def stop() -> None:
        with atomic.file(target) as beside:
            beside.write_text("ha", encoding="utf-8")
            raise error

    with pytest.raises(error):
        stop()
    assert target.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="folder"), atomic.file(tmp_path / "a"):
        raise AssertionError("must not get here")
    assert names(tmp_path) == ["a"]


def test_write_text_writes_utf8_as_it_is(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "a.txt", "ανθός\nأ\n")
    assert (tmp_path / "a.txt").read_bytes() == "ανθός\nأ\n".encode()


def test_file_gets_the_mode_that_open_would_give(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    atomic.write_text(tmp_path / "a.txt", "x")
    assert mode(tmp_path / "a.txt") == mode(tmp_path / "plain")


def test_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "run"
    with atomic.folder(target) as beside:
        (beside / "a").write_text("1", encoding="utf-8")
        (beside / "inner").mkdir()
        (beside / "inner" / "b").write_text("2", encoding="utf-8")
        assert not target.exists()
    assert names(tmp_path / "new") == ["run"]
    assert names(target) == ["a", "inner"]
    assert (target / "inner" / "b").read_text(encoding="utf-8") == "2"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_folder_is_absent_when_filling_stops(tmp_path: Path, error: type[BaseException]) -> None:
    def stop() -> None:
        with atomic.folder(tmp_path / "run") as beside:
            (beside / "a").write_text("1", encoding="utf-8")
            raise error

    with pytest.raises(error):
        stop()
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "empty folder", "filled folder"])
def test_folder_does_not_replace_what_is_there(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "run"
    if kind == "file":
        target.write_text("old", encoding="utf-8")
    else:
        target.mkdir()
    if kind == "filled folder":
        (target / "old").write_text("old", encoding="utf-8")
    with pytest.raises(FileExistsError, match="run"), atomic.folder(target) as beside:
        (beside / "a").write_text("1", encoding="utf-8")
    assert names(tmp_path) == ["run"]
    assert kind == "file" or names(target) == ["old"] * (kind == "filled folder")


def test_folder_and_its_files_get_the_modes_that_mkdir_and_open_would_give(
    tmp_path: Path,
) -> None:
    """Some writers, safetensors among them, make private files: the folder is for sharing."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a").write_text("", encoding="utf-8")
    with atomic.folder(tmp_path / "run") as beside:
        (beside / "a").write_text("1", encoding="utf-8")
        (beside / "private").touch(mode=0o600)
    assert mode(tmp_path / "run") == mode(tmp_path / "plain")
    assert mode(tmp_path / "run" / "a") == mode(tmp_path / "plain" / "a")
    assert mode(tmp_path / "run" / "private") == mode(tmp_path / "plain" / "a")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    atomic.write_text(pipe, "x")
    reader.join(timeout=600)
    assert found == ["x"]
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to("file")
    atomic.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"
