"""DeepSpeed's own C++ code, compiled ahead: the first trainer would otherwise wait for the compiler."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import psutil

from cleo_core.errors import EnvironmentFault
from cleo_core.files import write_json
from cleo_core.progress import Reporter, silent


def compiler_path() -> str:
    """PATH with this environment's own programs in it: ninja lies there, and nobody has to activate it."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([own, *(part for part in os.environ.get("PATH", "").split(os.pathsep) if part != own)])


def _cache() -> Path:
    """Where torch's loader keeps what it compiled."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TORCH_EXTENSIONS_DIR") or Path(cache) / "torch_extensions")


def clear_stale_locks() -> list[Path]:
    """Remove the locks that a killed compiler left behind, for which torch's loader would wait for ever.

    A lock that a living process holds is open in it (torch's FileBaton keeps it so), and stays. Returns what is gone.
    """
    # Of this user alone: whether another's is held cannot be seen.
    locks = [path for path in _cache().rglob("lock") if path.is_file() and path.stat().st_uid == os.getuid()]
    if not locks:
        return []
    held = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            held |= {opened.path for opened in process.open_files()}
    stale = [path for path in locks if str(path.resolve()) not in held]
    for path in stale:
        with suppress(OSError):
            path.unlink()
    return stale


def prebuild_ops(report: Reporter = silent) -> bool:
    """Compile what the trainer needs on this machine, once; returns whether it was done already.

    Raises:
        EnvironmentFault: there is no C++ compiler, or it failed.
    """
    clear_stale_locks()
    record = _cache() / "cleo.json"
    made_for = _made_for()
    if _made(record, made_for):
        return True
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        raise EnvironmentFault(
            "There is no C++ compiler, which DeepSpeed needs once.", hint="Install one, on Debian: apt install g++"
        )
    report("compiling DeepSpeed's C++ code", 0, 1)
    # In a process of its own: what is compiled is loaded too, and the caller has no use for it.
    done = subprocess.run(
        [sys.executable, "-m", "cleo_model.training.ops"],
        env={**os.environ, "PATH": compiler_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise EnvironmentFault(
            f"DeepSpeed's C++ code does not compile: {last[:300]}", hint="Check the compiler, and that /tmp has room."
        )
    write_json(record, {"made_for": made_for, "files": sorted(str(path) for path in _cache().rglob("*.so"))})
    report("compiling DeepSpeed's C++ code", 1, 1)
    return False


def _made_for() -> dict[str, str]:
    """What the compiled code depends on: it is compiled anew when one of these changes."""
    try:
        cpu = next(
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("flags", "Feat"))
        )
    except (OSError, StopIteration):
        cpu = platform.processor()
    return {
        "python": sys.version,
        "torch": version("torch"),
        "deepspeed": version("deepspeed"),
        "processor": hashlib.sha256(cpu.encode()).hexdigest()[:16],
    }


def _made(record: Path, made_for: dict[str, str]) -> bool:
    try:
        told = json.loads(record.read_text())
        return bool(told["made_for"] == made_for) and all(Path(file).is_file() for file in told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _build() -> None:
    import torch
    from deepspeed.ops.op_builder import CPUAdamBuilder

    if torch.cuda.is_available():
        return
    from deepspeed.ops.op_builder.cpu import ShareMemCommBuilder

    for builder in (ShareMemCommBuilder(), CPUAdamBuilder()):
        builder.load(verbose=False)


if __name__ == "__main__":
    _build()
