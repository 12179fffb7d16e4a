"""Arguments and options that several commands share, and the check for their extras."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from overtone.errors import MissingExtraError

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The folder of a run or a bundle.")]
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
JsonTo = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - is standard output.")
]


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
