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

__all__ = ["Finding", "diagnose"]

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
    told = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield Finding("python", "ok" if good else "fault", told, "" if good else "make distclean; make PYTHON=python3.11")


def _tools() -> Iterator[Finding]:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler:
        yield Finding("compiler", "ok", compiler)
    else:
        yield Finding("compiler", "fault", "no C++ compiler; DeepSpeed compiles its operators", "apt-get install g++")
    for tool in ("make", "git"):
        path = shutil.which(tool)
        yield Finding(tool, "ok" if path else "warning", path or "not found", "" if path else f"apt-get install {tool}")


def _machine() -> Iterator[Finding]:
    import psutil

    from cleo_core.settings import home

    free = shutil.disk_usage(home()).free
    state: Literal["ok", "fault"] = "ok" if free >= DISK else "fault"
    hint = "" if free >= DISK else f"free {(DISK - free) / GIB:.0f} GiB, or set CLEO_HOME to a larger disk"
    yield Finding("disk", state, f"{free / GIB:.0f} GiB free below {home()}", hint)
    memory = psutil.virtual_memory()
    enough = memory.available >= MEMORY
    yield Finding(
        "memory",
        "ok" if enough else "warning",
        f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB available, {psutil.cpu_count()} cores",
        "" if enough else f"the default chain wants {MEMORY / GIB:.0f} GiB: close something, or use --recipe tiny",
    )


def _settings() -> Iterator[Finding]:
    from cleo_core.settings import all_settings, check, home

    faults = []
    for name, cls in all_settings().items():
        try:
            check(cls)
        except CleoError as error:
            faults.append(f"{name}: {error.message}")
    yield Finding(
        "settings", "fault" if faults else "ok", " ".join(faults) or "valid", "cleo config check" * bool(faults)
    )
    mode = stat.S_IMODE(home().stat().st_mode)
    shut = not mode & 0o077
    yield Finding("home", "ok" if shut else "fault", f"{home()} ({mode:04o})", "" if shut else f"chmod 700 {home()}")


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
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        )
        if not wanted:
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
    yield Finding("packages", "fault" if faults else "ok", "; ".join(faults) or parts, "make setup" * bool(faults))


def _data() -> Iterator[Finding]:
    from cleo_core.settings import CoreSettings, home, load
    from cleo_core.wheels import PINNED

    if not installed("pipeline"):
        return
    root = load(CoreSettings).assets or home("assets")  # where wheels.fetch looks
    lacking = [wheel.name for wheel in PINNED if not (root / f"{wheel.name}-{wheel.version}").is_dir()]
    found = f"not fetched: {', '.join(lacking)}" if lacking else f"{len(PINNED)} pinned wheels"
    yield Finding("data", "fault" if lacking else "ok", found, "cleo setup" * bool(lacking))


def _keys() -> Iterator[Finding]:
    from cleo_core.crypto.keys import load_private
    from cleo_core.crypto.trust_store import ROLES, TrustStore
    from cleo_core.settings import CoreSettings, home, load

    environment = load(CoreSettings).environment
    hint = "cleo setup" if environment == "development" else "cleo keys init {role} --name NAME"
    for role in ROLES:
        trusted = [key for key in TrustStore().keys(role) if key.state == "active"]
        if environment != "development":
            trusted = [key for key in trusted if not key.development]
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
