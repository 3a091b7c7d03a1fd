"""`cleo interactive`: a conversation with a model in this process, line by line."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import click

from cleo_core.errors import InputError
from cleo_core.terminal import printable
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.local.engine import Source, fit, open_engine, reply

__all__ = ["talk"]


def talk(source: Source, system: str, sampling: Sampling) -> None:
    """Read lines and answer them until the input ends."""
    stack = AsyncExitStack()
    # A runner, and not `asyncio.run`: Ctrl-C ends the reply in the making, and the loop goes on.
    with asyncio.Runner() as runner:
        try:
            engine = runner.run(stack.enter_async_context(open_engine(source)))
            _talk(runner, engine, system, sampling)
        finally:
            runner.run(stack.aclose())


def _talk(runner: asyncio.Runner, engine: Engine, system: str, sampling: Sampling) -> None:
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives input() its line editing and history

        click.echo(f"{engine.capabilities.architecture}; Ctrl-C stops a reply, Ctrl-D leaves, /new begins afresh.")
    turns: list[Message] = []
    for number in range(sys.maxsize):
        try:
            text = input("you> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo("  (Ctrl-D leaves)")
            continue
        if text == "/new":
            turns.clear()
        if not text or text == "/new":
            continue
        shown: list[str] = []

        def show(part: str, shown: list[str] = shown) -> None:
            shown.append(part)
            click.echo(printable(part), nl=False)

        try:
            tokens = fit(engine, system, [*turns, Message("user", text)], sampling.max_tokens)
            runner.run(reply(engine, tokens, sampling, f"turn-{number}", show))
        except InputError as error:
            click.echo(str(error))
            continue
        except KeyboardInterrupt:
            click.echo("  (stopped)", nl=False)
        click.echo()
        turns += [Message("user", text), Message("assistant", "".join(shown))]
