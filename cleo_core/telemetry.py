"""Logs and metrics: JSON lines with a request id and nothing that a user wrote, and one registry of metrics."""

from __future__ import annotations

import logging
import re
import sys
import uuid
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar, cast

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars

from cleo_core.redact import redact
from cleo_core.settings import CoreSettings, load

METRICS = CollectorRegistry()
cast(Any, prometheus_client).disable_created_metrics()  # a series per series, for nobody
M = TypeVar("M", Counter, Gauge, Histogram)

# What a user wrote or was told: never above DEBUG.
TEXT = frozenset({"text", "content", "prompt", "question", "query", "answer", "reply_text", "completion", "body"})


def _redaction(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: dict[str, Any] = redact(event)
    if event.get("level") != "debug":
        for name in TEXT & cleaned.keys():
            cleaned[name] = f"[{len(str(event[name]))} characters]"
    return cleaned


def configure_logging(stream: TextIO | None = None, *, level: str | None = None) -> None:
    """Send every log line, ours and the libraries', as one JSON object to the stream (standard error by default)."""
    shared: list[Any] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redaction,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level or load(CoreSettings).log_level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: ``get_logger(__name__).info("model loaded", version=3)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def request_id() -> str:
    """The id of the request that is being served, or an empty text."""
    return str(get_contextvars().get("request_id", ""))


@contextmanager
def request(given: str | None = None) -> Iterator[str]:
    """While this is open, log lines carry the id. One that a client gave is taken only when it looks like one."""
    known = given if given and re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given) else uuid.uuid4().hex
    with bound_contextvars(request_id=known):
        yield known


def _metric(kind: type[M], name: str, what: str, labels: Sequence[str], **options: Any) -> M:
    known = getattr(METRICS, "_names_to_collectors", {}).get(name)
    if isinstance(known, kind):
        return known
    return kind(name, what, labels, registry=METRICS, **options)


def counter(name: str, what: str, labels: Sequence[str] = ()) -> Counter:
    """The counter of that name, made once. Labels must be few values: never a user, an id or a text."""
    return _metric(Counter, name, what, labels)


def gauge(name: str, what: str, labels: Sequence[str] = ()) -> Gauge:
    return _metric(Gauge, name, what, labels)


def histogram(name: str, what: str, labels: Sequence[str] = (), *, buckets: Sequence[float] | None = None) -> Histogram:
    return _metric(Histogram, name, what, labels, **({"buckets": buckets} if buckets else {}))


def metrics_text() -> bytes:
    """All metrics in the text format of Prometheus."""
    return generate_latest(METRICS)
