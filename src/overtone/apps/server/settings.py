"""What a server takes on, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from overtone.config import Count, NotNegative, Range

Seconds = Annotated[float, Range(0.01)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits of one worker."""

    texts: Count = 128
    """Most texts a request."""
    characters: Count = 20_000
    """Most characters a text."""
    body_bytes: Count = 2**20
    """Most bytes of a request's body."""
    head_bytes: Annotated[int, Range(1024)] = 16 * 2**10
    """Most bytes of a request's first line and headers."""
    head_seconds: Seconds = 10
    """Longest time that a client may take to send them."""
    body_seconds: Seconds = 10
    """Longest time that a client may take to send the body."""
    connections: Count = 1000
    """Most open connections; one more is closed at once."""
    deadline_seconds: Seconds = 30
    """Longest time that a request waits for its answer."""
    queue_texts: Count = 1024
    """Most texts that wait to be computed."""
    queue_characters: Count = 2_000_000
    """Most characters of texts that wait, and most bytes of bodies that are being read."""
    batch_tokens: Count = 2048
    """About how many tokens are computed together: what a new request waits for at most before its
    turn, against what is computed efficiently."""
    batch_wait_seconds: NotNegative = 0.003
    """Longest time that a text waits for others to share its batch, where requests come together;
    one that comes alone doesn't wait."""
    drain_seconds: Count = 20
    """Longest time that accepted requests may take once the server was asked to stop."""
    access_log: bool = True
    """Whether each request is logged: method, route, status, time; never a query or a text."""
