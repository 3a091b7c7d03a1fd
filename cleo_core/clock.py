"""The clock: moments in UTC, and the one form in which they are written (2026-01-31T12:00:00Z)."""

from __future__ import annotations

from datetime import UTC, datetime

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def timestamp(at: datetime | None = None) -> str:
    """An aware moment (by default this one) in UTC, to the second."""
    return (at or now()).astimezone(UTC).strftime(FORM)


def parse(text: str) -> datetime:
    """The moment that `timestamp` wrote.

    Raises:
        ValueError: the text is of any other form.
    """
    moment = datetime.strptime(text, FORM).replace(tzinfo=UTC)
    if timestamp(moment) != text:  # strptime also takes 2026-1-1T0:0:0Z
        raise ValueError(f"{text!r} is not of the form 2026-01-31T12:00:00Z")
    return moment
