"""How long overtone takes to start: an import, the help, a first answer; medians of new processes.

    python benchmarks/start.py [--rounds 15] [--model MODEL]

The import of numpy stands beside them, for the machine's own speed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def main() -> None:
    """Measure in turns, so that what else the machine does meets all alike."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--model", help="also predict one text, with this run, bundle or export")
    asked = parser.parse_args()
    commands = {"overtone --help": ["--help"], "overtone --version": ["--version"]}
    if asked.model:
        commands["overtone predict MODEL text"] = ["predict", asked.model, "what a day"]
    seconds: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for module in ("overtone", "numpy"):
            seconds.setdefault(f"import {module}", []).append(import_seconds(module))
        seconds.setdefault("python -c pass", []).append(seconds_of("-c", "pass"))
        for name, words in commands.items():
            seconds.setdefault(name, []).append(seconds_of("-m", "overtone", *words))
    print(f"| medians of {asked.rounds} fresh processes | ms | fastest |\n|---|---|---|")
    for name, found in seconds.items():
        print(f"| {name} | {statistics.median(found) * 1e3:.1f} | {min(found) * 1e3:.1f} |")


def import_seconds(module: str) -> float:
    """Return the seconds that an import takes, as the process itself sees it."""
    command = [sys.executable, "-c", IMPORT.format(module)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)  # noqa: S603


def seconds_of(*words: str) -> float:
    """Return the seconds from a Python's start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], capture_output=True, check=True)  # noqa: S603
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
