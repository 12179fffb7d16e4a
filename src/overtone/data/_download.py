"""Downloads one file with pooch: bounded in size, time and attempts."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from overtone.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import requests

ATTEMPTS = 3
WAIT = 2.0
"""Seconds before the second attempt; twice as many before the third."""
TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two bytes."""
CHUNK = 2**16
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500

Progress = Callable[[int, int], None]
"""Told how many bytes came, and how many are expected (0: not known)."""


def download(url: str, target: Path, limit: int, progress: Progress) -> None:
    """Download a file to a new path, which is the caller's to remove after an error.

    Args:
        url: an http or https address.
        target: where to write.
        limit: the most bytes to take.
        progress: told after each chunk.

    Raises:
        DataError: nothing, too little or too much came; the message begins with the address.
        MissingExtraError: pooch is not installed.

    """
    try:
        import pooch  # noqa: PLC0415 - the base install leaves it out
        import requests  # noqa: PLC0415 - pooch brings it
    except ImportError as error:
        raise MissingExtraError("train", "overtone data fetch") from error
    for attempt in range(1, ATTEMPTS + 1):
        with target.open("wb") as file, ExitStack() as answers:
            taken = _Taken(url, file, limit, progress, answers)
            fetch = pooch.HTTPDownloader(
                progressbar=taken,
                chunk_size=CHUNK,
                timeout=TIMEOUT,
                # As it is: the length that the server names is then that of the file.
                headers={"Accept-Encoding": "identity"},
                hooks={"response": taken.note},
            )
            try:
                fetch(url, taken, None)
            # requests lets through some ValueErrors about addresses.
            except (requests.RequestException, ValueError) as error:
                passing, reason = _explain(error)
                if not passing or attempt == ATTEMPTS:
                    raise DataError(f"{url}: {reason}{_so_far(taken)}") from error
            else:
                if taken.size < taken.total:
                    raise DataError(f"{url}: the download was cut off{_so_far(taken)}")
                return
        time.sleep(WAIT * attempt)


class _Taken:
    """The file and the progress bar that pooch writes to."""

    def __init__(
        self, url: str, file: BinaryIO, limit: int, progress: Progress, answers: ExitStack
    ) -> None:
        self.url, self.file, self.limit, self.progress = url, file, limit, progress
        self.answers = answers
        self.size = 0
        self.total = 0  # pooch sets it to what the server says

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if max(self.size, self.total) > self.limit:
            raise DataError(
                f"{self.url}: expected at most {self.limit:,} bytes, found more; this can't be the "
                "file that was asked for"
            )
        self.file.write(chunk)
        self.progress(self.size, self.total)

    def note(self, answer: requests.Response, **_: object) -> None:
        """Close the server's answer at the end: pooch leaves it open after an error."""
        self.answers.callback(answer.close)

    def flush(self) -> None:
        """Leave it to the file's buffer."""

    def update(self, size: int) -> None:
        """Ignore what pooch counts: whole chunks, though the last one is shorter."""

    def reset(self) -> None:
        """Nothing to do, as above."""

    def close(self) -> None:
        """Nothing to do, as above."""


def _explain(error: Exception) -> tuple[bool, str]:
    """Return whether it may pass, and what happened in words."""
    import requests  # noqa: PLC0415 - as above

    response = getattr(error, "response", None)
    if response is not None:
        code = response.status_code
        passing = code >= SERVER_ERROR or code == TOO_MANY_REQUESTS
        return passing, f"the server answered {code} {response.reason or ''}".rstrip()
    # A time-out inside the body arrives as another kind of error, with its cause in its text.
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return True, f"no answer within {TIMEOUT[1]:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return False, "the server's certificate is not valid"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return True, "the download was cut off"
    if isinstance(error, requests.ConnectionError):
        return True, "no connection; is there a network?"
    return False, "not an address that can be asked"


def _so_far(taken: _Taken) -> str:
    if not taken.size:
        return ""
    return f" after {taken.size:,}{f' of {taken.total:,}' if taken.total else ''} bytes"
