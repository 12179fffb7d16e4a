"""A load generator: one process, raw sockets, so that it takes little of the CPU that it measures.

    python benchmarks/_load.py URL PLAN.json

reads texts, clients, seconds and a rate from the plan and prints what it found as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WAIT_SECONDS = 60


@dataclass(kw_only=True)
class Plan:
    """What is asked."""

    path: str
    bodies: list[str]
    """JSON; asked in turn."""
    clients: int
    """Connections; each asks again when it is answered, or when it is its turn."""
    seconds: float
    rate: float | None = None
    """Requests a second at even distances, whether answered or not; None: as fast as answered."""


@dataclass(kw_only=True)
class Found:
    """What came back."""

    seconds: float = 0
    statuses: Counter[int] = field(default_factory=Counter)
    """0 stands for a connection that broke, -1 for a request for which no connection was free."""
    latencies: list[float] = field(default_factory=list)
    """Seconds of the requests that were answered 200; with a rate, from when they were due."""
    cpu_seconds: float = 0
    """Of this process."""


class Client:
    """One connection, kept alive."""

    def __init__(self, host: str, port: int, path: str) -> None:
        """Store where to."""
        self._host, self._port, self._path = host, port, path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> int:
        """Return the status of an answer; 0 where the connection broke."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host, self._port)
                return await self._exchange(*self._streams, body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
            return 0

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
    ) -> int:
        writer.write(
            b"POST %b HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (self._path.encode(), len(body), body)
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


async def go(url: str, plan: Plan) -> Found:
    """Do what a plan says."""
    place = urlsplit(url)
    clients = [
        Client(str(place.hostname), int(place.port or 80), plan.path) for _ in range(plan.clients)
    ]
    found = Found()
    bodies = [body.encode() for body in plan.bodies]
    cpu, started = time.process_time(), time.perf_counter()
    end = started + plan.seconds
    if plan.rate is None:
        await asyncio.gather(
            *(_closed(client, bodies, n, end, found) for n, client in enumerate(clients))
        )
    else:
        await _open(clients, bodies, plan.rate, end, found)
    found.seconds = time.perf_counter() - started
    found.cpu_seconds = time.process_time() - cpu
    for client in clients:
        client.close()
    return found


async def _closed(
    client: Client, bodies: list[bytes], first: int, end: float, found: Found
) -> None:
    """Ask again and again."""
    place = first
    while (due := time.perf_counter()) < end:
        await _once(client, bodies[place % len(bodies)], due, found)
        place += 1


async def _open(
    clients: list[Client], bodies: list[bytes], rate: float, end: float, found: Found
) -> None:
    """Ask at even distances, on whatever connection is free."""
    free = list(clients)
    running: set[asyncio.Task[None]] = set()

    async def one(client: Client, body: bytes, due: float) -> None:
        await _once(client, body, due, found)
        free.append(client)

    due, place = time.perf_counter(), 0
    while due < end:
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        elif place % 16 == 0:
            await asyncio.sleep(0)
        if free:
            task = asyncio.create_task(one(free.pop(), bodies[place % len(bodies)], due))
            running.add(task)
            task.add_done_callback(running.discard)
        else:
            found.statuses[-1] += 1
        place += 1
        due += 1 / rate
    await asyncio.gather(*running)


async def _once(client: Client, body: bytes, due: float, found: Found) -> None:
    status = await client.ask(body)
    found.statuses[status] += 1
    if status == 200:  # noqa: PLR2004 - HTTP's OK
        found.latencies.append(time.perf_counter() - due)


def main() -> None:
    """Read the plan, carry it out, and print what was found."""
    url, file = sys.argv[1:]
    options: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    print(json.dumps(vars(asyncio.run(go(url, Plan(**options))))))


if __name__ == "__main__":
    main()
