"""The command line. Each command is one file here; this one joins them and reports errors.

Exit codes: 0 done, 1 failure at run time, 2 bad usage or input, 128 + n stopped by signal n.
"""

from __future__ import annotations

import logging
import signal
import sys
from typing import Annotated

import typer

from overtone import __version__
from overtone.apps.cli import (
    adapt,
    compare,
    compress,
    cooccur,
    crossvalidate,
    data,
    decide,
    evaluate,
    explain,
    export,
    identity,
    models,
    predict,
    push,
    score,
    serve,
    study,
    summarise,
    train,
    tune,
)
from overtone.apps.cli.printable import printable
from overtone.errors import OvertoneError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train.train)
app.command()(adapt.adapt)
app.command()(tune.tune)
app.command()(evaluate.evaluate)
app.command()(crossvalidate.crossvalidate)
app.command()(compare.compare)
app.command()(cooccur.cooccur)
app.command()(identity.identity)
app.command()(predict.predict)
app.command()(explain.explain)
app.command()(score.score)
app.command()(summarise.summarise)
app.command()(serve.serve)
app.command()(decide.decide)
app.command()(compress.compress)
app.command()(export.export)
app.command()(push.push)
app.command()(study.study)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"overtone {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks. Works in any place.")
    ] = False,
) -> None:
    """Hear every emotion in a text, not only the loudest: multi-label emotion recognition."""


class _Messages(logging.Formatter):
    """Writes a record as "note: …" or "warning: …"."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the level in words and the message."""
        level = "note" if record.levelno == logging.INFO else record.levelname.lower()
        return printable(f"{level}: {record.getMessage()}")


def _show_messages() -> None:
    """Print overtone's own messages on standard error; other libraries' stay theirs."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Messages())
    log = logging.getLogger("overtone")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def run() -> None:
    """Run the command line of this process and exit."""
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:end]
    arguments = [word for word in arguments[:end] if word != "--debug"] + arguments[end:]
    _show_messages()
    if hasattr(signal, "SIGPIPE"):
        # A reader that leaves, as `| head` does, ends this process quietly, as it ends others.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # Asked to end, leave as after an error, so that nothing half-written stays.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        # Not typer's standalone mode, which prints usage errors over six lines.
        sys.exit(app(args=arguments, prog_name="overtone", standalone_mode=False))
    except Exception as error:
        if debug:
            raise
        message, code = _explain(error)
        if message:
            lines = [printable(line) for line in f"error: {message}".splitlines()]
            typer.echo("\n".join(lines), err=True)
        sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    """Return what to print of an error, and the exit code."""
    if isinstance(error, OvertoneError):
        return str(error), error.exit_code
    if isinstance(error, typer.TyperException):
        # Without arguments the help is the message; it is printed already, and the text is empty.
        text = error.format_message() if hasattr(error, "format_message") else str(error)
        return f"{text.rstrip('.')}; see overtone --help" if text else "", 2
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}", 1
    return (
        f"{type(error).__name__}: {error}\nthis should not happen; add --debug to see where, and "
        "please report it"
    ), 1
