"""Build a release into dist/: wheel, sdist, the list of what they need (SBOM), and hashes.

    python release/build.py [FOLDER]

The same commit gives the same bytes: times come from SOURCE_DATE_EPOCH, else from the commit.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import sbom
from _brings import PROJECT, ROOT

HASHES = "SHA256SUMS"


def main() -> None:
    """Build everything and say what it is."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").absolute()
    for path in build(folder, epoch()):
        print(f"{path.stat().st_size:>12,} {path.name}")
    print(f"in {folder}")


def epoch() -> str:
    """Return the time that everything in the release carries, in seconds since 1970."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    command = ["git", "log", "-1", "--format=%ct"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return found.stdout.strip()


def build(folder: Path, seconds: str) -> list[Path]:
    """Build into a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("overtone-*"):
        old.unlink()
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=ROOT,
        env=os.environ | {"SOURCE_DATE_EPOCH": seconds},
        check=True,
        capture_output=True,
    )
    bill = folder / f"overtone-{PROJECT['version']}.cdx.json"
    bill.write_text(sbom.bill(int(seconds)), encoding="utf-8")
    made = sorted(folder.glob("overtone-*"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    (folder / HASHES).write_text("".join(lines), encoding="utf-8")
    return [*made, folder / HASHES]


if __name__ == "__main__":
    main()
