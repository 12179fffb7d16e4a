"""The package's front door: every public name is there, and nothing heavy comes through it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import overtone

HEAVY = ("torch", "transformers", "sklearn", "tokenizers", "numpy", "typer", "rich", "onnxruntime")


@pytest.mark.parametrize("name", overtone.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(overtone, name) is not None


def test_the_public_names_are_sorted_and_in_dir() -> None:
    assert list(overtone.__all__) == sorted(overtone.__all__)
    assert set(overtone.__all__) <= set(dir(overtone))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'overtone' has no attribute 'trian'"):
        _ = overtone.trian


def test_the_version_is_the_packages() -> None:
    assert overtone.__version__ == importlib.metadata.version("overtone")


def test_a_public_name_is_one_object_wherever_it_is_imported_from() -> None:
    from overtone.inference.predictor import Prediction  # noqa: PLC0415 - after the lazy import

    assert overtone.Prediction is Prediction


def test_importing_overtone_imports_nothing_heavy() -> None:
    script = (
        "import sys, overtone\n"
        "overtone.__version__, overtone.Labels, overtone.OvertoneError\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.strip() == "[]"


def test_importing_overtone_turns_onnx_runtime_s_telemetry_off() -> None:
    script = (
        "import os\n"
        "os.environ.pop('ORT_DISABLE_TELEMETRY', None)\n"
        "import overtone\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.strip() == "1"
