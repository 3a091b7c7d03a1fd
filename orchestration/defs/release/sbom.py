"""The software that made a bundle, as CycloneDX (the library; its command takes 18 s for what takes one here)."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclonedx.model.component import Component


def sbom(file: Path) -> None:
    """Write a CycloneDX 1.6 JSON list of every installed distribution, without times or paths of this machine."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    bom = Bom(components=[_component(found) for found in _unique()])
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    outputter.output_to_file(str(file), allow_overwrite=True, indent=1)


def _unique() -> list[Distribution]:
    found = {distribution.metadata["Name"].lower(): distribution for distribution in distributions()}
    return [found[name] for name in sorted(found)]


def _component(distribution: Distribution) -> Component:
    from cyclonedx.factory.license import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    name, version = distribution.metadata["Name"], distribution.version
    purl = PackageURL("pypi", name=name.lower().replace("_", "-"), version=version)
    told = distribution.metadata.json
    licence = str(told.get("license_expression") or told.get("license") or "")
    known = licence if licence and len(licence) < 100 and "\n" not in licence else None
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string(known)] if known else [],
    )
