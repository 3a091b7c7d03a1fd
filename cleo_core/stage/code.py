"""The version of the code behind a function: a digest of all that it may run, derived and not declared.

It covers the function, every module of ours that it imports, those that they import, and so on, however deep in a
function an import stands; the data files beside them; and the versions of the third-party distributions they import.
A module that is only named in a string (``-m cleo_model.training.rank``) counts as imported. Comments, docstrings,
layout and imports for type checkers do not count.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = frozenset({"cleo_core", "cleo_model", "cleo_memory", "cleo_serving", "evals", "orchestration"})
"""In an installed copy everybody's packages lie below ROOT; the others count by their version."""
DATA = (".yaml", ".json", ".jsonl", ".j2")


def code_version(function: Callable[..., Any]) -> str:
    """The first 16 hex digits of a digest over the code that the function may run."""
    own, direct = _of_function(function)
    ours, others = modules_behind(direct)
    parts = {name: _module_digest(name) for name in ours}
    parts |= {f"{name} ": _distribution(name) for name in others}
    return hashlib.sha256(json.dumps([own, sorted(parts.items())]).encode()).hexdigest()[:16]


@cache
def modules_behind(names: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Our own modules that these lead to, and the top-level names of third-party ones."""
    ours: set[str] = set()
    others: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        if _file(name) is None:
            others.add(name.partition(".")[0])
        elif name not in ours:
            ours.add(name)
            waiting |= _imports_of(name)
            # Importing a.b.c runs a and a.b first.
            waiting |= {name.rpartition(".")[0]} - {""}
    return frozenset(ours), frozenset(others - sys.stdlib_module_names)


@cache
def _of_function(function: Callable[..., Any]) -> tuple[list[str], frozenset[str]]:
    """What a function and those of its own module that it calls say, and the modules that they name."""
    said: list[str] = []
    direct: set[str] = set()
    waiting: list[Any] = [inspect.unwrap(function)]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
        said.append(_said(tree))
        direct |= set(_imports(tree, part.__module__, is_package=False))
        for name, value in _values_used(part, tree):
            module = getattr(value, "__module__", None)
            if isinstance(value, ModuleType):
                direct.add(value.__name__)
            elif isinstance(value, FunctionType | type) and isinstance(module, str):
                if module == part.__module__:
                    waiting.append(value)
                else:
                    direct.add(module)
            elif _is_plain(value):
                said.append(f"{name} = {value!r}")
    return sorted(said), frozenset(direct)


def _values_used(part: Any, tree: ast.AST) -> Iterator[tuple[str, Any]]:
    """What the names in a function or class stand for: in its module, or around it."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    around = dict(vars(sys.modules[part.__module__])) if part.__module__ in sys.modules else {}
    if isinstance(part, FunctionType):
        around = {**part.__globals__, **inspect.getclosurevars(part).nonlocals}
    return ((name, around[name]) for name in sorted(names & around.keys()))


def _is_plain(value: object) -> bool:
    """Whether a constant reads the same in every process: the repr of a function or an object holds its address."""
    return isinstance(value, str | bytes | int | float) or (isinstance(value, tuple) and all(map(_is_plain, value)))


@cache
def _file(module: str) -> Path | None:
    """The file of one of our modules; None for anybody else's."""
    base = ROOT.joinpath(*module.split("."))
    if module.partition(".")[0] not in OURS:
        return None
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def _own(module: str) -> Path:
    file = _file(module)
    if file is None:
        raise ModuleNotFoundError(module)
    return file


@cache
def _imports_of(module: str) -> frozenset[str]:
    file = _own(module)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(_imports(tree, module, is_package=file.name == "__init__.py"))


def _imports(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[str]:
    for node in _nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            # `from package import name`: the name may be a module.
            yield from (full for alias in node.names if _file(full := f"{base}.{alias.name}"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            name = node.value.partition(":")[0]
            if name.replace(".", "").isidentifier() and _file(name):
                yield name


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but docstrings and what only a type checker sees."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        yield from _nodes(child)


class _Plain(ast.NodeTransformer):
    """Takes away what no machine reads: docstrings and other strings that stand alone."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _said(tree: ast.AST) -> str:
    return ast.dump(_Plain().visit(tree))


@cache
def _module_digest(module: str) -> str:
    file = _own(module)
    total = hashlib.sha256(_said(ast.parse(file.read_text(encoding="utf-8"))).encode())
    below = file.parent / "data"
    for data in sorted([*file.parent.iterdir(), *(below.iterdir() if below.is_dir() else ())]):
        if data.suffix in DATA:
            total.update(f"{data.name}\n".encode() + data.read_bytes())
    return total.hexdigest()


@cache
def _distribution(module: str) -> str:
    """Name and version of the distribution that a top-level module came with."""
    try:
        return f"{module} {metadata.version(module)}"
    except metadata.PackageNotFoundError:
        # Another name: only now, for looking through all that is installed takes a second.
        names = sorted(_distributions().get(module, []))
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


_distributions = cache(metadata.packages_distributions)
