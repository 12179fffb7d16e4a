"""`overtone data check`: what it prints and writes, and that no text is in it unasked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

FAULTS = (
    "text,joy,anger\n"
    "what a lovely day in the zanzibar garden,1,0\n"
    "What a lovely day in the  zanzibar garden,0,1\n"
    ",1,0\n"
    '"write to zanzibar@example.com <b>now</b>, please",0,1\n'
    "a zanzibar cafÃ© in the old town,1,0\n"
)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.csv"
    path.write_bytes(FAULTS.encode() + b"a caf\xe9 zanzibar,1,0\n")
    return path


def kinds(found: str) -> dict[str, Any]:
    return {kind["kind"]: kind for kind in json.loads(found)["kinds"]}


def test_a_file_s_faults_are_counted_and_its_texts_are_not_shown(cli: Cli, faulty: Path) -> None:
    found = cli("data", "check", faulty, "--json", "all.json", "--html", "all.html")
    assert found.code == 0, found.err
    written = [(faulty.parent / name).read_text() for name in ("all.json", "all.html")]
    for shown in (found.out, found.err, *written):
        assert "zanzibar" not in shown
    assert "Duplicates" in found.out
    assert "all 2, all 3" in found.out
    by_kind = kinds(written[0])
    rows = {
        name: [[row["id"] for row in one["rows"]] for one in kind["findings"]]
        for name, kind in by_kind.items()
    }
    assert rows["duplicates"] == rows["contradictions"] == [["2", "3"]]
    assert rows["empty_texts"] == [["4"]]
    assert rows["personal_data"] == [["5"]]
    assert rows["encodings"] == [["7"], ["6"]]
    assert by_kind["encodings"]["by_what"] == {"bytes that are no UTF-8": 1, "mojibake": 1}
    assert "--model" in by_kind["label_errors"]["not_checked"]


def test_texts_are_shown_where_asked_for_escaped_and_without_addresses(
    cli: Cli, faulty: Path
) -> None:
    found = cli("data", "check", "--dataset", faulty, "--show-texts", "--html", "all.html",
                "--json", "all.json")  # fmt: skip
    assert found.code == 0, found.err
    page, written = ((faulty.parent / f"all.{kind}").read_text() for kind in ("html", "json"))
    for shown in (found.out, page, written):
        assert "what a lovely day in the zanzibar garden" in shown
        assert "write to [e-mail]" in shown
        assert "zanzibar@" not in shown
    assert "<b>now" not in page
    assert "&lt;b&gt;now" in page


def test_json_on_standard_output_is_all_there_is(cli: Cli) -> None:
    found = cli("data", "check", "sample", "--only", "duplicates,personal_data", "--json", "-")
    assert (found.code, found.err) == (0, "")
    assert list(kinds(found.out)) == ["duplicates", "personal_data"]
    assert json.loads(found.out)["splits"] == {"train": 407, "dev": 92, "test": 92}


def test_dev_and_test_files_are_compared_with_the_file(cli: Cli, tmp_path: Path) -> None:
    for name, text in (("train", "one and the same"), ("dev", "One and the same"), ("test", "x y")):
        (tmp_path / f"{name}.csv").write_text(f"text,joy\n{text},1\nother of {name},0\n")
    found = cli("data", "check", "train.csv", "--dev", "dev.csv", "--test", "test.csv",
                "--only", "duplicates", "--json", "-")  # fmt: skip
    (one,) = kinds(found.out)["duplicates"]["findings"]
    assert one["what"] == "across splits"
    assert one["rows"] == [{"split": "train", "id": "2"}, {"split": "dev", "id": "2"}]


def test_options_of_kinds_are_taken(cli: Cli, faulty: Path) -> None:
    found = cli("data", "check", faulty, "--set", "personal_data.handles=false",
                "--set", "duplicates.fewest=1000", "--json", "-")  # fmt: skip
    assert kinds(found.out)["duplicates"]["findings"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected one dataset or file, found 0"),
        (["sample", "--dataset", "sample"], "found 2"),
        (["smaple"], "no dataset is called 'smaple'"),
        (["sample", "--only", "typos"], "near_duplicates"),
        (["sample", "--set", "duplicates.similarity=1"], "duplicates.similarity is not an option"),
        (["sample", "--set", 'languages.expected=["english"]'], "must be one of ace, af"),
        (["sample", "--text-column", "x"], "--text-column"),
        (["gone.csv"], "gone.csv"),
        (["sample", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_wrong_usage_is_refused(cli: Cli, arguments: list[str], message: str) -> None:
    found = cli("data", "check", *arguments)
    found.assert_failed(2)
    assert message in found.err


def test_ids_that_stand_there_twice_are_findings(cli: Cli, tmp_path: Path) -> None:
    rows = ["id,text,joy", "a,a lovely day,1", "b,the bus is late,0", "a,all is well,1", ",so,1"]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "dev.csv").write_text("id,text,joy\na,nobody came,1\n")
    found = cli("data", "check", "a.csv", "--dev", "dev.csv", "--id-column", "id", "--json", "-")
    assert found.code == 0, found.err
    [one] = kinds(found.out)["repeated_ids"]["findings"]
    assert (one["what"], one["said"]) == ("the same id", "lines 2, 4")
    assert one["rows"] == [{"split": "train", "id": "a"}] * 2


def test_an_empty_file_is_called_empty(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    found = cli("data", "check", "empty.csv")
    assert found.code == 2
    assert "empty.csv is empty (0 bytes): expected a header and rows" in found.err


def test_ids_and_names_cannot_steer_terminal_or_page(cli: Cli, tmp_path: Path) -> None:
    lines = ['id,text,"<i>\x1b[31m"', "\x1b[1m<u>1,a b,1", "2,A B,0"]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    found = cli("data", "check", "a.csv", "--id-column", "id", "--text-column", "text",
                "--labels", "<i>\x1b[31m", "--html", "a.html")  # fmt: skip
    assert found.code == 0, found.err
    assert "\x1b" not in found.out + found.err
    page = (tmp_path / "a.html").read_text()
    assert "<u>" not in page
    assert "<i>" not in page
    assert "&lt;u&gt;1" in page


def test_a_model_shows_cuts_and_judges_only_what_it_has_not_learned(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    found = cli("data", "check", "sample", "--model", run, "--json", "-")
    assert found.code == 0, found.err
    assert "overtone crossvalidate" in found.err
    by_kind = kinds(found.out)
    places = {row["split"] for one in by_kind["label_errors"]["findings"] for row in one["rows"]}
    assert "train" not in places
    labels = ",".join(json.loads(found.out)["labels"])
    cells = ",".join("0" * (labels.count(",") + 1))
    lines = [f"text,{labels}", f"{'sea ' * 300},{cells}", f"the sea,{cells}"]
    (tmp_path / "long.csv").write_text("\n".join(lines) + "\n")
    found = cli("data", "check", "long.csv", "--text-column", "text", "--labels", labels,
                "--model", run, "--only", "lengths", "--json", "-")  # fmt: skip
    (one,) = kinds(found.out)["lengths"]["findings"]
    assert (one["what"], one["rows"]) == ("cut by the model", [{"split": "all", "id": "2"}])


def test_a_model_for_other_labels_is_refused(cli: Cli, run: Path, faulty: Path) -> None:
    found = cli("data", "check", faulty, "--model", run, "--only", "label_errors")
    found.assert_failed(2)
    assert "the model's labels are" in found.err
