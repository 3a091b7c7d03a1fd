"""The group `cleo memory`, and what its commands share."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from cleo_memory.memory import Memory

P = ParamSpec("P")
USER = click.option("--user", required=True, help="Whose memory.")
KINDS = click.Choice(["conversation", "preference", "episodic", "procedural"])


class Moment(click.ParamType[datetime]):
    """A time with a zone; a day is its midnight in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 2026-05-01 or 2026-05-01T09:30:00+02:00", param, ctx)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


AT = click.option("--at", type=Moment(), help="As things stood then; now by default.")


def with_memory(work: Callable[Concatenate[Memory, P], Awaitable[None]]) -> Callable[P, None]:
    """A command that gets the memory that the settings name, opened, before its own arguments."""

    @functools.wraps(work)
    def command(*arguments: P.args, **options: P.kwargs) -> None:
        async def run() -> None:
            from cleo_memory.open import open_memory

            async with open_memory() as opened:
                await work(opened, *arguments, **options)

        asyncio.run(run())

    return command


@click.group()
def memory() -> None:
    """Each user's memory: look, search, carry, erase.

    \b
    cleo memory remember --user ann "Ann is allergic to peanuts."
    cleo memory search --user ann "what must she not eat?"
    cleo memory prefer --user ann tea "green, no sugar"
    cleo memory list --user ann
    cleo memory erase --user ann
    """
