"""A command's words against the command line itself, which parses them and runs nothing."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from overtone.apps import cli


@cache
def program() -> Any:  # noqa: ANN401 - typer's own click, which has no public types
    return typer.main.get_command(cli.app)


def problem(words: list[str]) -> str:
    """Return what is wrong with the words of a whole command; nothing where it would start."""
    command, rest, wrong = found(words)
    if wrong:
        return wrong
    if "--help" in rest or hasattr(command, "commands"):
        return ""
    try:
        command.make_context("overtone", list(map(plain, rest)))
    except typer.TyperException as error:
        return error.format_message()
    return ""


def problem_of_part(words: list[str]) -> str:
    """Return what is wrong with a command that is shown in part: its name and options exist."""
    command, rest, wrong = found(words)
    if wrong:
        return wrong
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "--debug", "--version"}
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]
    return f"no such option: {', '.join(unknown)}" if unknown else ""


def found(words: list[str]) -> tuple[Any, list[str], str]:
    """Return the command that the first words name, the words after it, and what is wrong."""
    command, rest = program(), list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name in command.commands:
            command = command.commands[name]
        elif name.isupper() or "|" in name:  # `overtone COMMAND`, `overtone data list|show`
            break
        else:
            return command, rest, f"no such command: {name}"
    return command, rest, ""


def plain(word: str) -> str:
    """Return a word with a number for the shell's variables, which may stand for one."""
    return "1" if word.startswith("$") else word


def prepare(words: list[str], folder: Path) -> None:
    """Make the folders and files that a command wants to be there before it starts."""
    for option, value in pairwise(words):
        if option == "--data-dir":
            (folder / value).mkdir(exist_ok=True)
        elif option == "--terms":
            (folder / value).touch()
