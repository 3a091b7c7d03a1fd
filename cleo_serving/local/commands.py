"""`cleo infer` and `cleo interactive`: replies of a model in this process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import click

from cleo_core.errors import InputError
from cleo_core.terminal import printable
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.text import complete
from cleo_serving.engine.transformers import TransformersEngine
from cleo_serving.local.engine import fit
from cleo_serving.model.loader import GOLDEN, golden_prompts
from cleo_serving.settings import ServingSettings

Opening: TypeAlias = AbstractAsyncContextManager[Engine]
"""A model that is loaded when it is entered: `open_engine`."""


async def smoke(folder: Path, settings: ServingSettings) -> None:
    """Load a folder, answer the golden prompts, and show what was said."""
    engine = TransformersEngine(settings.engine)
    try:
        await engine.load(folder)
        for question, answer in zip(GOLDEN, await golden_prompts(engine), strict=True):
            click.echo(f"{question}  {' '.join(answer.split())}")
    finally:
        await engine.close()


async def infer(
    opening: Opening, texts: Sequence[str], system: str, sampling: Sampling, *, stream: bool, as_json: bool
) -> None:
    """Answer each text and show the reply, while it is made or as JSON."""
    async with opening as engine:
        prompts = [fit(engine, system, [Message("user", text)], sampling.max_tokens) for text in texts]
        if stream and not as_json:
            for number, prompt in enumerate(prompts):
                await complete(engine, prompt, sampling, f"infer-{number}", _show)
                click.echo()
            return
        for text, answer in zip(texts, await engine.generate_batch(prompts, sampling), strict=True):
            told = {"input": text, **asdict(answer)}
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else printable(answer.text.strip()))


def talk(opening: Opening, system: str, sampling: Sampling) -> None:
    """Read lines and answer them until the input ends."""
    stack = AsyncExitStack()
    # A runner, and not `asyncio.run`: Ctrl-C ends the reply in the making, and the loop goes on.
    with asyncio.Runner() as runner:
        try:
            engine = runner.run(stack.enter_async_context(opening))
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
            _show(part)

        try:
            tokens = fit(engine, system, [*turns, Message("user", text)], sampling.max_tokens)
            runner.run(complete(engine, tokens, sampling, f"turn-{number}", show))
        except InputError as error:
            click.echo(str(error))
            continue
        except KeyboardInterrupt:
            click.echo("  (stopped)", nl=False)
        click.echo()
        turns += [Message("user", text), Message("assistant", "".join(shown))]


def _show(part: str) -> None:
    click.echo(printable(part), nl=False)
