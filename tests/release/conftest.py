"""A release as `make dist` builds it, and a place to install its wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release."""
    return build(tmp_path_factory.mktemp("release") / "dist")


@pytest.fixture(scope="session")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("installed")
    run_quietly(sys.executable, "-m", "venv", "--without-pip", str(folder))
    (packages,) = (folder / "lib").glob("python*/site-packages")
    here = sysconfig.get_path("purelib")
    # By its path alone: the overtone that is installed there in editable form is not found.
    (packages / "others.pth").write_text(f"{here}\n", encoding="utf-8")
    (wheel,) = dist.glob("*.whl")
    python = folder / "bin" / "python"
    run_quietly(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps",
        "--ignore-installed", "--disable-pip-version-check", str(wheel),
    )  # fmt: skip
    found = run_quietly(str(python), "-c", "import overtone; print(overtone.__file__)")
    assert found.strip().startswith(str(packages))
    return python


def build(folder: Path) -> Path:
    """Build a release into a folder."""
    run_quietly(
        sys.executable,
        str(ROOT / "release" / "build.py"),
        str(folder),
        SOURCE_DATE_EPOCH="1700000000",
    )
    return folder


def run_quietly(*command: str, **environment: str) -> str:
    """Run a command without the sources on its path, and return what it printed."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1200, env=kept | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
