"""The few kinds of error that overtone raises on purpose.

Each message says what was expected, what was found and what to do about it. The command line turns
them into one or two lines on standard error and an exit code; Python callers catch `OvertoneError`.
"""

from __future__ import annotations

from collections.abc import Sequence


class OvertoneError(Exception):
    """Something went wrong at run time; also the base of the kinds below. Exit code 1."""

    exit_code = 1


class InputError(OvertoneError):
    """What the caller gave can't be used: a file, an option, a name. Exit code 2."""

    exit_code = 2


class ConfigError(InputError):
    """One or more problems in a configuration, all of them reported together."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Store the problems, one line each."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class DataError(InputError):
    """A data file can't be read, or a line of it is not what its format promises."""


class MissingDataError(DataError):
    """A dataset's file is not there, as opposed to there and damaged."""


class BundleError(InputError):
    """A saved model is incomplete, changed or of another format."""


class MissingExtraError(InputError):
    """A command needs packages that the base install leaves out."""

    def __init__(self, extra: str, needed_for: str) -> None:
        """Name the extra, or several with commas between, and the command that installs it."""
        super().__init__(
            f"{needed_for} needs packages that are not installed: "
            f'run pip install "overtone[{extra}]"'
        )
