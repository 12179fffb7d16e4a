"""No telemetry: every command that needs no network does its work without asking for one.

A hook in every Python process refuses and notes each connection that would leave this machine.
Where it can be had, a network namespace with nothing but loopback holds native code to the same:
the kernel counts what had no way out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import overtone
from overtone.apps import cli

COMMANDS = """
data list
data show sample
data check sample
data split reviews.csv --ratios 0.8,0.2
train --dataset sample --encoder BERT --set training.epochs=1 --track tensorboard --output run
train --dataset sample --config best/sample --dry-run
evaluate run --dataset sample --split test --calibration --plot curves.svg
predict run text
predict run --input reviews.csv --text-column text --output labelled.csv
explain run text --html why.html
export run --output onnx --precision int8 --jaccard-tolerance 100
export run --output openvino --format openvino
predict onnx text
predict openvino text
predict tweets-11 text
predict zero-shot text --labels complaint,praise
models list
score onnx --input reviews.csv --text-column text --output scored
summarise scored --output summary
compare run run --dataset sample
cooccur run --dataset sample --html together.html
identity run --label joy
decide run --dataset sample --kind per_label --output decided
compress run --layers 1 --dry-run
crossvalidate --dataset sample --encoder BERT --dry-run
adapt --dataset sample --encoder BERT --set training.epochs=1 --output adapted
tune search.toml --encoder BERT --trials 1 --output search
study study/laptop --list --output study
serve run --port 0
"""

SEARCH = """
[search]
metric = "jaccard"

[search.training]
learning_rate = { low = 1e-5, high = 1e-4, log = true }

[data]
name = "sample"

[training]
epochs = 1
"""

# Python reads it when it starts, in every process that a command starts as well.
HOOK = """
import os
import socket
import sys

HERE = ("", "localhost", "::1", "0.0.0.0", "::", socket.gethostname())


def is_here(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host is None or host in HERE or host.startswith("127.")


def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        out = isinstance(address, tuple) and not is_here(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        out = not is_here(arguments[0])
    else:
        return
    if out:
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{event} {arguments[0 if 'get' in event else 1]!r} {sys.argv}\\n")
        raise OSError("a test has no network")


sys.addaudithook(watch)
"""

RUN = """
import fcntl
import json
import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import urllib.request

UP, SET_FLAGS = 0x1 | 0x40, 0x8914


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))


def without_a_way_out():
    heads, counts = [line.split() for line in open("/proc/net/snmp") if line.startswith("Ip:")]
    count = int(dict(zip(heads, counts))["OutNoRoutes"])
    six = [line.split() for line in open("/proc/net/snmp6")]
    return count + sum(int(number) for name, number in six if name == "Ip6OutNoRoutes")


def serve(words):
    process = subprocess.Popen(
        [sys.executable, "-m", "overtone", *words], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if found := re.search(r"listening on (http://\\S+),", line):
            break
    body = json.dumps({"text": "so happy"}).encode()
    request = urllib.request.Request(
        found.group(1) + "/v1/predict", body, {"Content-Type": "application/json"}
    )
    answer = urllib.request.urlopen(request, timeout=120).status
    process.send_signal(signal.SIGTERM)
    process.wait(120)
    return 0 if answer == 200 else answer


def call(words):
    from overtone.apps import cli

    sys.argv = ["overtone", *words]
    try:
        cli.run()
    except SystemExit as ended:
        logging.getLogger("overtone").handlers.clear()
        return ended.code or 0


def attempts():
    try:
        return open(os.environ["ATTEMPTS"]).read().splitlines()
    except FileNotFoundError:
        return []


ASK = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
apart = sys.argv[1] == "apart"
commands = json.loads(sys.argv[2])
if apart:
    raise_loopback()
found = {"failed": [], "attempts": [], "counted": []}
for words in commands:
    before = without_a_way_out() if apart else 0
    if (serve if words[0] == "serve" else call)(words):
        found["failed"].append(words)
    if apart and (more := without_a_way_out() - before):
        found["counted"].append([more, words])
found["attempts"] = attempts()
# Both watches can see: one of a process with the hook, one of a process without.
subprocess.run([sys.executable, "-c", ASK], stderr=subprocess.DEVNULL)
found["attempts of the control"] = len(attempts()) - len(found["attempts"])
if apart:
    before = without_a_way_out()
    subprocess.run([sys.executable, "-I", "-c", ASK], stderr=subprocess.DEVNULL)
    found["counted of the control"] = without_a_way_out() - before
print("found:" + json.dumps(found))
"""


def test_every_command_is_tried() -> None:
    tried = {line.split()[0] for line in COMMANDS.strip().splitlines()}
    there = {getattr(command.callback, "__name__", "") for command in cli.app.registered_commands}
    assert tried - {"data", "models"} == there - {"push"}  # whose work is the network


@pytest.mark.slow
def test_no_command_asks_for_a_network(
    bert: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    pytest.importorskip("openvino")
    rows = [f"{text} {n},{label}" for n in range(20) for text, label in (("good", 1), ("bad", 0))]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,joy", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "search.toml").write_text(SEARCH, encoding="utf-8")
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    commands = [
        [str(bert) if word == "BERT" else word for word in line.split()]
        for line in COMMANDS.strip().splitlines()
    ]
    apart = namespace()
    record_property("watched by", "hook and network namespace" if apart else "hook alone")
    # Nothing tells the libraries to be offline: nobody needs to.
    environment = {key: value for key, value in os.environ.items() if "OFFLINE" not in key} | {
        "PYTHONPATH": os.pathsep.join([str(hook), str(Path(overtone.__file__).parents[1])]),
        "ATTEMPTS": str(tmp_path / "attempts"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [*apart, sys.executable, "-c", RUN, "apart" if apart else "here", json.dumps(commands)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("found:"))
    found = json.loads(line.removeprefix("found:"))
    assert found["failed"] == [], done.stderr
    assert found["attempts"] == []
    assert found["attempts of the control"] == 1
    assert found["counted"] == []
    if apart:
        assert found["counted of the control"] == 1
    else:
        print("NOT RUN: native code in a network namespace, which can't be had here")  # noqa: T201


def namespace() -> list[str]:
    """Return the command that starts another in a network of its own; none where that can't be."""
    if not (program := shutil.which("unshare")):
        return []
    for options in (["--net"], ["--user", "--map-root-user", "--net"]):
        done = subprocess.run([program, *options, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return [program, *options]
    return []
