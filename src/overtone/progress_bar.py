"""A progress bar on standard error, where somebody looks on."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, ProgressColumn


class Bar(Progress):
    """A bar that is gone when what it shows is done; where there is no terminal, none at all."""

    def __init__(self, *columns: str | ProgressColumn, quiet: bool = False) -> None:
        """Prepare to show columns; where `quiet`, what is printed to its console isn't either."""
        console = Console(stderr=True, quiet=quiet)
        super().__init__(
            *columns,
            console=console,
            transient=True,
            redirect_stdout=False,  # what is printed there is not for standard error
            disable=not console.is_terminal,
        )
