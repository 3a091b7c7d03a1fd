"""Dagster's own home: below CLEO_HOME, telemetry off, the same for `cleo run`, the UI and the daemon."""

from __future__ import annotations

import os
from pathlib import Path

from cleo_core.settings import home


def dagster_home() -> Path:
    """The folder, with a dagster.yaml in it."""
    folder = home("dagster")
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_bytes(Path(__file__).with_name("dagster.yaml").read_bytes())
    return folder


def prepare_storage() -> None:
    """Make Dagster's databases where there are none: several programs that start at once would trip over each other."""
    if not (dagster_home() / "history" / "runs.db").exists():
        os.environ["DAGSTER_HOME"] = str(dagster_home())
        import dagster as dg

        with dg.DagsterInstance.get():
            pass


def dagster_environment() -> dict[str, str]:
    """The variables under which Dagster, and what it starts, run."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(dagster_home()),
        "CLEO_HOME": str(home()),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",  # progress is reported by the stages themselves
        "OMP_WAIT_POLICY": "passive",
        "TOKENIZERS_PARALLELISM": "false",
    }
