"""What a release says of what it brings: the bill of materials, licences, citation, audit."""

from __future__ import annotations

import json
import re
import runpy
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECT = {
    canonicalize_name(Requirement(text).name)
    for name, wanted in {**PROJECT["optional-dependencies"], "": PROJECT["dependencies"]}.items()
    if name != "dev"
    for text in wanted
}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Return a function that reads one of the release's scripts."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "release"), *sys.path])

    def read(name: str) -> dict[str, Any]:
        return runpy.run_path(str(ROOT / "release" / name))

    return read


def test_the_bill_is_cyclonedx_and_has_every_package(dist: Path) -> None:
    text = (dist / "overtone-0.1.0.cdx.json").read_text(encoding="utf-8")
    assert JsonValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    found = {part["name"]: part for part in bill["components"]}
    assert found.keys() >= DIRECT
    assert not found.keys() & {"pytest", "mypy", "ruff"}
    assert found["numpy"]["scope"] == "required"
    assert found["torch"]["scope"] == "optional"
    assert found["numpy"]["version"] == metadata.version("numpy")
    assert bill["metadata"]["timestamp"].startswith("2023-11-14")
    listed = {part["ref"]: part.get("dependsOn", []) for part in bill["dependencies"]}
    assert len(listed["pkg:pypi/overtone@0.1.0"]) == len(DIRECT)


def test_every_package_that_we_ask_for_has_its_licence_listed() -> None:
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\S+) \| (.+) \|$", page, re.MULTILINE))
    assert rows.keys() >= DIRECT, "run make licences"
    assert [name for name, licence in rows.items() if licence == "unknown"] == []


def test_the_licences_are_those_that_the_packages_name(script: Any) -> None:  # noqa: ANN401
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    licence = script("_brings.py")["licence"]
    for name in ("numpy", "torch", "onnxruntime", "fastapi"):
        assert f"\n| {name} | {licence(metadata.distribution(name))} |\n" in page


FINE = {"name": "a", "version": "1", "vulns": []}
FAULTY = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
ABSENT = {"name": "b", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "said", "code"),
    [
        (None, ["NOT RUN: the audit, because its database can't be reached (no way)"], 0),
        ([ABSENT], ["NOT RUN: the audit, because its database knows none of the packages"], 0),
        (
            [FINE, ABSENT],
            [
                "1 packages looked up, 0 with known vulnerabilities",
                "NOT RUN for 1 that the database lacks: b",
            ],
            0,
        ),
        (
            [FAULTY],
            ["1 packages looked up, 1 with known vulnerabilities", "a 1: CVE-1, fixed in 2"],
            1,
        ),
    ],
)
def test_an_audit_that_found_nothing_out_says_so(
    script: Any,  # noqa: ANN401
    packages: list[dict[str, Any]] | None,
    said: list[str],
    code: int,
) -> None:
    output = "" if packages is None else json.dumps({"dependencies": packages})
    message, found = script("audit.py")["judged"](output, "trace\nno way\n")
    assert (message.splitlines(), found) == (said, code)


def test_the_citation_has_what_its_schema_wants_and_is_the_project() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert found.keys() >= {"cff-version", "message", "title", "authors"}
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "software"
    assert (found["version"], found["license"]) == (PROJECT["version"], PROJECT["license"])
    assert found["authors"] == PROJECT["authors"]
    (paper,) = found["references"]
    assert paper.keys() >= {"type", "title", "authors", "doi"}


def test_pythons_are_declared_from_the_oldest_on() -> None:
    prefix = "Programming Language :: Python :: "
    named = [kind.removeprefix(prefix) for kind in PROJECT["classifiers"] if prefix in kind]
    assert named == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in named
