"""How a run shows itself: progress and findings in Dagster's event log, and plain lines on a terminal."""

import base64
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from cleo_core.errors import CleoError
from cleo_core.stage import StageResult

# Dagster wants to read the bare class in an annotation, mypy the parameter.
if TYPE_CHECKING:
    Materialised = dg.MaterializeResult[StageResult]
    Registered = dg.MaterializeResult[None]
else:
    Materialised = Registered = dg.MaterializeResult

__all__ = ["Materialised", "Registered", "clear_errors", "console", "materialised", "metadata_of"]

MAX_INLINE_PLOT = 400_000


@contextmanager
def clear_errors() -> Iterator[None]:
    """A `CleoError` becomes a failure that says what is wrong and how to mend it, without a retry."""
    try:
        yield
    except CleoError as error:
        raise dg.Failure(str(error), metadata={"code": error.code}, allow_retries=False) from None


def metadata_of(result: StageResult) -> dict[str, Any]:
    """Dagster metadata from a stage's summary: numbers as numbers, Markdown as Markdown, plots as pictures."""
    shown: dict[str, Any] = {
        "folder": dg.MetadataValue.path(str(result.path)),
        "digest": result.digest,
        "seconds": result.seconds,
        "reused": result.reused,
    }
    for name, value in result.summary.items():
        if name == "markdown" and isinstance(value, Mapping):
            shown |= {str(title): dg.MetadataValue.md(str(text)) for title, text in value.items()}
        elif name == "plots" and isinstance(value, list):
            shown |= {Path(plot).stem: _picture(result.path / plot) for plot in value}
        elif isinstance(value, bool | int | float | str):
            shown[name] = value
        else:
            shown[name] = dg.MetadataValue.json(value)
    return shown


def _picture(file: Path) -> Any:
    data = file.read_bytes()
    if len(data) > MAX_INLINE_PLOT:
        return dg.MetadataValue.path(str(file))
    return dg.MetadataValue.md(f"![{file.stem}](data:image/png;base64,{base64.b64encode(data).decode()})")


def materialised(
    context: dg.AssetExecutionContext, result: StageResult, checks: list[dg.AssetCheckResult] | None = None
) -> Materialised:
    """The asset's result: its version is the digest of its content, so that unchanged inputs show as unchanged."""
    if result.reused:
        context.log.info(f"unchanged: reused what {result.seconds:.0f} s of work made ({result.digest[:12]})")
    return dg.MaterializeResult(
        value=result,
        metadata=metadata_of(result),
        data_version=dg.DataVersion(result.digest),
        check_results=checks or [],
    )


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
            check = event.asset_check_evaluation_data
            line = f"    check {check.check_name}: {'passed' if check.passed else 'FAILED'}"
        elif kind is None and record.levelno >= logging.INFO:
            line = f"    {meta.get('orig_message') or record.getMessage()}"
        else:
            return
        print(line, flush=True)


@dg.logger(None, description="What happens, one line each, for a person at a terminal.")
def console(_: dg.InitLoggerContext) -> logging.Logger:
    """The job's logger: replaces Dagster's own, which shows every event."""
    log = logging.Logger("cleo.run")
    log.addHandler(_Lines())
    return log
