"""docs/trust.md says what the code does: its names, its error codes, its commands."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from cleo_core.crypto import errors as crypto_errors
from cleo_core.provenance import errors as provenance_errors
from cleo_core.provenance.contents import ALLOWED, REQUIRED
from cleo_core.registry import errors as registry_errors
from cleo_serving import errors as serving_errors

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[3] / "docs" / "trust.md").read_text()


def test_every_file_that_the_page_names_may_be_in_a_bundle_and_every_required_one_is_named() -> None:
    table = PAGE.split("## The bundle")[1].split("Safetensors are checked")[0]
    named = re.findall(r"`([\w.-]+\.(?:safetensors|gguf|json|jinja|model|txt|md))`", table)
    assert len(named) > 15
    assert [name for name in named if not ALLOWED.fullmatch(name)] == []
    assert set(REQUIRED) <= set(named)


def test_every_error_that_the_page_names_exists() -> None:
    modules = (crypto_errors, provenance_errors, registry_errors, serving_errors)
    known = {error.code for module in modules for error in vars(module).values() if hasattr(error, "code")}
    named = set(re.findall(r"`(?!CLEO_)([A-Z]+(?:_[A-Z]+)+|REJECTED|REVOKED)`", PAGE))  # CLEO_… are variables
    assert len(named) > 15
    assert named <= known


def test_every_command_that_the_page_names_exists() -> None:
    groups = {entry.name: entry for entry in entry_points(group="cleo.commands")}
    named = set(re.findall(r"cleo (keys|review|audit|subject) ([a-z]+)", PAGE))
    assert len(named) > 10
    for group, command in named:
        loaded = groups[group].load()
        assert isinstance(loaded, click.Group)
        assert command in loaded.commands, f"cleo {group} {command}"
