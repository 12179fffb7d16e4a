"""The reference of the command line, from the commands themselves: a page of MyST for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from overtone.apps import cli

EXIT_CODES = (
    "Exit codes: 0 done, 1 failure at run time, 2 bad usage or input, 128 + n stopped by signal n."
)
PANEL = "Options"
"""The heading of options that are in no panel of their own."""


def pages() -> dict[str, str]:
    """Return each page's text by its name, `index` among them."""
    root: Any = typer.main.get_command(cli.app)
    commands = {name: command for name, command in root.commands.items() if not command.hidden}
    made = {name: _page(command, name) for name, command in commands.items()}
    return {"index": _index(root, commands), **made}


def _index(root: Any, commands: dict[str, Any]) -> str:  # noqa: ANN401 - typer's own click
    """Return the page that lists the commands."""
    rows = [f"| [`{name}`]({name}.md) | {_first(command)} |" for name, command in commands.items()]
    return "\n".join([
        "# Command line", "", _words(root.help), "",
        "```", "overtone [--debug] COMMAND …", "overtone COMMAND --help", "```", "",
        "| command | |", "|---|---|", *rows, "",
        EXIT_CODES, "",
        "## Options of every command", "", *_options("overtone", root, None),
        "```{toctree}", ":hidden:", "", *commands, "```", "",
    ])  # fmt: skip


def _page(command: Any, name: str) -> str:  # noqa: ANN401
    """Return the page of a command, or of a group and its commands."""
    lines = [f"# overtone {name}", "", *_body(command, f"overtone {name}", "##")]
    for inner, below in getattr(command, "commands", {}).items():
        whole = f"overtone {name} {inner}"
        lines += [f"## {whole}", "", *_body(below, whole, "###")]
    return "\n".join(lines)


def _body(command: Any, whole: str, heading: str) -> Iterator[str]:  # noqa: ANN401
    """Yield what a command does, how it is called, its arguments and its options by panel."""
    yield from (_words(command.help), "")
    usage = " ".join(command.collect_usage_pieces(command.context_class(command)))
    yield from ("```", f"{whole} {usage}", "```", "")
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    if arguments:
        yield from (f"{heading} Arguments", "")
        for each in arguments:
            yield from (f"`{each.metavar or each.name.upper()}`", f": {_words(each.help)}", "")
    options = [each for each in command.params if each.param_type_name == "option"]
    for panel in dict.fromkeys(each.rich_help_panel for each in options):
        yield from (f"{heading} {panel or PANEL}", "", *_options(whole, command, panel))


def _options(program: str, command: Any, panel: str | None) -> Iterator[str]:  # noqa: ANN401
    """Yield the options of one panel."""
    yield from (f"```{{program}} {program}", "```", "")
    for each in command.params:
        hidden = each.param_type_name != "option" or each.hidden or each.name == "help"
        if hidden or each.rich_help_panel != panel:
            continue
        flag = "" if each.is_flag else f" {each.metavar or _kind(each)}"
        names = ", ".join(f"{name}{flag}" for name in (*each.opts, *each.secondary_opts))
        yield from (f"````{{option}} {names}", _words(each.help), *_facts(each), "````", "")


def _facts(option: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield what holds of an option besides its help."""
    facts = []
    if option.required:
        facts.append("Required.")
    if option.default not in (None, (), [], "", False) and not callable(option.default):
        facts.append(f"Default: `{option.default}`.")
    if option.min is not None or option.max is not None:
        bounds = (("at least", option.min), ("at most", option.max))
        facts.append(", ".join(f"{word} {end}" for word, end in bounds if end is not None) + ".")
    if option.multiple and "repeatable" not in (option.help or ""):
        facts.append("Repeatable.")
    if option.envvar:
        facts.append(f"Environment variable: `{option.envvar}`.")
    if facts:
        yield from ("", " ".join(fact[0].upper() + fact[1:] for fact in facts))


def _kind(option: Any) -> str:  # noqa: ANN401
    """Return what stands for an option's value."""
    kind = option.type_descriptor.annotation
    return {"int": "INTEGER", "float": "NUMBER", "Path": "PATH"}.get(
        getattr(kind, "__name__", ""), "TEXT"
    )


def _first(command: Any) -> str:  # noqa: ANN401
    """Return the first sentence of a command's help."""
    return _words(command.help).split("\n\n")[0].replace("\n", " ")


def _words(text: str | None) -> str:
    """Return help as Markdown: what Markdown would take for its own stands as it is."""
    text = "\n".join(line.strip() for line in (text or "").splitlines())
    code = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<\[\]|])", r"\\\1", part) for part in code
    )
