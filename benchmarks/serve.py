"""What the server does under load, beside the same model in bulk and in a plain FastAPI.

    python benchmarks/serve.py runs/first --seconds 20
    python benchmarks/serve.py runs/first --only soak --seconds 600

The load comes from a second process on loopback, which shares the cores with the server; the CPU
time of both is measured and printed, and `deducted` is the rate that the server would have had on
what was left to it. Phases: bulk (the backend alone), one (a client at a time), max (64 clients, a
text a request), half (half that rate), single (3 times that rate), sixteen (10 times, 16 texts a
request), plain (FastAPI and transformers' pipeline), soak (max for as long, memory every second).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import _load
import psutil
from _load import Found, Plan
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from overtone import data
from overtone.models import encoders

CLIENTS = 64
WAIT_SECONDS = 300
PHASES = ("bulk", "one", "max", "half", "single", "sixteen", "plain")
CORES = len(os.sched_getaffinity(0))
OK = 200
AIMS = {
    "max / bulk": (0.6, "more"),
    "max / bulk, deducted": (0.8, "more"),
    "half p99 / one p50": (10.0, "less"),
    "single goodput / max": (0.8, "more"),
    "sixteen goodput / max": (0.8, "more"),
    "max / plain": (3.0, "more"),
}


@dataclass(frozen=True)
class Measured:
    """A phase."""

    texts_a_second: float
    p50: float
    p99: float
    statuses: dict[int, int]
    server_cpu: float
    """Share of all cores."""
    load_cpu: float
    """Share of all cores."""
    memory_mb: float
    """Most of the server, all its processes."""

    @property
    def deducted(self) -> float:
        """Return the texts a second, had the load taken nothing."""
        return self.texts_a_second / (1 - self.load_cpu)


def main() -> None:
    """Run the phases and print a table, and the figures beside what they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20, help="of each phase")
    parser.add_argument("--only", action="append", choices=[*PHASES, "soak"])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--encoder", default="minilm", help="of the plain server")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    phases = options.only or PHASES
    texts = data.load("sample", "train").texts
    found: dict[str, Measured] = {}
    if "bulk" in phases:
        rate = bulk(options.model, options.backend, texts, options.seconds)
        found["bulk"] = Measured(rate, 0, 0, {}, 0, 0, 0)
        show("bulk", found["bulk"])
    if set(phases) - {"bulk", "plain"}:
        command = [
            "-m", "overtone", "serve", options.model, "--port", "0", "--backend", options.backend,
            "--workers", str(options.workers), "--set", "server.access_log=false",
            *(word for one in options.set for word in ("--set", one)),
        ]  # fmt: skip
        with server(command, options.workers) as (url, process):
            run_phases(url, process, phases, texts, options.seconds, found)
    if "plain" in phases:
        found["plain"] = plain(options.encoder, texts, options.seconds)
        show("plain", found["plain"])
    ratios = compare(found)
    for name, value in ratios.items():
        aim, way = AIMS[name]
        reached = value >= aim if way == "more" else value <= aim
        print(f"{name:24} {value:6.2f}   aim: {way} than {aim:g}   {'' if reached else 'MISSED'}")
    if options.json:
        content = {"phases": {k: asdict(v) for k, v in found.items()}, "ratios": ratios}
        options.json.write_text(json.dumps(content, indent=2), encoding="utf-8")


def bulk(model: str, backend: str, texts: Sequence[str], seconds: float) -> float:
    """Return the texts a second of the backend alone, in a process of its own."""
    script = (
        "import json, sys, time, overtone\n"
        "texts = json.load(sys.stdin)\n"
        "model = overtone.load(sys.argv[1], sys.argv[2])\n"
        "model.predict(texts[:64])\n"
        "end, done = time.perf_counter() + float(sys.argv[3]), 0\n"
        "started = time.perf_counter()\n"
        "while time.perf_counter() < end:\n"
        "    done += len(model.predict(texts * 4))\n"
        "print(done / (time.perf_counter() - started))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script, model, backend, str(seconds)],
        input=json.dumps(list(texts)), capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return float(done.stdout)


def run_phases(
    url: str,
    process: psutil.Process,
    phases: list[str] | tuple[str, ...],
    texts: Sequence[str],
    seconds: float,
    found: dict[str, Measured],
) -> None:
    """Put each phase's load on a running server."""
    singles = [json.dumps({"texts": [text]}) for text in texts]
    sixteens = [json.dumps({"texts": texts[n : n + 16]}) for n in range(0, len(texts) - 16, 16)]

    def phase(name: str, bodies: list[str], each: int, **more: Any) -> None:  # noqa: ANN401
        plan = Plan(path="/v1/predict", bodies=bodies, seconds=seconds, **more)
        found[name] = measure(url, process, plan, each)
        show(name, found[name])

    measure(url, process, Plan(path="/v1/predict", bodies=singles, clients=8, seconds=2), 1)
    if "one" in phases:
        phase("one", singles, 1, clients=1)
    if {"max", "half", "single", "sixteen"} & set(phases):
        phase("max", singles, 1, clients=CLIENTS)
        most = found["max"].texts_a_second
    if "half" in phases:
        phase("half", singles, 1, clients=CLIENTS * 4, rate=most / 2)
    if "single" in phases:
        phase("single", singles, 1, clients=900, rate=most * 3)
    if "sixteen" in phases:
        phase("sixteen", sixteens, 16, clients=400, rate=most * 10 / 16)
    if "soak" in phases:
        phase("soak", singles, 1, clients=CLIENTS)


def measure(url: str, process: psutil.Process, plan: Plan, texts_a_request: int) -> Measured:
    """Put a load on a server from another process and measure both."""
    # What comes back is a file, for it is more than a pipe holds until it is read.
    with (
        tempfile.NamedTemporaryFile("w", suffix=".json") as file,
        tempfile.NamedTemporaryFile("r", suffix=".json") as output,
    ):
        json.dump(asdict(plan), file)
        file.flush()
        before = cpu_seconds(process)
        load = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, str(Path(_load.__file__)), url, file.name],
            stdout=output.fileno(),
        )  # fmt: skip
        memory, line = 0.0, 0.0
        while load.poll() is None:
            memory = max(memory, memory_mb(process))
            if plan.seconds > 120 and time.monotonic() > line:  # noqa: PLR2004 - a soak
                print(f"  {memory_mb(process):.0f} MB", flush=True)
                line = time.monotonic() + 30
            time.sleep(0.2)
        used = cpu_seconds(process) - before
        if load.returncode:
            raise SystemExit(f"the load ended with exit code {load.returncode}")
        output.seek(0)
        content = json.load(output)
    found = Found(**{**content, "statuses": {int(k): v for k, v in content["statuses"].items()}})
    good = found.latencies
    percentiles = quantiles(good, n=100) if len(good) > 1 else [0.0] * 99
    return Measured(
        texts_a_second=found.statuses.get(OK, 0) * texts_a_request / found.seconds,
        p50=median(good) if good else 0,
        p99=percentiles[98],
        statuses=dict(found.statuses),
        server_cpu=used / found.seconds / CORES,
        load_cpu=found.cpu_seconds / found.seconds / CORES,
        memory_mb=memory,
    )


def plain(encoder: str, texts: Sequence[str], seconds: float) -> Measured:
    """Measure what a user would write, with as many clients and a text a request."""
    labels = len(data.load("sample", "train").labels)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        loaded = encoders.load(encoder, {})
        loaded.model.save_pretrained(folder)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(loaded.tokenizer),
            model_max_length=loaded.limit,
            **{f"{kind}_token": f"[{kind.upper()}]" for kind in ("pad", "unk", "cls", "sep")},
        )
        tokenizer.save_pretrained(folder)
        port = taken.getsockname()[1]
        taken.close()
        script = str(Path(__file__).with_name("_plain_server.py"))
        with server([script, folder, str(labels), str(port)], 0) as (_, process):
            bodies = [json.dumps({"texts": [text]}) for text in texts]
            plan = Plan(path="/predict", bodies=bodies, clients=CLIENTS, seconds=seconds)
            url = f"http://127.0.0.1:{port}"
            measure(url, process, Plan(**{**asdict(plan), "seconds": 2.0}), 1)
            return measure(url, process, plan, 1)


@contextmanager
def server(command: list[str], workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """Start a server and give its address and process; it is stopped in the end."""
    started = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, *command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert started.stderr is not None  # noqa: S101 - it was asked for
    url, ready = "", 0
    try:
        for line in started.stderr:
            if found := re.search(r"listening on (http://\S+),", line):
                url = found.group(1)
            ready += "ready: " in line or "Application startup complete" in line
            if ready >= max(workers, 1):
                break
        else:
            raise SystemExit("the server did not start")
        yield url, psutil.Process(started.pid)
    finally:
        started.terminate()
        started.stderr.close()
        started.wait(WAIT_SECONDS)


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and those that it started."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a server, all its processes."""
    return float(sum(t.user + t.system for t in (one.cpu_times() for one in family(process))))


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a server, all its processes."""
    return float(sum(one.memory_info().rss for one in family(process))) / 1e6


def compare(found: dict[str, Measured]) -> dict[str, float]:
    """Return the figures that have aims, of the phases that were run."""
    ratios: dict[str, float] = {}
    rate = {name: phase.texts_a_second for name, phase in found.items()}
    if {"max", "bulk"} <= found.keys():
        ratios["max / bulk"] = rate["max"] / rate["bulk"]
        ratios["max / bulk, deducted"] = found["max"].deducted / rate["bulk"]
    if {"half", "one"} <= found.keys():
        ratios["half p99 / one p50"] = found["half"].p99 / found["one"].p50
    for name in ("single", "sixteen"):
        if name in found:
            ratios[f"{name} goodput / max"] = rate[name] / rate["max"]
    if {"max", "plain"} <= found.keys():
        ratios["max / plain"] = rate["max"] / rate["plain"]
    return ratios


def show(name: str, phase: Measured) -> None:
    """Print a phase."""
    print(
        f"{name:8} {phase.texts_a_second:8.1f} texts/s   p50 {phase.p50 * 1000:7.1f} ms   "
        f"p99 {phase.p99 * 1000:7.1f} ms   cpu server {phase.server_cpu:4.0%} "
        f"load {phase.load_cpu:4.0%}   {phase.memory_mb:6.0f} MB   {phase.statuses or ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
