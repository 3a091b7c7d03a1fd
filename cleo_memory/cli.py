"""`cleo memory`: look into, carry and erase memories from a terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cleo_memory.memory import Memory

__all__ = ["memory"]

T = TypeVar("T")
USER = click.option("--user", required=True, help="Whose memory.")
KINDS = click.Choice(["conversation", "preference", "episodic", "procedural"])


def with_memory(work: Callable[[Memory], Awaitable[T]]) -> T:
    """Open the memory that the settings name, do one thing, close it."""

    async def run() -> T:
        from cleo_memory.open import open_memory

        async with open_memory() as opened:
            return await work(opened)

    return asyncio.run(run())


@click.group()
def memory() -> None:
    """Each user's memory: look, search, carry, erase.

    \b
    cleo memory remember --user ann "Ann is allergic to peanuts."
    cleo memory search --user ann "what must she not eat?"
    cleo memory erase --user ann
    """


@memory.command()
@USER
@click.option("--kind", type=KINDS, default="episodic", show_default=True)
@click.option("--importance", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.argument("content")
def remember(user: str, kind: str, importance: float, content: str) -> None:
    """Keep a memory; `-` reads it from standard input, so that it stays out of the shell's history.

    \b
    cleo memory remember --user ann --kind procedural "Deploy with make release."
    """
    text = sys.stdin.read() if content == "-" else content
    record = with_memory(lambda opened: opened.remember(user, text, kind=kind, importance=importance))
    click.echo(record.id)


@memory.command()
@USER
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--kind", "kinds", type=KINDS, multiple=True)
@click.argument("query")
def search(user: str, limit: int, kinds: tuple[str, ...], query: str) -> None:
    """Find memories and say why each was found.

    \b
    cleo memory search --user ann --limit 3 "what must she not eat?"
    """

    async def work(opened: Memory) -> Any:
        await opened.settle(user)
        return await opened.search(user, query, limit=limit, kinds=kinds or None)

    hits = with_memory(work)
    for hit in hits:
        parts = "  ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        click.echo(f"{hit.score:6.3f}  {hit.record.id}  {hit.record.content}\n        {parts}")
    for reason in hits.degraded:
        click.echo(f"Note: {reason}", err=True)


@memory.command()
@USER
@click.argument("ids", nargs=-1, required=True)
def forget(user: str, ids: tuple[str, ...]) -> None:
    """Forget memories by their ids, for good.

    \b
    cleo memory forget --user ann 01a2042339cfcb5d9c4bb7478c
    """
    gone = with_memory(lambda opened: opened.forget(user, ids))
    click.echo(f"{gone} of {len(ids)} forgotten.")


@memory.command()
@USER
def stats(user: str) -> None:
    """Counts and bytes of one user, by kind and tier.

    \b
    cleo memory stats --user ann
    """
    found = with_memory(lambda opened: opened.stats(user))
    click.echo(json.dumps({name: getattr(found, name) for name in found.__dataclass_fields__}, indent=2))
