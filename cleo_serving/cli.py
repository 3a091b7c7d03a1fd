"""`cleo api`, `cleo token`, `cleo infer`, `cleo interactive`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from cleo_core.errors import ConfigError, InputError, Interrupted
from cleo_core.settings import load
from cleo_core.terminal import printable

if TYPE_CHECKING:
    from cleo_serving.engine.base import Engine
    from cleo_serving.settings import ServingSettings

__all__ = ["api", "infer", "interactive", "token"]

T = TypeVar("T")


def _settings(**given: Any) -> ServingSettings:
    """The settings with the options of the command in place of their variables."""
    from pydantic import ValidationError

    from cleo_serving.settings import ServingSettings

    load(ServingSettings)
    try:
        return ServingSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigError(f"{error.errors(include_url=False)[0]['msg']}.", hint="Mend the option.") from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    # Before torch is loaded: threads that spin while they wait take the processor from everything else.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise Interrupted("Interrupted.") from None


@click.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 by default, which only this machine reaches.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, 8000 by default.")
@click.option("--debug", is_flag=True, default=None, help="Introspection and full messages; not in production.")
def api(host: str | None, port: int | None, debug: bool | None) -> None:
    """Serve the approved model over GraphQL. Refuses to start unless bundle and approval are signed.

    \b
    cleo api
    cleo api --port 8080 --debug
    """
    from cleo_core.telemetry import configure_logging
    from cleo_serving.server import bind, serve

    settings = _settings(host=host, port=port, debug=debug)
    configure_logging()
    bound = bind(settings.host, settings.port)
    address = f"{settings.host}:{bound.getsockname()[1]}"
    if not settings.loopback:
        click.echo("Others can reach this address: put a proxy with TLS before it.", err=True)

    def started(services: Any) -> None:
        model = services.models.current
        signed = f"approved by {model.approved_by}" if model.signed else "UNSIGNED, for development only"
        click.echo(f"Model {model.name} version {model.version}, {signed}.")
        click.echo(f"GraphQL at http://{address}/graphql; a token: cleo token --user NAME; Ctrl-C ends it.")

    try:
        code = _run(serve(settings, bound, started))
    finally:
        bound.close()
    if code:
        raise Interrupted("Interrupted.")


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (value[:-1], value[-1]) if value[-1:] in units else (value, "s")
    if not number.isdecimal() or len(number) > 9:
        raise click.BadParameter("write 3600, 90m, 8h or 7d")
    return int(number) * units[unit]


@click.command()
@click.option("--user", required=True, help="Whom the token speaks for.")
@click.option("--ttl", callback=_seconds, metavar="TIME", help="How long it lives: 3600, 90m, 8h, 7d.")
@click.option("--scope", "scopes", multiple=True, help="chat, memory:read, memory:write; all three by default.")
def token(user: str, ttl: int | None, scopes: tuple[str, ...]) -> None:
    """Print an access token of the local issuer, for trying the API.

    \b
    cleo token --user ada
    cleo token --user ada --ttl 8h --scope memory:read
    """
    from cleo_serving.identity.tokens import SCOPES, make_token

    settings = _settings()
    if not settings.local_issuer:
        raise ConfigError(
            "The API does not accept tokens of the local issuer.", hint="Get one from your identity provider."
        )
    click.echo(make_token(user, seconds=ttl or settings.token_seconds, scopes=scopes or SCOPES))


MODEL = click.option(
    "--model", default="champion", show_default=True, help="A folder, `champion`, a version number, or a hub id."
)
REVISION = click.option("--revision", help="Commit of a hub id.")
TEMPERATURE = click.option(
    "--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True, help="0 takes the likeliest words."
)
TOP_P = click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=0.95, show_default=True)
MAX_TOKENS = click.option("--max-tokens", type=click.IntRange(1, 8192), default=256, show_default=True)
SYSTEM = click.option("--system", default="", help="Words of the system before the conversation.")


@click.command()
@MODEL
@REVISION
@click.option("--input", "text", help="What to ask.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Ask each line of a file; - reads standard input.")
@TEMPERATURE
@TOP_P
@MAX_TOKENS
@SYSTEM
@click.option("--stream", is_flag=True, help="Show the reply while it is made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per reply.")
@click.option("--smoke", type=click.Path(path_type=Path), help="Load a folder, answer the golden prompts, and exit.")
def infer(
    model: str,
    revision: str | None,
    text: str | None,
    file: TextIO | None,
    temperature: float,
    top_p: float,
    max_tokens: int,
    system: str,
    stream: bool,
    as_json: bool,
    smoke: Path | None,
) -> None:
    """Ask a model once, or once per line.

    \b
    cleo infer --input "What does len do?" --temperature 0.7
    cleo infer --model ./my-model --file questions.txt --json
    cleo infer --smoke ./bundle
    """
    from cleo_serving.engine.base import Sampling

    if smoke is not None:
        _run(_smoke(smoke))
        return
    if (text is None) == (file is None):
        raise click.UsageError("Give --input TEXT, or --file FILE.")
    texts = [text] if text is not None else _lines(file)
    if not all(texts) or not texts:
        raise InputError("There is nothing to ask.", hint='--input "What does len do?"')
    sampling = Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens)
    _run(_infer(model, revision, [str(each) for each in texts], system, sampling, stream, as_json))


def _lines(file: TextIO | None) -> list[str]:
    try:
        return [line.strip() for line in file or [] if line.strip()]
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", hint="Convert it, then try again.") from None


async def _smoke(folder: Path) -> None:
    from cleo_serving.engine.transformers import TransformersEngine
    from cleo_serving.model.holder import GOLDEN, golden_prompts

    engine = TransformersEngine(_settings().engine)
    try:
        await engine.load(folder)
        for question, answer in zip(GOLDEN, await golden_prompts(engine), strict=True):
            click.echo(f"{question}  {' '.join(answer.split())}")
    finally:
        await engine.close()


async def _infer(
    model: str, revision: str | None, texts: list[str], system: str, sampling: Any, stream: bool, as_json: bool
) -> None:
    from cleo_serving.engine.base import Message
    from cleo_serving.model.local import fit, open_engine, reply

    async with open_engine(model, _settings(), revision) as engine:
        prompts = [fit(engine, system, [Message("user", text)], sampling.max_tokens) for text in texts]
        if stream and not as_json:
            for number, prompt in enumerate(prompts):
                await reply(
                    engine, prompt, sampling, f"infer-{number}", lambda part: click.echo(printable(part), nl=False)
                )
                click.echo()
            return
        for text, answer in zip(texts, await engine.generate_batch(prompts, sampling), strict=True):
            click.echo(_shown(text, answer, as_json))


def _shown(text: str, answer: Any, as_json: bool) -> str:
    import json
    from dataclasses import asdict

    if as_json:
        return json.dumps({"input": text, **asdict(answer)}, ensure_ascii=False)
    return printable(str(answer.text).strip())


@click.command()
@MODEL
@REVISION
@TEMPERATURE
@TOP_P
@MAX_TOKENS
@SYSTEM
def interactive(
    model: str, revision: str | None, temperature: float, top_p: float, max_tokens: int, system: str
) -> None:
    """Talk with a model: Ctrl-C stops a reply, Ctrl-D leaves, /new begins afresh.

    \b
    cleo interactive
    cleo interactive --model ./my-model --temperature 0.2
    """
    from cleo_serving.engine.base import Sampling

    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sampling = Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens)
    with asyncio.Runner() as runner:
        opening = _open(model, revision)
        engine, leave = runner.run(opening)
        try:
            _talk(runner, engine, system, sampling)
        finally:
            runner.run(leave())


async def _open(model: str, revision: str | None) -> tuple[Engine, Any]:
    from contextlib import AsyncExitStack

    from cleo_serving.model.local import open_engine

    stack = AsyncExitStack()
    engine = await stack.enter_async_context(open_engine(model, _settings(), revision))
    return engine, stack.aclose


def _talk(runner: asyncio.Runner, engine: Engine, system: str, sampling: Any) -> None:
    from cleo_serving.engine.base import Message
    from cleo_serving.model.local import fit, reply

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
