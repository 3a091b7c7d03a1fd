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
from cleo_core.routing import RoutingTrace
from cleo_core.terminal import printable
from cleo_serving.engine.base import Engine, Message, Sampling
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.engine.text import complete
from cleo_serving.errors import NotFound
from cleo_serving.local.engine import fit
from cleo_serving.local.talks import Talk
from cleo_serving.model.loader import GOLDEN, golden_prompts
from cleo_serving.settings import ServingSettings

COMMANDS = "/new begins afresh, /memory lists what is remembered, /forget takes an id, or what it is about."
Opening: TypeAlias = AbstractAsyncContextManager[Engine]
"""A model that is loaded when it is entered: `open_engine`."""


async def smoke(folder: Path, settings: ServingSettings) -> None:
    """Load a folder, answer the golden prompts, and show what was said."""
    engine = ProcessEngine(settings.engine)
    try:
        await engine.load(folder)
        for question, answer in zip(GOLDEN, await golden_prompts(engine), strict=True):
            click.echo(f"{question}  {' '.join(answer.split())}")
    finally:
        await engine.close()


async def infer(
    opening: Opening,
    texts: Sequence[str],
    system: str,
    sampling: Sampling,
    *,
    stream: bool,
    as_json: bool,
    routing: bool = False,
) -> None:
    """Answer each text and show the reply, while it is made or as JSON; `routing` adds where its tokens went."""
    async with opening as engine:
        prompts = [fit(engine, system, [Message("user", text)], sampling.max_tokens) for text in texts]
        if stream and not as_json:
            for number, prompt in enumerate(prompts):
                answer = await complete(engine, prompt, sampling, f"infer-{number}", _show)
                click.echo()
                if routing:
                    _show_routing((await _traced(engine, system, [(texts[number], answer.text)]))[0])
            return
        answers = await engine.generate_batch(prompts, sampling)
        said = [(text, answer.text) for text, answer in zip(texts, answers, strict=True)]
        traced = await _traced(engine, system, said) if routing else []
        for number, (text, answer) in enumerate(zip(texts, answers, strict=True)):
            told = {"input": text, **asdict(answer)}
            if as_json:
                told |= {"routing": traced[number].model_dump(mode="json")} if traced else {}
                click.echo(json.dumps(told, ensure_ascii=False))
                continue
            click.echo(printable(answer.text.strip()))
            if traced:
                _show_routing(traced[number])


async def _traced(engine: Engine, system: str, said: Sequence[tuple[str, str]]) -> list[RoutingTrace]:
    assert isinstance(engine, ProcessEngine)
    head = [Message("system", system)] if system else []
    tokens = [engine.encode([*head, Message("user", ask), Message("assistant", reply)]) for ask, reply in said]
    return [await engine.routing(each) for each in tokens]


def _show_routing(traced: RoutingTrace) -> None:
    from cleo_serving.local.routing import lines

    for line in lines(traced):
        click.echo(line)


def talk(opening: AbstractAsyncContextManager[Talk]) -> None:
    """Read lines and answer them until the input ends."""
    stack = AsyncExitStack()
    # A runner, and not `asyncio.run`: Ctrl-C ends the reply in the making, and the loop goes on.
    with asyncio.Runner() as runner:
        try:
            _talk(runner, runner.run(stack.enter_async_context(opening)))
        finally:
            runner.run(stack.aclose())


def _talk(runner: asyncio.Runner, talk: Talk) -> None:
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives input() its line editing and history

        click.echo(f"{talk.name}; Ctrl-C stops a reply, Ctrl-D leaves. {COMMANDS}")
    while True:
        try:
            text = input("you> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo("  (Ctrl-D leaves)")
            continue
        try:
            if not _obeyed(runner, talk, text):
                runner.run(talk.answer(text, _show))
                click.echo()
        except (InputError, NotFound) as error:
            click.echo(str(error))
        except KeyboardInterrupt:
            click.echo("  (stopped)")


def _obeyed(runner: asyncio.Runner, talk: Talk, text: str) -> bool:
    """Whether the text was empty or a command; then it was carried out."""
    name, _, rest = text.partition(" ")
    if name == "/new" and not rest:
        talk.begin_anew()
    elif name == "/memory" and not rest:
        click.echo(runner.run(talk.known()))
    elif name == "/forget":
        click.echo(runner.run(talk.forget(rest.strip())) if rest.strip() else "/forget ID, or /forget my allergy")
    else:
        return not text
    return True


def _show(part: str) -> None:
    click.echo(printable(part), nl=False)
