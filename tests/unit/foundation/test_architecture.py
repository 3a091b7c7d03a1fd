"""Who imports whom: no circles anywhere, and the layers that pyproject.toml states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import grimp
import pytest

pytestmark = pytest.mark.unit

PACKAGES = ("cleo_core", "cleo_model", "cleo_memory", "cleo_serving", "evals", "orchestration")
ROOT = Path(__file__).parents[3]
Imports = Mapping[str, Iterable[str]]


@cache
def imports() -> dict[str, frozenset[str]]:
    """Every module of the product and the modules of the product it imports, also those imported inside functions."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: frozenset(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def reached(start: str, of: Imports) -> set[str]:
    seen: set[str] = set()
    waiting = list(of[start])
    while waiting:
        if (module := waiting.pop()) not in seen:
            seen.add(module)
            waiting += of[module]
    return seen


def circles(of: Imports) -> list[str]:
    """The modules that import themselves round a corner."""
    return sorted(module for module in of if module in reached(module, of))


def test_no_two_modules_import_each_other_directly_or_round_a_corner() -> None:
    assert circles(imports()) == []


def test_a_circle_over_three_modules_would_be_seen() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == ["a", "b", "c"]


def test_the_graph_holds_every_module_and_imports_inside_functions() -> None:
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    }
    assert imports().keys() == files
    assert "cleo_core.proof.walk" in imports()["cleo_core.commands.verify"]  # imported when the command runs


def test_the_layers_and_borders_of_pyproject_hold() -> None:
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS
