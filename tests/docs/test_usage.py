"""Every command, Python example and TOML file in the pages is one that overtone understands."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest
from docs.extensions.option_pages import keys
from tests.docs.blocks import (
    FENCED,
    MARKS,
    PAGES,
    REASONS,
    ROOT,
    blocks,
    commands,
    mentioned,
    scripts,
)
from tests.docs.usage import prepare, problem, problem_of_part

import overtone

BENCHMARK = re.compile(r"python (benchmarks/\w+\.py)((?:[^`\n\\]|\\\n)*)")
SETTING = re.compile(r"--set '?([a-z_]+)\.([A-Za-z_.]+)=")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_commands_are_understood(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = []
    for words in (words for script in scripts(page) for words in commands(script)):
        prepare(words, tmp_path)
        check = problem_of_part if "…" in " ".join(words) else problem
        if said := check(words):
            wrong.append(f"overtone {' '.join(words)}: {said}")
    assert wrong == []


@pages
def test_settings_name_what_a_recipe_has(page: Path) -> None:
    known = keys()
    given = SETTING.findall(page.read_text(encoding="utf-8"))
    # `section.KEY` in capitals stands for any.
    wrong = [
        (section, key)
        for section, key in given
        if not key.isupper() and key.split(".")[-1] not in known.get(section, ())
        and not key.startswith(("prompts.", "positive_weights.", "thresholds."))
    ]  # fmt: skip
    assert wrong == []


@pages
def test_commands_in_sentences_exist(page: Path) -> None:
    wrong = [(words, said) for words in mentioned(page) if (said := problem_of_part(words[1:]))]
    assert wrong == []


@pages
def test_python_fits_the_interface(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            for node in ast.walk(ast.parse(block.text)):
                check(node)


def check(node: ast.AST) -> None:
    """Fail where an import or a call of overtone names what isn't there."""
    match node:
        case ast.ImportFrom(module=str(module), names=names) if module.startswith("overtone"):
            for each in names:
                assert hasattr(importlib.import_module(module), each.name)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="overtone"), attr=name)):
            keys = {each.arg: None for each in node.keywords if each.arg}
            inspect.signature(getattr(overtone, name)).bind(*[None] * len(node.args), **keys)


@pages
def test_toml_is_toml(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            assert tomllib.loads(block.text)


@pages
def test_every_block_of_code_says_how_it_is_run(page: Path) -> None:
    wrong = [
        block
        for block in blocks(page)
        if block.language != "toml"
        and (block.language not in {"sh", "python"} or block.mark not in MARKS
             or (block.mark == "not-run") != (block.reason in REASONS))
    ]  # fmt: skip
    assert wrong == []


@pages
def test_no_command_hides_in_a_block_without_a_language(page: Path) -> None:
    fenced = [match[0] for match in FENCED.finditer(page.read_text(encoding="utf-8"))]
    bare = "".join(text for text in fenced if text.startswith("```\n"))
    assert not re.search(r"^(overtone|python|pip) ", bare, re.MULTILINE)


@pages
def test_guides_have_no_commands_that_are_only_indented(page: Path) -> None:
    if page.parent.name == "how-to":
        assert len(scripts(page)) == sum(block.language == "sh" for block in blocks(page))


@pages
def test_benchmarks_and_their_options_exist(page: Path) -> None:
    wrong = []
    for script, rest in BENCHMARK.findall(page.read_text(encoding="utf-8")):
        file = ROOT / script
        code = file.read_text(encoding="utf-8") if file.is_file() else ""
        wrong += [(script, option) for option in re.findall(r"(?<!\S)--[a-z-]+", f"{script} {rest}")
                  if f'"{option}"' not in code]  # fmt: skip
        wrong += [] if code else [(script, "")]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("overtone predict runs/first text", ""),
        ("cat texts.txt | overtone predict runs/first --json -", ""),
        ("for s in 0 1; do overtone train --dataset sample --seed $s --output r; done", ""),
        ("torchrun -m overtone train --dataset sample --output r", ""),
        ("overtone fly runs/first", "no such command"),
        ("overtone data fly", "no such command"),
        ("overtone predict --loud runs/first text", "No such option"),
        ("overtone train --dataset sample --output r --seed many", "valid integer"),
        ("overtone predict", "Missing argument"),
    ],
)
def test_the_check_tells_right_from_wrong(line: str, wrong: str) -> None:
    (words,) = commands(line)
    said = problem(words)
    assert wrong in said
    assert bool(said) == bool(wrong)


def test_options_of_parts_are_checked() -> None:
    assert problem_of_part(["evaluate", "--calibration"]) == ""
    assert "--calibrate" in problem_of_part(["evaluate", "--calibrate"])
