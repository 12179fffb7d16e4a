"""What goes wrong on the way to the hub, each in one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants, errors, get_token

# Of whichever HTTP library the client is made with.
from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

from overtone.errors import InputError, OvertoneError
from overtone.hub.reference import Reference

LONGEST = 200
"""Characters of the hub's own words that are shown."""


class UnreachableError(OvertoneError):
    """The hub gives no answer: no network, switched off, or down."""


@contextmanager
def explained(reference: Reference) -> Iterator[None]:
    """Turn what huggingface_hub raises into one clear error, without any token in it.

    Raises:
        InputError: there is no such repository, revision or file, or it may not be read or written.
        UnreachableError: the hub can't be reached.
        OvertoneError: it answers with another failure.

    """
    try:
        yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        raise _explain(reference, error) from error


def _explain(reference: Reference, error: Exception) -> OvertoneError:
    """Return what to raise instead."""
    found: OvertoneError
    if isinstance(error, errors.GatedRepoError):
        found = InputError(
            f"{reference} asks its readers for consent: give it on the repository's page, and log "
            "in here with hf auth login (or set HF_TOKEN)"
        )
    elif isinstance(error, errors.RepositoryNotFoundError):
        found = InputError(f"expected a repository at {reference}, found none; {_access()}")
    elif isinstance(error, errors.RevisionNotFoundError):
        found = InputError(
            f"{reference}: the repository has no revision {reference.revision or 'main'!r}: name a "
            "branch, a tag or a commit that it has"
        )
    elif isinstance(error, errors.LocalEntryNotFoundError):
        found = UnreachableError(
            f"{reference} is not in the cache ({constants.HF_HUB_CACHE}), and {why()}"
        )
    elif isinstance(error, errors.EntryNotFoundError):
        found = InputError(f"{reference}: a file of the repository is gone; try again")
    elif isinstance(error, errors.HFValidationError):
        found = InputError(f"the hub takes no such name as {reference}: it takes user/name")
    elif isinstance(error, errors.HfHubHTTPError):
        found = _refused(reference, error)
    elif is_unreachable(error):
        found = UnreachableError(f"no way to the hub for {reference}: {why()}")
    elif isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        found = _explain(reference, error.__cause__)  # of one of several uploads
    else:
        found = OvertoneError(f"{reference}: {_words(str(error)) or type(error).__name__}")
    return found


def is_unreachable(error: BaseException) -> bool:
    """Return whether nobody answered, as opposed to an answer that is no."""
    offline = isinstance(error, errors.OfflineModeIsEnabled)
    network = isinstance(error, HTTPError) and not isinstance(error, errors.HfHubHTTPError)
    return offline or network or isinstance(error, ConnectionError | TimeoutError)


def why() -> str:
    """Return why the hub may be out of reach, and what to do."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set: unset it, or use a model that is on this disk"
    return f"{constants.ENDPOINT} gave no answer: check the connection, or try again later"


def _refused(reference: Reference, error: errors.HfHubHTTPError) -> OvertoneError:
    """Return what an answer of the hub means that isn't about what exists."""
    status = error.response.status_code
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        return InputError(f"the hub wants to know who asks for {reference}: {_access()}")
    if status == 403:  # noqa: PLR2004 - HTTP's own number
        return InputError(f"the token here may not do that to {reference}; {_access()}")
    said = _words(error.server_message or "")
    if status >= 500:  # noqa: PLR2004 - HTTP's own number
        return UnreachableError(f"the hub failed with {status} for {reference}: try again later")
    return OvertoneError(f"the hub refused {reference} with {status}{': ' * bool(said)}{said}")


def _access() -> str:
    """Return what to do about a repository that is not shown."""
    if not _token():
        return (
            "if it is private, or to write to it, log in with hf auth login or set HF_TOKEN: there "
            "is no token here"
        )
    return "check the name, and that the token here may read it (hf auth whoami), or write to it"


def _words(said: str) -> str:
    """Return the first line of what a library or the hub says, no token in it."""
    line = next(iter(said.strip().splitlines()), "")
    token = _token()
    return (line.replace(token, "…") if token else line)[:LONGEST]


def _token() -> str:
    """Return the token here; empty where there is none, or none that can be read."""
    try:
        return get_token() or ""
    except Exception:  # noqa: BLE001 - it may ask a service; an error is being explained already
        return ""
