"""The options of a file of one's own: one parameter of a command stands for all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

import typer

from overtone.errors import InputError

OWN = "Files of your own"
IdColumn = Annotated[
    str | None, typer.Option("--id-column", help="What names the rows.", rich_help_panel=OWN)
]


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """How to read a table."""

    text_column: Annotated[
        str | None,
        typer.Option("--text-column", help="The column of the texts.", rich_help_panel=OWN),
    ] = None
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", metavar="A,B,C", help="The columns of 0 and 1.", rich_help_panel=OWN
        ),
    ] = None
    label_column: Annotated[
        str | None,
        typer.Option(
            "--label-column",
            help="Instead: the column that lists labels' names.",
            rich_help_panel=OWN,
        ),
    ] = None
    separator: Annotated[
        str | None,
        typer.Option(
            "--separator",
            help="What stands between them; by default , ; or |, as found.",
            rich_help_panel=OWN,
        ),
    ] = None
    soft_labels: Annotated[
        bool,
        typer.Option("--soft-labels", help="Take numbers between 0 and 1.", rich_help_panel=OWN),
    ] = False

    def options(self, dataset: str | None, **more: str | None) -> dict[str, object]:
        """Return the dataset's options that were given.

        Args:
            dataset: what --dataset names.
            more: options that not every command has.

        Raises:
            InputError: they don't go together, or the dataset is no such file.

        """
        from overtone import data

        given = more | {field.name: getattr(self, field.name) for field in fields(self)}
        options = {key: value for key, value in given.items() if value not in (None, False)}
        if self.labels is not None:
            if self.label_column is not None:
                raise InputError(
                    "expected --labels (columns of 0 and 1) or --label-column (one column of "
                    "names), found both: give one; the names under --label-column are found in "
                    "the file"
                )
            names = [name for part in self.labels.split(",") if (name := part.strip())]
            if not names:
                raise InputError(f"--labels takes names with commas between, found {self.labels!r}")
            options["labels"] = names
        if options and dataset in data.names():
            said = ", ".join(f"--{key.replace('_', '-')}" for key in options)
            raise InputError(
                f"expected a file of your own for {said}, found the dataset {dataset}: leave them "
                "out, or name a file with --dataset"
            )
        return options


@dataclass(frozen=True, kw_only=True)
class OwnFile(OwnTable):
    """How to read a table, and what its rows are called and belong to."""

    group_column: Annotated[
        str | None,
        typer.Option(
            "--group-column",
            help="Rows that have the same there go to the same part, or fold.",
            rich_help_panel=OWN,
        ),
    ] = None
    id_column: IdColumn = None


@dataclass(frozen=True, kw_only=True)
class ScoredFile(OwnFile):
    """How to read a table, and which labels of it, or of any other data, are scored."""

    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="A,B,C",
            help="Which labels of the data; of a file also its columns of 0 and 1. Where the model "
            "was not trained on them it is asked for them (spanemo only; experimental), also by "
            "other words: gladness=joy.",
        ),
    ] = None

    def asked(self) -> dict[str, str] | None:
        """Return what is asked for, and of each the label of the data; None where nothing is.

        Raises:
            InputError: the same is asked for twice.

        """
        if self.labels is None:
            return None
        found: dict[str, str] = {}
        for part in self.labels.split(","):
            word, _, label = part.partition("=")
            word = word.strip()
            if word in found:
                raise InputError(
                    f"a label may be asked for once, found {word!r} again: leave one out"
                )
            found[word] = label.strip() or word
        return found


def takes_own_file(command: Callable[..., None]) -> Callable[..., None]:
    """Show the fields of the command's parameter `own` as options, for it to get them as one.

    Typer reads a command's signature; this gives it one with the fields in the parameter's place.
    """
    signature = inspect.signature(command, eval_str=True)
    kind: type[OwnTable] = signature.parameters["own"].annotation
    hints = get_type_hints(kind, include_extras=True)
    shown: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        if parameter.name != "own":
            shown.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        shown += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
            for field in fields(kind)
        ]

    @functools.wraps(command)
    def with_own_file(**given: Any) -> None:  # noqa: ANN401 - as the command takes them
        own = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(own=own, **given)

    with_own_file.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    return with_own_file
