"""Arguments and options that several commands share, and the check for their extras."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overtone import atomic
from overtone.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from overtone.labels import Labels

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A run, a bundle, a model that ships (tweets-11), or hub:user/name."
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="OVERTONE_DATA_DIR",
        help="Where the datasets' files are. By default the user's cache.",
        exists=True,
        file_okay=False,
    ),
]
ScoredSplit = Annotated[
    str | None,
    typer.Option("--split", help="train, dev or test; of a file also all, its default."),
]
DataSettings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="data.KEY=VALUE", help="The dataset's options; repeatable."),
]
JsonTo = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - is standard output.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Such as loss.alpha=0.3; repeatable."),
]

Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="[LABEL=]NUMBER",
        help="Decide by this instead, for all labels or for one; repeatable.",
    ),
]

DatasetOrFile = typer.Option(
    "--dataset", metavar="NAME|FILE", help="As `overtone data list` shows them, or a table."
)


def thresholds(given: Sequence[str], labels: Labels) -> dict[str, float] | None:
    """Return the thresholds of some labels or all; None where none is given.

    Args:
        given: numbers, and numbers by label name, such as `joy=0.3`, which come first.
        labels: the model's.

    Raises:
        InputError: one is of neither form.

    """
    common: dict[str, float] = {}
    named: dict[str, float] = {}
    for word in given:
        # The last sign: a label's name may have one.
        name, equals, number = word.rpartition("=")
        try:
            value = float(number)
        except ValueError as error:
            raise InputError(
                f"--threshold takes a number, or a label and a number as joy=0.3, found {word!r}"
            ) from error
        if equals:
            named[name.strip()] = value
        else:
            common = dict.fromkeys(labels.names, value)
    return {**common, **named} or None


def data_settings(settings: Sequence[str]) -> dict[str, object]:
    """Return the dataset's options among settings.

    Raises:
        InputError: a setting is about something else, or is none.

    """
    from overtone.config import override

    table = override({}, settings)
    if other := sorted(table.keys() - {"data"}):
        raise InputError(
            f"expected --set data.KEY=VALUE, an option of the dataset, found one of {other[0]}: "
            "what a model was trained with can't be changed now"
        )
    options: dict[str, object] = table.get("data", {})
    return options


def write_json(to: str, content: object) -> None:
    """Write JSON to the file that --json named, or to standard output."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if to == "-":
        sys.stdout.write(text)
    else:
        atomic.write_text(Path(to), text)


def quieten_libraries() -> None:
    """Keep transformers and the hub's client from printing bars and retries of their own."""
    import huggingface_hub
    import transformers

    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
    huggingface_hub.logging.set_verbosity_error()


@contextmanager
def needs(extra: str, command: str) -> Iterator[None]:
    """Turn a package that can't be imported into the command that installs it."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(extra, f"overtone {command}") from error


@contextmanager
def says_how_to_go_on(option: str = "--resume") -> Iterator[None]:
    """Turn a run that was asked to stop into the command that goes on, and its exit code.

    Args:
        option: what that command has besides; empty where it is the same one.

    """
    from overtone.training.ranks import is_first_process, number_of_processes
    from overtone.training.stopping import Interrupted

    try:
        yield
    except Interrupted as stopped:
        if not is_first_process():
            raise typer.Exit(stopped.exit_code) from stopped
        if number_of_processes() > 1:
            more = f" and {option}" if option else ""
            typer.echo(f"{stopped}; go on with the same command{more}", err=True)
            raise typer.Exit(stopped.exit_code) from stopped
        again = [word for word in sys.argv[1:] if word != option]
        again += [option] if option else []
        typer.echo(f"{stopped}; go on with: overtone {shlex.join(again)}", err=True)
        raise typer.Exit(stopped.exit_code) from stopped
