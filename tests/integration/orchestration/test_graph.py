"""The asset graph is written down, so that a change of it shows in review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import defs

pytestmark = pytest.mark.integration

SNAPSHOT = Path(__file__).with_name("graph.json")


def graph() -> dict[str, Any]:
    """Assets with what they need, who owns them and which checks guard them; jobs, schedules and sensors."""
    known = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    return {
        "assets": {
            key.to_user_string(): {
                "group": known.get(key).group_name,
                "needs": sorted(parent.to_user_string() for parent in known.get(key).parent_keys),
                "owners": sorted(known.get(key).owners),
                "kinds": sorted(known.get(key).kinds),
                "blocking_checks": sorted(
                    check.name
                    for check in known.asset_check_keys
                    if check.asset_key == key and known.get_check_spec(check).blocking
                ),
            }
            for key in sorted(known.get_all_asset_keys())
        },
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {s.name: [s.cron_schedule, s.default_status.value] for s in repository.schedule_defs},
        "sensors": {s.name: s.default_status.value for s in repository.sensor_defs},
    }


def test_the_graph_is_the_one_that_was_reviewed() -> None:
    found = json.dumps(graph(), indent=1, sort_keys=True) + "\n"
    assert found == SNAPSHOT.read_text(), f"If the change is meant, write this to {SNAPSHOT.name}:\n{found}"


def test_every_asset_says_what_it_is_and_whose() -> None:
    known = defs.resolve_asset_graph()
    for key in known.get_all_asset_keys():
        node = known.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name != "default", key


def test_nothing_runs_by_itself_before_a_person_starts_it() -> None:
    repository = defs.get_repository_def()
    assert {s.default_status for s in repository.schedule_defs} == {dg.DefaultScheduleStatus.STOPPED}
    assert {s.default_status for s in repository.sensor_defs} == {dg.DefaultSensorStatus.STOPPED}


def test_training_is_never_retried_behind_a_persons_back() -> None:
    for name in ("foundation", "specialized", "advanced"):
        node = defs.resolve_job_def("train_and_register").get_node_named(name)
        assert node.definition.retry_policy is None
