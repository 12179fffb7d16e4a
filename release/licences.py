"""Write docs/licences.md: the packages of the base install and of each extra, and their licences.

    python release/licences.py

It reads what is installed here, so install all extras first (make setup does).
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from _brings import BASE, ROOT, asked, brought, licence

PAGE = ROOT / "docs" / "licences.md"

TOP = Path(__file__).with_name("licences-top.md")
"""What is written by hand: overtone's own licence, weights and data."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


def page() -> str:
    """Return the page."""
    parts = [TOP.read_text(encoding="utf-8")]
    wanted = asked()
    base = brought(wanted[BASE])
    for name, requirements in wanted.items():
        title = "The base install" if name == BASE else f"`overtone[{name}]`"
        more = {
            key: package
            for key, package in brought(requirements).items()
            if name == BASE or key not in base
        }
        parts.append(f"\n### {title}\n\n{table(more)}\n")
    return "".join(parts)


def table(packages: dict[str, metadata.Distribution]) -> str:
    """Return packages and their licences as a table."""
    rows = [f"| {name} | {licence(package)} |" for name, package in packages.items()]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


if __name__ == "__main__":
    main()
