"""The logger of a run at a terminal: a line for each thing that happens."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg


class _Lines(logging.Handler):
    """Step by step on a terminal: what started, what it reports, how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        meta: Mapping[str, Any] = getattr(record, "dagster_meta", {}) or {}
        step = str(meta.get("step_key") or meta.get("op_name") or "")
        event = meta.get("dagster_event")
        kind = getattr(event, "event_type_value", None)
        if kind == "STEP_START":
            self._began[step] = time.monotonic()
            line = f"▶ {step}"
        elif kind == "STEP_SUCCESS":
            line = f"✓ {step}  {time.monotonic() - self._began.get(step, time.monotonic()):.1f} s"
        elif kind == "STEP_FAILURE":
            line = f"✗ {step} failed"
        elif kind == "ASSET_CHECK_EVALUATION" and event is not None:
            line = _told(event.asset_check_evaluation_data)
        elif kind is None and record.levelno >= logging.INFO:
            line = f"    {meta.get('orig_message') or record.getMessage()}"
        else:
            return
        print(line, flush=True)


def _told(check: dg.AssetCheckEvaluation) -> str:
    """A check that did not pass says why: it may have had nothing to check, which stops nothing."""
    verdict = "passed" if check.passed else "warning" if check.severity is dg.AssetCheckSeverity.WARN else "FAILED"
    reason = f": {check.description}" if check.description and not check.passed else ""
    return f"    check {check.check_name}: {verdict}{reason}"


@dg.logger(None, description="What happens, one line each, for a person at a terminal.")
def console(_: dg.InitLoggerContext) -> logging.Logger:
    """The job's logger: replaces Dagster's own, which shows every event."""
    log = logging.Logger("cleo.run")
    log.addHandler(_Lines())
    return log
