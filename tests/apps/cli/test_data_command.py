"""`overtone data`: the datasets that there are, and what is in one."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from overtone import data
from overtone.data.semeval2018 import NAMES

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own files out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_list_names_every_dataset_and_what_is_here(cli: Cli) -> None:
    found = cli("data", "list")
    assert (found.code, found.err) == (0, "")
    lines = {line.split()[0]: line for line in found.out.splitlines()}
    assert set(lines) == set(data.names())
    assert lines["sample"].endswith(" train, dev, test")
    assert lines["semeval2018-ar"].endswith("no files here; overtone data fetch semeval2018-ar")


def test_list_shows_files_in_another_folder(cli: Cli, tmp_path: Path) -> None:
    write_dev(tmp_path)
    found = cli("data", "list", "--data-dir", tmp_path)
    (line,) = (line for line in found.out.splitlines() if line.startswith("semeval2018-es"))
    assert line.endswith(" dev")


def test_a_damaged_file_does_not_hide_the_other_datasets(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "2018-E-c-Es-dev.txt").write_text("not\ta\ttable\n1\t2\n")
    found = cli("data", "list", "--data-dir", tmp_path)
    assert (found.code, found.err) == (0, "")
    assert "sample" in found.out
    shown = cli("data", "show", "semeval2018-es", "--data-dir", tmp_path)
    shown.assert_failed(2)
    assert "2018-E-c-Es-dev.txt" in shown.err


def test_show_counts_texts_labels_and_pairs(cli: Cli) -> None:
    found = cli("data", "show", "sample")
    assert (found.code, found.err) == (0, "")
    for name in NAMES:
        assert name in found.out
    assert "407" in found.out
    assert "labels a text" in found.out


def test_show_says_which_splits_are_missing(cli: Cli, tmp_path: Path) -> None:
    write_dev(tmp_path)
    found = cli("data", "show", "semeval2018-es", "--data-dir", tmp_path)
    assert found.code == 0
    assert "dev" in found.out
    assert "2018-E-c-Es-train.txt" in found.err
    assert found.err.startswith("warning: ")


def test_show_of_a_dataset_without_files_is_refused(cli: Cli) -> None:
    found = cli("data", "show", "semeval2018-es")
    found.assert_failed(2)
    assert "overtone data fetch semeval2018" in found.err
    assert "--data-dir" in found.err


def test_show_of_an_unknown_dataset_is_refused_with_those_that_exist(cli: Cli) -> None:
    found = cli("data", "show", "semeval2018")
    found.assert_failed(2)
    assert "semeval2018-en" in found.err


def test_a_data_folder_that_is_not_there_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    assert cli("data", "list", "--data-dir", tmp_path / "gone").code == 2


# --- files of one's own ---------------------------------------------------------------------------


def write_posts(path: Path, rows: int = 40) -> None:
    lines = [f"made up text {n},{int(n % 2 == 0)},{int(n % 4 == 0)}" for n in range(rows)]
    path.write_text("\n".join(["post,joy,anger", *lines]) + "\n", encoding="utf-8")


def test_show_of_a_file(cli: Cli, tmp_path: Path) -> None:
    write_posts(tmp_path / "posts.csv")
    found = cli("data", "show", "posts.csv")
    assert found.code == 0
    assert "texts from column 'post', labels: joy, anger" in found.err
    assert "20 (50%)" in found.out
    assert "10 (25%)" in found.out
    assert "50" in found.out.splitlines()[-3]  # of the glad texts, half are angry


def test_show_of_many_labels_names_those_that_come_with_each(cli: Cli, tmp_path: Path) -> None:
    names = [f"label{n:02}" for n in range(13)]
    on = [{0, 1, 2, 3, 4}, {0, 1, 2, 3}, {0, 1, 2}, {0, 1}, {0}, *({n} for n in range(5, 13))]
    rows = [f"text {n},{','.join(str(int(c in row)) for c in range(13))}"
            for n, row in enumerate(on)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join([f"text,{','.join(names)}", *rows]) + "\n")
    found = cli("data", "show", "a.csv")
    assert found.code == 0
    table = found.out.split("texts with the label on the left")[1]
    (line,) = (line for line in table.splitlines() if line.startswith("│ label00 "))
    assert "│ label01 80%, label02 60%, label03 40% " in line
    (line,) = (line for line in table.splitlines() if line.startswith("│ label05 "))
    assert "%" not in line


def test_show_of_a_file_whose_columns_are_named(cli: Cli, tmp_path: Path) -> None:
    write_posts(tmp_path / "posts.csv")
    found = cli("data", "show", "posts.csv", "--text-column", "post", "--labels", "anger")
    assert (found.code, found.err) == (0, "")
    assert "anger" in found.out
    assert "joy" not in found.out


def test_show_counts_a_share_of_what_is_annotated(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,joy\na b,1\nc d,0\ne f,\ng h,1\ni j,1\n")
    assert "3 (75%)" in cli("data", "show", "a.csv").out


@pytest.mark.parametrize("command", ["show", "split"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty file"),
        ("text,joy\n", "rows below the header"),
        ("text,joy\na b,1\nc d\n", "line 3"),
        ("n,m\n1,2\n", "--text-column"),
        ("text,joy\na b,\nc d,\n", "--labels"),
    ],
)
def test_a_file_that_can_t_be_read_is_refused(
    cli: Cli, tmp_path: Path, command: str, content: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    found = cli("data", command, "a.csv")
    found.assert_failed(2)
    assert message in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("command", ["show", "split"])
@pytest.mark.parametrize("name", ["gone.csv", "notes.xlsx"])
def test_what_is_no_table_is_refused(cli: Cli, tmp_path: Path, command: str, name: str) -> None:
    (tmp_path / "notes.xlsx").write_bytes(b"PK")
    found = cli("data", command, name)
    found.assert_failed(2)
    assert name in found.err


def test_options_for_files_are_refused_with_a_dataset(cli: Cli) -> None:
    found = cli("data", "show", "sample", "--text-column", "x")
    found.assert_failed(2)
    assert "--text-column" in found.err


def test_a_header_cannot_steer_the_terminal(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,jo\x1b[31my,[red]\na b,1,0\nc d,0,1\ne f,1,1\n")
    for command in ("show", "split"):
        found = cli("data", command, "a.csv", "--text-column", "text",
                    "--labels", "jo\x1b[31my,[red]")  # fmt: skip
        assert found.code == 0
        assert "\x1b" not in found.out + found.err
        assert "[red]" in found.out


def test_split_writes_files_and_counts_their_labels(cli: Cli, tmp_path: Path) -> None:
    write_posts(tmp_path / "posts.csv")
    found = cli("data", "split", "posts.csv", "--ratios", "0.5,0.25,0.25", "--output-dir", "new")
    assert found.code == 0
    for name, rows in (("train", 20), ("dev", 10), ("test", 10)):
        path = tmp_path / "new" / f"posts-{name}.csv"
        assert f"wrote {path} ({rows} rows)" in found.out
        assert len(path.read_text().splitlines()) == rows + 1
    (line,) = (line for line in found.out.splitlines() if " joy " in line)
    assert [cell.strip() for cell in line.split("│")[2:-1]] == ["10 (50%)", "5 (50%)", "5 (50%)"]


def test_split_is_seeded_and_does_not_replace_files(cli: Cli, tmp_path: Path) -> None:
    write_posts(tmp_path / "posts.csv")
    command = ("data", "split", "posts.csv", "--ratios", "0.5,0.5")
    assert cli(*command).code == 0
    first = (tmp_path / "posts-train.csv").read_text()
    found = cli(*command)
    found.assert_failed(2)
    assert "--force" in found.err
    cli(*command, "--force", "--seed", "1")
    assert (tmp_path / "posts-train.csv").read_text() != first
    cli(*command, "--force", "--seed", "0")
    assert (tmp_path / "posts-train.csv").read_text() == first
    assert not (tmp_path / "posts-test.csv").exists()


def test_split_keeps_groups_together(cli: Cli, tmp_path: Path) -> None:
    lines = [f"made up text {n},{n % 2},user {n % 10}" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["text,joy,user", *lines]))
    found = cli("data", "split", "a.csv", "--ratios", "0.5,0.5", "--group-column", "user")
    assert found.code == 0
    users = [
        {line.split(",")[2] for line in (tmp_path / name).read_text().splitlines()[1:]}
        for name in ("a-train.csv", "a-dev.csv")
    ]
    assert users[0] | users[1] == {f"user {n}" for n in range(10)}
    assert not users[0] & users[1]


def test_split_takes_a_column_of_label_names(cli: Cli, tmp_path: Path) -> None:
    lines = [f"made up text {n};{'joy|love' if n % 2 else 'fear'}" for n in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["text;feelings", *lines]))
    found = cli("data", "split", "a.csv", "--ratios", "0.5,0.5", "--label-column", "feelings",
                "--separator", "|")  # fmt: skip
    assert found.code == 0
    for label in ("fear", "joy", "love"):
        assert label in found.out


@pytest.mark.parametrize("ratios", ["", "a,b", "0.8;0.2", "1", "0.5,0.4", "0.8,0.1,0.1,", "1,0"])
def test_wrong_ratios_are_wrong_usage(cli: Cli, tmp_path: Path, ratios: str) -> None:
    write_posts(tmp_path / "posts.csv")
    found = cli("data", "split", "posts.csv", "--ratios", ratios)
    found.assert_failed(2)
    assert "0.8,0.1,0.1" in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["posts.csv"]


# --- fetch ----------------------------------------------------------------------------------------


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server on this machine that serves the folder `mirror`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "mirror").mkdir()
    handler = partial(Quiet, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(timeout=30)


def write_archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            opened.writestr(name, "made up\n")


def test_fetch_downloads_once_and_says_what_is_verified(
    cli: Cli, tmp_path: Path, mirror: str
) -> None:
    write_archive(tmp_path / "mirror" / "glove.6B.zip", "glove.6B.50d.txt")
    target = tmp_path / "new" / "glove" / "glove.6B.zip"
    for word in ("downloaded", "kept"):
        found = cli("data", "fetch", "glove.6B", "--data-dir", "new", "--from", mirror)
        assert (found.code, found.out) == (0, f"{word} {target} (unverified)\n")
        assert "the first download's is recorded" in found.err
        assert "note: terms of use: " in found.err
    assert target.read_bytes() == (tmp_path / "mirror" / "glove.6B.zip").read_bytes()


def test_fetch_shows_a_bar_to_who_looks_on(
    cli: Cli, tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    write_archive(tmp_path / "mirror" / "glove.6B.zip", "glove.6B.50d.txt")
    found = cli("data", "fetch", "glove.6B", "--data-dir", "new", "--from", mirror)
    assert found.code == 0
    assert "glove.6B.zip" in found.err
    assert found.out == f"downloaded {tmp_path / 'new' / 'glove' / 'glove.6B.zip'} (unverified)\n"


def test_fetch_leaves_what_was_put_by_hand(cli: Cli, tmp_path: Path, mirror: str) -> None:
    (tmp_path / "new" / "goemotions").mkdir(parents=True)
    target = tmp_path / "new" / "goemotions" / "test.tsv"
    target.write_text("put here by hand\n")
    found = cli("data", "fetch", "goemotions", "--data-dir", "new", "--from", mirror)
    assert found.code == 2
    assert "train.tsv: the server answered 404" in found.err
    assert [path.name for path in target.parent.iterdir()] == ["test.tsv"]


def test_fetch_of_what_needs_a_login_says_the_steps(cli: Cli, tmp_path: Path) -> None:
    found = cli("data", "fetch", "jigsaw", "--data-dir", "new")
    found.assert_failed(2)
    for needle in ("Kaggle", "test_labels.csv", str(tmp_path / "new" / "jigsaw")):
        assert needle in found.err
    assert not (tmp_path / "new").exists()


def test_fetch_replaces_what_differs_only_when_told(cli: Cli, tmp_path: Path, mirror: str) -> None:
    write_archive(tmp_path / "mirror" / "glove.6B.zip", "glove.6B.50d.txt")
    command = ("data", "fetch", "glove.6B", "--data-dir", ".", "--from", mirror)
    cli(*command)
    target = tmp_path / "glove" / "glove.6B.zip"
    target.write_text("cut")
    found = cli(*command)
    found.assert_failed(2)
    assert "--force" in found.err
    assert target.read_text() == "cut"
    assert cli(*command, "--force").code == 0
    assert zipfile.is_zipfile(target)


def test_fetch_refuses_files_that_are_not_the_official_ones(
    cli: Cli, tmp_path: Path, mirror: str
) -> None:
    names = [f"all/2018-E-c-{language}-{split}.txt" for language in ("En", "Ar", "Es")
             for split in ("train", "dev", "test-gold")]  # fmt: skip
    write_archive(tmp_path / "mirror" / "SemEval2018-Task1-all-data.zip", *names)
    found = cli("data", "fetch", "semeval2018-en", "--data-dir", "new", "--from", mirror)
    found.assert_failed(2)
    assert "2018-E-c-En-train.txt: expected the SHA-256 498893ef1ecc5698" in found.err
    assert str(tmp_path / "new" / "semeval2018") in found.err
    assert not (tmp_path / "new").exists()


def test_fetch_of_what_the_server_does_not_have(cli: Cli, tmp_path: Path, mirror: str) -> None:
    found = cli("data", "fetch", "semeval2018", "--data-dir", "new", "--from", mirror)
    found.assert_failed(2)
    assert "404" in found.err
    assert "https://saifmohammad.com/" in found.err
    assert not (tmp_path / "new").exists()


def test_there_is_nothing_to_fetch_of_what_ships_with_overtone(cli: Cli) -> None:
    found = cli("data", "fetch", "sample")
    assert (found.code, found.err) == (0, "")
    assert "ships with overtone" in found.out


@pytest.mark.parametrize("arguments", [["sampel"], ["sample2"], ["semeval2018", "--from", "x"]])
def test_fetch_of_a_wrong_name_or_address_is_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    cli("data", "fetch", *arguments).assert_failed(2)


def write_dev(folder: Path) -> None:
    """Write a dev file of two tweets, one joyful and one without a label."""
    rows = [["ID", "Tweet", *NAMES]]
    rows.append(["1", "feliz", *(str(int(name == "joy")) for name in NAMES)])
    rows.append(["2", "nada", *("0" for _ in NAMES)])
    lines = ["\t".join(row) for row in rows]
    (folder / "2018-E-c-Es-dev.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
