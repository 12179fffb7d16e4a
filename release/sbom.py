"""The software bill of materials: what overtone and its extras bring, as CycloneDX 1.6 in JSON.

Versions are those that are installed here, which constraints.txt pins.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from _brings import BASE, PROJECT, asked, brought, licence
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name


def bill(seconds: int) -> str:
    """Return the bill as JSON.

    Args:
        seconds: since 1970, the time that it carries.

    """
    itself = component("overtone", PROJECT["version"], PROJECT["license"], ComponentType.LIBRARY)
    components: dict[str, Component] = {}
    extras: dict[str, list[str]] = {}
    for extra, wanted in asked().items():
        for name, package in brought(wanted).items():
            extras.setdefault(name, []).append(extra)
            components[name] = component(name, package.version, licence(package))
    for name, found in components.items():
        found.scope = ComponentScope.REQUIRED if BASE in extras[name] else ComponentScope.OPTIONAL
        found.properties = [Property(name="overtone:extras", value=",".join(extras[name]))]
    direct = {canonicalize_name(each.name) for wanted in asked().values() for each in wanted}
    bom = Bom(
        components=components.values(),
        dependencies=[
            Dependency(
                itself.bom_ref,
                [Dependency(components[name].bom_ref) for name in direct & components.keys()],
            )
        ],
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"overtone {PROJECT['version']} {seconds}"),
    )
    bom.metadata.component = itself
    bom.metadata.timestamp = datetime.fromtimestamp(seconds, UTC)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def component(
    name: str, version: str, licensed: str, kind: ComponentType = ComponentType.LIBRARY
) -> Component:
    """Return a package of PyPI as a component."""
    url = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name,
        version=version,
        type=kind,
        purl=url,
        bom_ref=str(url),
        licenses=[DisjunctiveLicense(name=licensed)],
    )
