"""How a stage's result shows itself in Dagster: pictures and tables first, the rest behind a link."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from cleo_core.errors import CleoError
from cleo_core.stage.execution import RECORD, StageResult

# Dagster wants to read the bare class in an annotation, mypy the parameter.
if TYPE_CHECKING:
    Materialised = dg.MaterializeResult[StageResult]
    Registered = dg.MaterializeResult[None]
else:
    Materialised = Registered = dg.MaterializeResult

MAX_INLINE_PLOT = 400_000


@contextmanager
def clear_errors() -> Iterator[None]:
    """A `CleoError` becomes a failure that says what is wrong, with its hint, and is not retried."""
    try:
        yield
    except CleoError as error:
        raise dg.Failure(str(error), metadata={"code": error.code}, allow_retries=False) from None


def metadata_of(result: StageResult) -> dict[str, Any]:
    """Dagster metadata of a result: plots, tables, notes, then single numbers; the whole record is a file beside it."""
    summary = result.summary
    shown: dict[str, Any] = {Path(plot).stem: _picture(result.path / plot) for plot in summary.get("plots", [])}
    shown |= {title: dg.MetadataValue.md(text) for title, text in summary.get("markdown", {}).items()}
    if notes := summary.get("notes"):
        shown["notes"] = dg.MetadataValue.md("\n".join(f"- {note}" for note in notes))
    shown |= {
        name: value
        for name, value in summary.items()
        if name not in ("version", "plots", "markdown", "notes") and isinstance(value, bool | int | float | str)
    }
    return {
        **shown,
        "seconds": result.seconds,
        "reused": result.reused,
        "digest": result.digest,
        "folder": dg.MetadataValue.path(str(result.path)),
        "all figures": dg.MetadataValue.path(str(result.path.parent / RECORD)),
    }


def _picture(file: Path) -> Any:
    data = file.read_bytes()
    if len(data) > MAX_INLINE_PLOT:
        return dg.MetadataValue.path(str(file))
    return dg.MetadataValue.md(f"![{file.stem}](data:image/png;base64,{base64.b64encode(data).decode()})")
