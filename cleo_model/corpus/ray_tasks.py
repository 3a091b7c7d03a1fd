"""Ranks of work as tasks of a Ray cluster: that of RAY_ADDRESS, or one of this machine that ends with the step.

The machines of a cluster share the folder of CLEO_HOME and have CleoAI installed: a task reads its shard there and
leaves its files there, just as a process of `workers` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cleo_core.errors import EnvironmentFault
from cleo_model.corpus.workers import ENVIRONMENT, failure, function


def run_ranks(
    step: str, target: str, job: dict[str, Any], ranks: int, workers: int, done: Callable[[int], None], total: int
) -> None:
    """See `cleo_model.corpus.shards.run_workers`."""
    with _cluster(workers) as ray:
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


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise EnvironmentFault(
            "CLEO_COMPUTE is ray, but Ray is not installed.", hint="pip install 'cleoai[ray]', or CLEO_COMPUTE=local."
        ) from None
    ours = {name: value for name, value in os.environ.items() if name.startswith("CLEO_")}
    common = {"log_to_driver": False, "runtime_env": {"env_vars": ENVIRONMENT | ours}, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**common)
    else:
        # Nothing of it listens beyond this machine, and nothing shows a page.
        ray.init(address="local", num_cpus=workers, include_dashboard=False, _node_ip_address="127.0.0.1", **common)
    try:
        yield ray
    finally:
        ray.shutdown()
