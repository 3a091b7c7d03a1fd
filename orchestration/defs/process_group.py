"""A Dagster Pipes client whose process cannot outlive its step.

The stock subprocess client signals its direct child only: a cancelled or killed step leaves trainers behind that hold
the memory and the run folder. Here the child leads a process group of its own; a cancel ends the whole group, first
asked and then killed, and when the step's own process dies, even by SIGKILL, the kernel tells the child.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial

import dagster as dg

from cleo_core.child_process import end_with_parent

GRACE = 20.0


class ProcessGroupPipesClient(dg.PipesClient):
    """Runs a command as a step's own process group, with Dagster Pipes for its progress."""

    def __init__(self, env: Mapping[str, str] | None = None, grace: float = GRACE) -> None:
        self.env = dict(env or {})
        self.grace = grace

    def run(  # type: ignore[override]  # the base class leaves the arguments to each client
        self,
        *,
        context: dg.OpExecutionContext | dg.AssetExecutionContext,
        command: Sequence[str],
    ) -> dg.PipesClientCompletedInvocation:
        """Run the command to its end.

        Raises:
            dagster.Failure: it ended with an exit code other than 0; without retries, resuming is explicit.
        """
        with dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesTempFileContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
        ) as session:
            process = subprocess.Popen(  # noqa: S603 - the command is made by our own packages
                list(command),
                env={**os.environ, **self.env, **session.get_bootstrap_env_vars()},
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=partial(end_with_parent, signal.SIGTERM),
            )
            try:
                said = _relay(process)
                code = process.wait()
            finally:
                self._end(process)
            if code:
                raise dg.Failure(
                    description=said or f"{' '.join(command[:3])} ended with exit code {code}.",
                    metadata={"exit_code": code, "command": " ".join(command)},
                    allow_retries=False,
                )
        return dg.PipesClientCompletedInvocation(session)

    def _end(self, process: subprocess.Popen[str]) -> None:
        """No process of the group is left when this returns."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + self.grace
            _signal(process.pid, number)
            # A child that ended stays in the group until it is reaped.
            while (process.poll() is None or _signal(process.pid, 0)) and time.monotonic() < deadline:
                time.sleep(0.05)
        process.wait()


def _relay(process: subprocess.Popen[str]) -> str:
    """Pass on what the process says on standard error; returns its last error line."""
    last = ""
    with process.stderr or nullcontext(()) as lines:
        for line in lines:
            os.write(2, line.encode())
            if line.startswith("Error [") or "Error: " in line:
                last = line.strip()
    return last


def _signal(group: int, number: int) -> bool:
    """Send a signal, of which 0 is none; returns whether a process of the group was there."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
