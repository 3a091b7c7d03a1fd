"""`cleo memory` for one user's memories: keep, find, list, put right, forget; preferences and conversations."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from cleo_core.errors import InputError
from cleo_core.terminal import printable
from cleo_memory.cli.group import AT, KINDS, USER, Moment, memory, with_memory

if TYPE_CHECKING:
    from cleo_memory.memory import Memory
    from cleo_memory.records import Record

SINCE = click.option("--since", type=Moment(), help="Said or true at or after.")
UNTIL = click.option("--until", type=Moment(), help="Said or true before.")
EXPIRES = click.option("--expires", type=Moment(), help="From then on it is in no answer.")


@memory.command()
@USER
@click.option("--kind", type=KINDS, default="episodic", show_default=True)
@click.option("--importance", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.option("--at", type=Moment(), help="When it was said or became true; now by default.")
@EXPIRES
@click.argument("content")
@with_memory
async def remember(
    opened: Memory,
    user: str,
    kind: str,
    importance: float,
    at: datetime | None,
    expires: datetime | None,
    content: str,
) -> None:
    """Keep a memory; `-` reads it from standard input, so that it stays out of the shell's history.

    \b
    cleo memory remember --user ann --kind procedural "Deploy with make release."
    cleo memory remember --user ann --expires 2027-01-01 "The visa is being renewed."
    """
    kept = await opened.remember(user, _text(content), kind=kind, importance=importance, at=at, expires_at=expires)
    click.echo(kept.id)


def _text(content: str) -> str:
    return sys.stdin.read() if content == "-" else content


@memory.command()
@USER
@EXPIRES
@click.option("--importance", type=click.FloatRange(0, 1))
@click.argument("id")
@click.argument("content", required=False)
@with_memory
async def edit(
    opened: Memory, user: str, expires: datetime | None, importance: float | None, id: str, content: str | None
) -> None:
    """Put a memory right: a new version in its place, the old text out of every answer; `-` reads standard input.

    \b
    cleo memory edit --user ann 01a2042339cfcb5d9c4bb7478c "Ann is allergic to cashews."
    """
    from cleo_memory.draft import KEEP

    if content is None and expires is None and importance is None:
        raise InputError("There is nothing to change.", hint="Give the new text, --importance or --expires.")
    text = None if content is None else _text(content)
    fresh = await opened.edit(user, id, content=text, importance=importance, expires_at=expires or KEEP)
    click.echo(f"{fresh.id} is of version {fresh.version}.")


@memory.command()
@USER
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--kind", "kinds", type=KINDS, multiple=True)
@SINCE
@UNTIL
@AT
@click.argument("query")
@with_memory
async def search(
    opened: Memory,
    user: str,
    limit: int,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    at: datetime | None,
    query: str,
) -> None:
    """Find memories and say why each was found.

    \b
    cleo memory search --user ann --limit 3 "what must she not eat?"
    cleo memory search --user ann --at 2026-05-01 "where does she live?"
    """
    await opened.settle(user)
    hits = await opened.search(user, query, limit=limit, kinds=kinds or None, since=since, until=until, at=at)
    for hit in hits:
        parts = "  ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        click.echo(f"{hit.score:6.3f}  {hit.record.id}  {printable(hit.record.content, lines=False)}\n        {parts}")
    for reason in hits.degraded:
        click.echo(f"Note: {reason}", err=True)


@memory.command("list")
@USER
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--kind", "kinds", type=KINDS, multiple=True)
@SINCE
@UNTIL
@AT
@click.option("--after", help="Go on behind the page before: it names the word to give here.")
@with_memory
async def list_memories(
    opened: Memory,
    user: str,
    limit: int,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    at: datetime | None,
    after: str | None,
) -> None:
    """Memories that are kept, the last written first; what was superseded or unset says until when it held.

    \b
    cleo memory list --user ann --kind episodic --limit 20
    cleo memory list --user ann --at 2026-05-01
    """
    page = await opened.memories(user, kinds=kinds or None, first=limit, after=after, since=since, until=until, at=at)
    for record in page.items:
        click.echo(f"{record.id}  {_line(record)}")
    if page.end is not None:
        click.echo(f"There may be more: --after {page.end}", err=True)


def _line(record: Record) -> str:
    said = f"{record.valid_from:%Y-%m-%d}"
    if record.valid_to is not None:
        said += f" to {record.valid_to:%Y-%m-%d}"
    named = f"{record.key}: " if record.key else f"{record.speaker}: " if record.speaker else ""
    return f"{record.kind:12} {said:10}  {printable(f'{named}{record.content}', lines=False)}"


@memory.command()
@USER
@AT
@with_memory
async def preferences(opened: Memory, user: str, at: datetime | None) -> None:
    """Preferences as they stand, or stood.

    \b
    cleo memory preferences --user ann
    """
    for key, record in (await opened.preferences(user, at=at)).items():
        told = printable(f"{key}: {record.content}", lines=False)
        click.echo(f"{told}  (since {record.valid_from:%Y-%m-%d})")


@memory.command()
@USER
@click.option("--at", type=Moment(), help="From when on it holds; now by default.")
@click.argument("key")
@click.argument("value")
@with_memory
async def prefer(opened: Memory, user: str, at: datetime | None, key: str, value: str) -> None:
    """Set a preference; what it was before stays on record as past.

    \b
    cleo memory prefer --user ann tea "green, no sugar"
    cleo memory prefer --user ann city Porto --at 2026-05-01
    """
    record = await opened.prefer(user, key, _text(value), at=at)
    until = f", held until {record.valid_to:%Y-%m-%d}" if record.valid_to is not None else ""
    click.echo(f"{record.id}{until}")


@memory.command()
@USER
@click.option("--at", type=Moment(), help="From when on nothing holds; now by default.")
@click.argument("key")
@with_memory
async def unset(opened: Memory, user: str, at: datetime | None, key: str) -> None:
    """Unset a preference: nothing holds under the key; what it was stays on record as past.

    \b
    cleo memory unset --user ann tea
    """
    was = await opened.unset(user, key, at=at)
    click.echo("Nothing held." if was is None else f"Unset; it was {printable(was.content, lines=False)}.")


@memory.command()
@USER
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--after", help="Go on behind the page before: it names the word to give here.")
@with_memory
async def conversations(opened: Memory, user: str, limit: int, after: str | None) -> None:
    """Conversations, the last used first.

    \b
    cleo memory conversations --user ann
    """
    page = await opened.conversations(user, first=limit, after=after)
    for each in page.items:
        click.echo(f"{printable(each.id, lines=False)}  {each.turns} turns, last {each.updated_at:%Y-%m-%d %H:%M}")
    if page.end is not None:
        click.echo(f"There may be more: --after {page.end}", err=True)


@memory.command()
@USER
@click.option("--last", type=click.IntRange(1, 1000), default=40, show_default=True)
@click.option("--before", help="The turns in front of the page before: it names the word to give here.")
@click.argument("conversation")
@with_memory
async def turns(opened: Memory, user: str, last: int, before: str | None, conversation: str) -> None:
    """The turns of a conversation, oldest first.

    \b
    cleo memory turns --user ann CONVERSATION --last 10
    """
    page = await opened.turns(user, conversation, last=last, before=before)
    for turn in page.items:
        said = printable(turn.content, lines=False)
        click.echo(f"{turn.id}  {turn.valid_from:%Y-%m-%d %H:%M}  {printable(turn.speaker or '', lines=False)}: {said}")
    if page.earlier:
        click.echo(f"There are earlier ones: --before {page.cursors[0]}", err=True)


@memory.command("delete-conversation")
@USER
@click.argument("conversation")
@click.confirmation_option(prompt="This cannot be undone. Delete the conversation?")
@with_memory
async def delete_conversation(opened: Memory, user: str, conversation: str) -> None:
    """Delete a conversation for good: its turns, and what was learned from them.

    \b
    cleo memory delete-conversation --user ann CONVERSATION --yes
    """
    gone = await opened.delete_conversation(user, conversation)
    click.echo(f"{gone.turns} turns and {gone.learned} memories learned from them are forgotten.")


@memory.command()
@USER
@click.argument("ids", nargs=-1, required=True)
@with_memory
async def forget(opened: Memory, user: str, ids: tuple[str, ...]) -> None:
    """Forget memories by their ids, for good.

    \b
    cleo memory forget --user ann 01a2042339cfcb5d9c4bb7478c
    """
    click.echo(f"{await opened.forget(user, ids)} of {len(ids)} forgotten.")


@memory.command()
@USER
@with_memory
async def stats(opened: Memory, user: str) -> None:
    """Counts and bytes of one user, by kind and tier.

    \b
    cleo memory stats --user ann
    """
    click.echo(json.dumps(asdict(await opened.stats(user)), indent=2))
