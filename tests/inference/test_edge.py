"""The edge: a saved model predicts without torch, without a network, and in another process."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import overtone
from overtone.experiment.fit import Run

TEXTS = ["I am so happy!", "", "What a terrible day, the bus is late again. #sad 😢", "x"]

# A backend in numpy alone: each label's logit is a sum over the row's own tokens.
PREDICT = """
import json
import sys

import numpy as np

from overtone import bundle
from overtone.inference.predictor import Predictor


def logits_of(batch):
    ids = batch["input_ids"].astype(np.float64)
    labels = np.arange(1, len(batch["label_pool"]) + 1)
    waves = np.sin(ids[..., None] * labels) + batch["token_type_ids"][..., None]  # (B, L, C)
    return (waves * batch["attention_mask"][..., None]).mean(axis=1).astype(np.float32)


def predicted(path, texts):
    predictor = Predictor(bundle.load(bundle.locate(path)), logits_of=logits_of)
    return [vars(prediction) for prediction in predictor.predict(texts)]
"""

BLOCKED = """
import importlib.abc
import runpy
import sys

NAMES = ("torch", "transformers", "sklearn", "accelerate", "overtone.models")


class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in NAMES):
            raise ImportError(name + " is blocked")
        return None


sys.meta_path.insert(0, Block())
toy = runpy.run_path(sys.argv[1])
json = toy["json"]
print(json.dumps(toy["predicted"](sys.argv[2], json.loads(sys.argv[3]))))
assert not set(NAMES) & set(sys.modules), "something blocked was imported"
"""

OFFLINE = """
import json
import socket
import sys


def refuse(*arguments, **options):
    raise AssertionError("a socket was opened")


socket.socket = type("Refused", (socket.socket,), {"__init__": refuse})
socket.create_connection = socket.getaddrinfo = refuse

import overtone

model = overtone.load(sys.argv[1], device="cpu")
print(json.dumps(model.probabilities(json.loads(sys.argv[2])).tolist()))
"""


def test_a_bundle_predicts_where_torch_is_blocked(run: Run, tmp_path: Path) -> None:
    toy = tmp_path / "toy.py"
    toy.write_text(PREDICT, encoding="utf-8")
    blocked = python(BLOCKED, str(toy), str(run.path), json.dumps(TEXTS))
    here = runpy.run_path(str(toy))["predicted"](run.path, TEXTS)
    assert json.loads(blocked) == json.loads(json.dumps(here))
    assert len({json.dumps(prediction) for prediction in here}) == len(TEXTS)


def test_an_export_predicts_where_torch_is_blocked(run: Run, tmp_path: Path) -> None:
    exported = overtone.export(run.path, tmp_path / "export").bundle.path
    toy = tmp_path / "toy.py"
    toy.write_text(
        "import json\n"
        "import overtone\n"
        "def predicted(path, texts):\n"
        "    return overtone.load(path, backend='onnx').probabilities(texts).tolist()\n",
        encoding="utf-8",
    )
    blocked = json.loads(python(BLOCKED, str(toy), str(exported), json.dumps(TEXTS)))
    expected = overtone.load(run.path).probabilities(TEXTS)
    np.testing.assert_allclose(blocked, expected, atol=1e-5, rtol=0)


def test_the_torch_backend_names_the_extra_where_torch_is_missing(run: Run, tmp_path: Path) -> None:
    toy = tmp_path / "toy.py"
    toy.write_text(
        "import json\n"
        "import overtone\n"
        "def predicted(path, texts):\n"
        "    try:\n"
        "        overtone.load(path)\n"
        "    except overtone.OvertoneError as error:\n"
        "        return [error.exit_code, str(error)]\n",
        encoding="utf-8",
    )
    code, message = json.loads(python(BLOCKED, str(toy), str(run.path), "[]"))
    assert code == 2
    assert 'pip install "overtone[train]"' in message


def test_a_bundle_loads_and_predicts_without_a_network(run: Run) -> None:
    # The environment is not told to be offline: the point is that nobody needs to.
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    found = python(OFFLINE, str(run.path), json.dumps(TEXTS), environment=environment)
    expected = overtone.load(run.path).probabilities(TEXTS)
    np.testing.assert_allclose(json.loads(found), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "module",
    [
        "overtone",
        "overtone.bundle",
        "overtone.calibration.auto",
        "overtone.data",
        "overtone.decision.threshold",
        "overtone.inference.backends.onnx",
        "overtone.inference.backends.openvino",
        "overtone.inference.predictor",
        "overtone.inputs.label_prefix",
        "overtone.text.tweet",
    ],
)
def test_the_edges_modules_import_nothing_heavy(module: str) -> None:
    heavy = python(
        "import importlib, sys\n"
        "importlib.import_module(sys.argv[1])\n"
        "print([n for n in ('torch', 'transformers', 'sklearn', 'overtone.models')"
        " if n in sys.modules])",
        module,
    )
    assert heavy.strip() == "[]"


def python(script: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a script in a fresh Python and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment or dict(os.environ),
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
