"""What a machine needs to run CleoAI: each check tells what it found and, where something is missing, what to do."""

from __future__ import annotations

import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Literal

from cleo_core.errors import CleoError
from cleo_core.extras import EXTRAS, installed

GIB = 2**30
DISK, MEMORY = 10 * GIB, 6 * GIB
PORTS = {8000: "API", 3000: "Dagster", 5000: "MLflow"}
COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `hint` is the command, or what else to do, that puts it right."""

    name: str
    state: Literal["ok", "warning", "fault"]
    found: str
    hint: str = ""


def _judged(name: str, good: bool, found: str, hint: str, else_: Literal["warning", "fault"] = "fault") -> Finding:
    return Finding(name, "ok", found) if good else Finding(name, else_, found, hint)


def diagnose() -> list[Finding]:
    """Every check, in the order in which one would fix them."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _tools, _machine, _settings, _packages, _data, _keys, _ports,
    )  # fmt: skip
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except CleoError as error:
            found.append(Finding(check.__name__.strip("_"), "fault", error.message, error.hint or ""))
    return found


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    found = ".".join(map(str, sys.version_info[:3]))
    yield _judged("python", good, found, "make distclean; make PYTHON=python3.11")


def _tools() -> Iterator[Finding]:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    lacking = "no C++ compiler; DeepSpeed compiles its operators"
    yield _judged("compiler", bool(compiler), compiler or lacking, "apt-get install g++")
    for tool in ("make", "git"):
        path = shutil.which(tool)
        yield _judged(tool, bool(path), path or "not found", f"apt-get install {tool}", "warning")


def _machine() -> Iterator[Finding]:
    import psutil

    from cleo_core.settings import home

    free = shutil.disk_usage(home()).free
    hint = f"free {(DISK - free) / GIB:.0f} GiB, or set CLEO_HOME to a larger disk"
    yield _judged("disk", free >= DISK, f"{free / GIB:.0f} GiB free below {home()}", hint)
    memory = psutil.virtual_memory()
    found = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB available, {psutil.cpu_count()} cores"
    hint = f"the default chain wants {MEMORY / GIB:.0f} GiB: close something, or use --recipe tiny"
    yield _judged("memory", memory.available >= MEMORY, found, hint, "warning")


def _settings() -> Iterator[Finding]:
    from cleo_core.settings import all_settings, check, home

    faults = []
    for name, cls in all_settings().items():
        try:
            check(cls)
        except CleoError as error:
            faults.append(f"{name}: {error.message}")
    yield _judged("settings", not faults, " ".join(faults) or "valid", "cleo config check")
    mode = stat.S_IMODE(home().stat().st_mode)
    yield _judged("home", not mode & 0o077, f"{home()} ({mode:04o})", f"chmod 700 {home()}")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        told = [Requirement(line) for line in distribution("cleoai").requires or ()]
    except PackageNotFoundError:
        yield Finding("packages", "fault", "cleoai is not installed here", "make setup")
        return
    extras = [extra for extra in EXTRAS if installed(extra)]
    missing, wrong = [], []
    for requirement in told:
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            missing.append(requirement.name)
            continue
        if not requirement.specifier.contains(found.partition("+")[0], prereleases=True):
            wrong.append(f"{requirement.name} {found} (wanted {requirement.specifier})")
    parts = f"installed parts: core{''.join(f', {extra}' for extra in extras)}"
    faults = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"other version: {', '.join(wrong)}"] * bool(wrong)
    yield _judged("packages", not faults, "; ".join(faults) or parts, "make setup")


def _data() -> Iterator[Finding]:
    from cleo_core.wheels import PINNED

    if not installed("pipeline"):
        return
    lacking = [wheel.name for wheel in PINNED if not wheel.folder().is_dir()]
    found = f"not fetched: {', '.join(lacking)}" if lacking else f"{len(PINNED)} pinned wheels"
    yield _judged("data", not lacking, found, "cleo setup")


def _keys() -> Iterator[Finding]:
    from cleo_core.crypto.keys import load_private
    from cleo_core.crypto.trust_store import ROLES, TrustStore
    from cleo_core.settings import CoreSettings, home, load

    environment = load(CoreSettings).environment
    hint = "cleo setup" if environment == "development" else "cleo keys init {role} --name NAME"
    for role in ROLES:
        usable = (key for key in TrustStore().keys(role) if key.state == "active")
        trusted = [key for key in usable if environment == "development" or not key.development]
        if not trusted:
            yield Finding(f"{role} key", "fault", "none is trusted", hint.format(role=role))
            continue
        for file in sorted((home("keys") / role).glob("*.pem")):
            try:
                load_private(role, path=file, passphrase=lambda: None)
            except CleoError as error:
                if "encrypted" not in error.message:
                    raise
        names = ", ".join(f"{key.name} (development)" if key.development else key.name for key in trusted)
        yield Finding(f"{role} key", "ok", names)


def _ports() -> Iterator[Finding]:
    for port, what in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                yield Finding(f"port {port}", "ok", f"free, for {what}")
            except OSError:
                hint = f"nothing to do when that is CleoAI (make stop ends it); else {what} takes another port"
                yield Finding(f"port {port}", "warning", f"in use; {what} would like it", hint)
