"""What may be wrong with a dataset: a plugin per kind of finding, over texts and labels.

A kind is one file here with a docstring, a `Config`, `TITLE`, `LEVEL` (one of `LEVELS`), `ADVICE`,
and `find(config, corpus) -> list[Finding]`, which raises `NotCheckedError` where something that it
needs is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overtone.config import find_plugin, parse, plugin_names
from overtone.errors import InputError
from overtone.insight.data_check.corpus import Corpus, Place

LEVELS = ("problem", "warning", "note")
"""What should be mended, what should be looked at, what is good to know."""


class NotCheckedError(Exception):
    """A kind can't be looked for; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding; it holds no text."""

    what: str
    """What it is, in words that others of its kind share, such as "across splits"."""
    rows: tuple[int, ...] = ()
    """The rows that it is about."""
    unread: tuple[Place, ...] = ()
    """Rows that can't be read, so have no number."""
    said: str = ""
    """More about this one."""
    labels: tuple[str, ...] = ()
    """The labels that it is about."""
    score: float | None = None
    """What findings of its kind are ranked by."""

    @property
    def size(self) -> int:
        """The number of rows that it is about."""
        return len(self.rows) + len(self.unread)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of looking for one kind."""

    kind: str
    title: str
    level: str
    advice: str
    findings: tuple[Finding, ...] = ()
    missing: str = ""
    """Why it was not looked for."""

    @property
    def size(self) -> int:
        """The number of rows that the findings are about, each counted once."""
        rows = {row for finding in self.findings for row in finding.rows}
        return len(rows) + sum(len(finding.unread) for finding in self.findings)


def kinds() -> list[str]:
    """Return the names of the kinds, what should be mended first."""
    return sorted(
        plugin_names(__name__),
        key=lambda name: (LEVELS.index(find_plugin(__name__, name).LEVEL), name),
    )


def configs(options: Mapping[str, Any], only: Sequence[str] = ()) -> dict[str, Any]:
    """Return the checked options of the kinds to look for, by name.

    Args:
        options: those of each kind, by its name.
        only: the kinds; all where there is none.

    Raises:
        InputError: there is no such kind, or an option is not one of its options.

    """
    known = kinds()
    if unknown := [name for name in (*only, *options) if name not in known]:
        raise InputError(
            f"expected kinds of findings, found {unknown[0]!r}; there are: {', '.join(known)}"
        )
    return {
        name: parse(find_plugin(__name__, name).Config, options.get(name, {}), where=name)
        for name in known
        if not only or name in only
    }


def check(
    corpus: Corpus, chosen: Mapping[str, Any], tell: Callable[[str], None] = lambda _: None
) -> list[Found]:
    """Look for faults.

    Args:
        corpus: what is checked.
        chosen: what is looked for, from `configs`.
        tell: hears what is looked for now.

    Raises:
        ImportError: the packages of the extra `check` are not installed.

    """
    found = []
    for name, config in chosen.items():
        kind = find_plugin(__name__, name)
        tell(kind.TITLE)
        findings: Sequence[Finding] = ()
        missing = ""
        try:
            findings = kind.find(config, corpus)
        except NotCheckedError as error:
            missing = str(error)
        found.append(
            Found(
                kind=name,
                title=kind.TITLE,
                level=kind.LEVEL,
                advice=kind.ADVICE,
                findings=tuple(findings),
                missing=missing,
            )
        )
    return found
