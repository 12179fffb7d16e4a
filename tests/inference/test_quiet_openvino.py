"""OpenVINO is imported without what it sends when it is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json
import sys

asked = []
events = ("socket.getaddrinfo", "socket.connect", "socket.sendto")
sys.addaudithook(lambda event, arguments: asked.append(event) if event in events else None)

import overtone.inference.backends.openvino
from openvino.tools.ovc import telemetry_utils

quiet = telemetry_utils.tm.__name__
import openvino_telemetry

print(json.dumps([asked, quiet, openvino_telemetry.__name__]))
"""


def test_importing_openvino_sends_nothing_and_leaves_its_sender_as_it_was() -> None:
    pytest.importorskip("openvino_telemetry")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=True,
    )
    asked, quiet, sender = json.loads(done.stdout)
    assert asked == []
    assert quiet == "openvino.tools.ovc.telemetry_stub"
    assert sender == "openvino_telemetry"
