"""Look up what overtone and its extras bring in a database of known vulnerabilities.

    python release/audit.py

Exit codes: 0 nothing is known, or the database can't be reached, which it says; 1 something is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _brings import asked, brought
from packaging.version import Version


def main() -> int:
    """Audit, and say what was found."""
    wanted = [each for list_ in asked().values() for each in list_]
    pinned = [
        f"{name}=={Version(package.version).public}\n" for name, package in brought(wanted).items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("".join(pinned), encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [
                sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps",
                "--progress-spinner", "off", "--format", "json", "--requirement", str(file),
            ],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )  # fmt: skip
    message, code = judged(done.stdout, done.stderr)
    print(message)
    return code


def judged(output: str, errors: str) -> tuple[str, int]:
    """Return what to say of pip-audit's answer, and the exit code."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except ValueError:
        reason = (errors.strip().splitlines() or ["no answer"])[-1]
        return f"NOT RUN: the audit, because its database can't be reached ({reason})", 0
    known = [
        f"{each['name']} {each['version']}: {each['vulns'][0]['id']}, fixed in "
        f"{', '.join(each['vulns'][0].get('fix_versions', [])) or 'no version yet'}"
        for each in packages
        if each.get("vulns")
    ]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    looked_up = len(packages) - len(skipped)
    if not looked_up:
        return "NOT RUN: the audit, because its database knows none of the packages", 0
    lines = [
        f"{looked_up} packages looked up, {len(known)} with known vulnerabilities",
        *known,
    ]
    if skipped:
        lines.append(f"NOT RUN for {len(skipped)} that the database lacks: {', '.join(skipped)}")
    return "\n".join(lines), bool(known)


if __name__ == "__main__":
    sys.exit(main())
