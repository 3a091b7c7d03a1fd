"""Domain text: what Python and installed packages say about themselves.

Source files are parsed, never imported: reading documentation must not run a package's code. Only the interpreter's
own built-in modules, which are in the process anyway, are asked at run time.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import inspect
import re
import sysconfig
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from cleo_model.corpus.sources.item import Item
from cleo_model.corpus.sources.prose import passages

PACKAGES = ("click", "fastapi", "httpx", "networkx", "numpy", "pandas", "pydantic", "requests")
"""Taken where installed and under a permissive licence; chosen for documentation written in whole sentences."""

PERMISSIVE = ("MIT", "BSD", "APACHE", "PSF", "ISC")
BUILT_IN = ("math", "cmath", "itertools", "time", "array", "zlib", "binascii", "gc", "sys", "errno", "marshal")
SKIPPED = {
    "test", "tests", "testing", "conftest", "idlelib", "lib2to3", "turtledemo", "ensurepip", "distutils",
    "site-packages", "pydoc_data", "v1", "compat", "deprecated",
}  # fmt: skip
# Share of the size limit that each part may fill.
SHARES = {"builtins": 0.12, "topics": 0.23, "stdlib": 0.40, "packages": 0.25}
SHORTEST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One documented thing."""

    name: str
    kind: str
    """function, class, module or topic."""
    part: str
    module: str
    text: str
    parameters: tuple[str, ...]
    """Names; with ` (default …)` where there is one."""
    licence: str


def documentation(limit: int | None) -> Iterator[Item]:
    """The documentation as records: a heading with the signature, then the text."""
    for part, share in SHARES.items():
        left = None if limit is None else int(limit * share)
        for entry in entries():
            if entry.part != part or len(entry.text) < SHORTEST:
                continue
            heading = f"{entry.name}({', '.join(p.split(' (default')[0] for p in entry.parameters)})"
            text = f"{heading if entry.kind == 'function' else entry.name}\n\n{entry.text}"
            if left is not None and (left := left - len(text.encode())) < 0:
                break
            yield Item(f"{part}:{entry.name}", text=text, group=entry.name, licence=entry.licence)


@cache
def entries() -> tuple[Entry, ...]:
    """All entries, each part in an order that mixes its modules and is always the same."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in [*_builtins(), *_topics(), *_stdlib(), *_packages()]:
        found.setdefault((entry.part, entry.name), entry)
    order = list(SHARES)
    return tuple(
        sorted(found.values(), key=lambda e: (order.index(e.part), hashlib.sha256(e.name.encode()).hexdigest()))
    )


def package_licences() -> dict[str, tuple[str, str]]:
    """Version and licence of each package that is read."""
    found = {}
    for name in PACKAGES:
        try:
            meta = distribution(name)
        except PackageNotFoundError:
            continue
        licence = _licence(meta)
        if any(word in licence.upper() for word in PERMISSIVE) and "GPL" not in licence.upper():
            found[name] = (meta.version, licence)
    return found


def _licence(meta: Distribution) -> str:
    told = meta.metadata.json
    classifiers = [c.split("::")[-1].strip() for c in told.get("classifier", ()) if c.startswith("License")]
    # An old `License` field may hold the whole text of the licence.
    stated = str(told.get("license", "")).strip().splitlines()
    expression = str(told.get("license_expression", ""))
    return expression or " / ".join(classifiers) or (stated[0][:60] if stated else "unknown")


ROLE = re.compile(r":[a-z:]+:`~?!?([^`<]+?)(?:\s*<[^>`]*>)?`")
LIST_LIKE = re.compile(r"\s|[-*•|+>]|\d+[.)]\s|\.\. |:[a-z]+|@[a-z]|[=\-~^]{3,}")


def _unwrap(text: str) -> str:
    """Join the lines of plain paragraphs; code, lists and tables keep theirs."""
    blocks = []
    for block in text.expandtabs().split("\n\n"):
        lines = block.strip("\n").split("\n")
        plain = len(lines) > 1 and not any(LIST_LIKE.match(line) for line in lines)
        # Short lines are a list or a table that only looks like a paragraph.
        plain = plain and sum(len(line) for line in lines[:-1]) / (len(lines) - 1) > 45
        blocks.append(" ".join(line.strip() for line in lines) if plain else "\n".join(lines))
    return ROLE.sub(r"\1", "\n\n".join(blocks)).replace("``", "`")


def _builtins() -> Iterator[Entry]:
    owners: list[tuple[str, object]] = [("", builtins)]
    owners += [(name, importlib.import_module(name)) for name in BUILT_IN]
    for module, owner in owners:
        for name, value in sorted(vars(owner).items()):
            full = f"{module}.{name}" if module else name
            if name.startswith("_") or isinstance(value, types.ModuleType):
                continue
            if isinstance(value, type) and not issubclass(value, BaseException):
                yield from _runtime(full, "class", module, value)
                for method, body in sorted(vars(value).items()):
                    if not method.startswith("_"):
                        yield from _runtime(f"{full}.{method}", "function", module, body)
            elif callable(value):
                yield from _runtime(full, "class" if isinstance(value, type) else "function", module, value)


def _runtime(name: str, kind: str, module: str, value: object) -> Iterator[Entry]:
    text = getattr(value, "__doc__", None)
    if not isinstance(text, str) or not text.strip():
        return
    # Some built-in functions begin with their signature instead of having one.
    text = re.sub(r"\A\S*\([^)]*\)\s*(-+>\s*[\w ,.]+)?\s*\n+", "", inspect.cleandoc(text))
    try:
        # `value` is one of the interpreter's own objects.
        parameters = tuple(_parameter(p) for p in inspect.signature(value).parameters.values() if p.name != "self")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        parameters = ()
    if text.strip():
        yield Entry(name, kind, "builtins", module or "builtins", _unwrap(text), parameters, "PSF-2.0")


def _parameter(parameter: inspect.Parameter) -> str:
    return (
        parameter.name if parameter.default is parameter.empty else f"{parameter.name} (default {parameter.default!r})"
    )


def _topics() -> Iterator[Entry]:
    path = Path(sysconfig.get_path("stdlib")) / "pydoc_data" / "topics.py"
    if not path.is_file():
        return
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for name, text in ast.literal_eval(node.value).items():
                # Rows of stars underline a heading.
                body = re.sub(r"^(.+)\n[*=\-^]{3,}$", r"\1", text, flags=re.MULTILINE)
                yield from (
                    Entry(f"{name} ({number})" if number else name, "topic", "topics", "", piece, (), "PSF-2.0")
                    for number, piece in enumerate(passages(_unwrap(body), 3000))
                )


def _modules(root: Path, *package: str) -> Iterator[tuple[Path, str]]:
    """The files of public modules below a folder, with their names."""
    for path in sorted(root.rglob("*.py")):
        parts = (*package, *path.relative_to(root).with_suffix("").parts)
        if not SKIPPED & set(parts) and not any(part.startswith("_") and part != "__init__" for part in parts):
            yield path, ".".join(part for part in parts if part != "__init__")


def _stdlib() -> Iterator[Entry]:
    for path, module in _modules(Path(sysconfig.get_path("stdlib"))):
        yield from _file(path, module, "stdlib", "PSF-2.0")


def _packages() -> Iterator[Entry]:
    for package, (_, licence) in package_licences().items():
        for path, module in _modules(Path(str(distribution(package).locate_file(package))), package):
            for entry in _file(path, module, "packages", licence):
                yield replace(entry, name=_public(entry.name), module=package)


def _public(name: str) -> str:
    """The name a user would write: `pandas.core.frame.DataFrame.merge` is known as `pandas.DataFrame.merge`."""
    package, *rest = name.split(".")
    start = next((place for place, part in enumerate(rest) if part[0].isupper()), None)
    if start is None and package == "networkx" and rest:
        start = len(rest) - 1
    return name if start is None else ".".join([package, *rest[start:]])


def _file(path: Path, module: str, part: str, licence: str) -> Iterator[Entry]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return  # a template or a file for another version of Python
    if text := ast.get_docstring(tree):
        yield Entry(module, "module", part, module, _unwrap(text), (), licence)
    yield from _members(tree.body, module, module, part, licence)


def _members(body: list[ast.stmt], owner: str, module: str, part: str, licence: str) -> Iterator[Entry]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        name = f"{owner}.{node.name}"
        is_class = isinstance(node, ast.ClassDef)
        if text := ast.get_docstring(node):
            parameters = () if isinstance(node, ast.ClassDef) else _arguments(node.args)
            yield Entry(name, "class" if is_class else "function", part, module, _unwrap(text), parameters, licence)
        if isinstance(node, ast.ClassDef):
            yield from _members(node.body, name, module, part, licence)


def _arguments(arguments: ast.arguments) -> tuple[str, ...]:
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return tuple(
        argument.arg if default is None else f"{argument.arg} (default {ast.unparse(default)})"
        for argument, default in pairs
        if argument.arg not in ("self", "cls")
    )
