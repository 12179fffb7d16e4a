"""Texts as they are given: checked, and tokenised while the model computes those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from overtone.errors import InputError
from overtone.inputs import Encoded

CHUNK = 512
"""Texts that are cleaned and tokenised while the model computes those before them."""


def checked(texts: Iterable[str]) -> list[str]:
    """Return texts as a list, each of them checked.

    Raises:
        InputError: it is one text instead of a list of them, or something else is among them.

    """
    if isinstance(texts, str):
        raise InputError("expected a list of texts, found one text: pass [text]")
    found = list(texts)  # an iterator can be read only once
    for place, item in enumerate(found):
        if not isinstance(item, str):
            raise InputError(
                f"expected texts, found {type(item).__name__} at position {place}: "
                "leave out or fill the gaps"
            )
    return found


def encoded_ahead(
    texts: Sequence[str], encode: Callable[[Sequence[str]], Encoded]
) -> Iterator[Encoded]:
    """Yield chunks of texts, ready for the model; the next one is made while one is computed.

    The tokenizer and the backends work without Python's lock, so both go on at once.
    """
    if len(texts) <= CHUNK:  # one text must not wait for a thread to start
        yield encode(texts)
        return
    with ThreadPoolExecutor(1) as aside:
        ahead = aside.submit(encode, texts[:CHUNK])
        for first in range(CHUNK, len(texts), CHUNK):
            ready = ahead.result()
            ahead = aside.submit(encode, texts[first : first + CHUNK])
            yield ready
        yield ahead.result()
