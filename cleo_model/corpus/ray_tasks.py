"""Ranks of work as tasks of a Ray cluster: that of RAY_ADDRESS, or one of this machine that ends with the step.

The machines of a cluster share the folder of CLEO_HOME and have CleoAI installed: a task reads its shard there and
leaves its files there, just as a process of `workers` does.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from tempfile import TemporaryDirectory
from typing import Any

from cleo_core.errors import EnvironmentFault
from cleo_model.corpus.workers import ENVIRONMENT, failure, function


def run_ranks(
    step: str, target: str, job: dict[str, Any], ranks: int, workers: int, done: Callable[[int], None], total: int
) -> None:
    """See `cleo_model.corpus.shards.run_workers`."""
    with cluster(workers) as ray:
        # No retries: what fails once for its text fails again, and the person should hear of it now.
        work = ray.remote(num_cpus=1, max_retries=0)(_rank)
        running = {work.remote(target, job, rank): rank for rank in range(ranks)}
        while running:
            (ended, *_), _rest = ray.wait(list(running), num_returns=1)
            rank = running.pop(ended)
            try:
                ray.get(ended)
            except ray.exceptions.RayTaskError as error:
                for other in running:
                    ray.cancel(other, force=True)
                cause = error.cause
                raise failure(step, rank, f"{type(cause).__name__}: {cause}"[:300]) from None
            except ray.exceptions.RayError as error:
                raise failure(step, rank, str(error).splitlines()[0][:300], ended=True) from None
            done(total * (ranks - len(running)) // ranks)


def _rank(target: str, job: dict[str, Any], rank: int) -> None:
    function(target)(job, rank, lambda _: None)


# Without it Ray takes the address that other machines reach this one by, also where it is told the loopback one.
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
TOKEN = secrets.token_hex(32)
"""Of this process's own clusters: one, for Ray reads it once in a process."""


_OPEN: ContextVar[Any] = ContextVar("open cluster", default=None)


@contextmanager
def cluster(workers: int) -> Iterator[Any]:
    """The ray module, connected to the cluster of RAY_ADDRESS, or to one of this machine that ends with the block.

    That one listens on the loopback address alone, asks for a token that nobody else has, and leaves no file. Within
    the block of another cluster it is that one: the steps of a stage share it, for to start one takes seconds.

    Raises:
        EnvironmentFault: Ray is not installed, or its cluster cannot be used.
    """
    if (ray := _OPEN.get()) is not None:
        yield ray
        return
    with _connected(workers) as ray:
        token = _OPEN.set(ray)
        try:
            yield ray
        finally:
            _OPEN.reset(token)


@contextmanager
def _connected(workers: int) -> Iterator[Any]:
    own = not os.environ.get("RAY_ADDRESS")
    logging.getLogger("ray").setLevel(logging.ERROR)
    with ExitStack() as stack:
        common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if own:
            stack.enter_context(_environment({**LOOPBACK_ONLY, "RAY_AUTH_TOKEN": TOKEN}))
            # Not below CLEO_HOME: the path of a socket may have 107 bytes.
            folder = stack.enter_context(TemporaryDirectory(prefix="cleo-ray-", ignore_cleanup_errors=True))
            common |= {
                "address": "local", "num_cpus": workers, "include_dashboard": False, "_temp_dir": folder,
                "_node_ip_address": "127.0.0.1",
            }  # fmt: skip
        stack.enter_context(_environment({"RAY_USAGE_STATS_ENABLED": "0"}))
        try:
            import ray
        except ImportError:
            raise EnvironmentFault(
                "CLEO_COMPUTE is ray, but Ray is not installed.",
                hint="pip install 'cleoai[ray]', or CLEO_COMPUTE=local.",
            ) from None
        ours = {name: value for name, value in os.environ.items() if name.startswith("CLEO_")}
        try:
            ray.init(**common, runtime_env={"env_vars": ENVIRONMENT | ours})
        except Exception as error:  # of a cluster that does not start in time Ray says so by a plain one
            raise EnvironmentFault(
                f"The Ray cluster of {os.environ.get('RAY_ADDRESS', 'this machine')} cannot be used: "
                f"{(str(error).splitlines() or [type(error).__name__])[0][:200]}",
                hint="Is it running, and of the same Ray version? CLEO_COMPUTE=local does without it.",
            ) from None
        stack.callback(ray.shutdown)
        yield ray


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
