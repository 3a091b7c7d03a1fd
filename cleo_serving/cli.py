"""`cleo api`, `cleo token`, `cleo infer`, `cleo interactive`."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from cleo_core.errors import ConfigError, InputError, Interrupted

if TYPE_CHECKING:
    from cleo_serving.settings import ServingSettings

T = TypeVar("T")


def _settings(**given: Any) -> ServingSettings:
    """The settings with the options of the command in place of their variables."""
    from pydantic import ValidationError

    from cleo_core.settings import load
    from cleo_serving.settings import ServingSettings

    load(ServingSettings)
    try:
        return ServingSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigError(f"{error.errors(include_url=False)[0]['msg']}.", hint="Correct the option.") from None


def _quiet_libraries() -> None:
    """Before torch is loaded: threads that spin while they wait take the processor from everything else."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _run(work: Coroutine[Any, Any, T]) -> T:
    _quiet_libraries()
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


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that `infer` and `interactive` share: which model, and how its tokens are chosen."""
    model = "A folder, `champion`, a version number, or a hub id."
    words, tokens = click.FloatRange(0, 2), click.IntRange(1, 8192)
    for option in (
        click.option("--system", default="", help="Words of the system before the conversation."),
        click.option("--max-tokens", type=tokens, default=256, show_default=True),
        click.option("--stop", multiple=True, help="The reply ends before this text; may be given several times."),
        click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed gives the same reply."),
        click.option("--repetition-penalty", type=click.FloatRange(0.5, 2), default=1.05, show_default=True),
        click.option("--min-p", type=click.FloatRange(0, 1), default=0.0, show_default=True),
        click.option("--top-k", type=click.IntRange(0, 1000), default=50, show_default=True, help="0 leaves all."),
        click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=0.95, show_default=True),
        click.option("--temperature", type=words, default=0.7, show_default=True, help="0 takes the likeliest words."),
        click.option("--revision", help="Commit of a hub id."),
        click.option("--model", default="champion", show_default=True, help=model),
    ):
        command = option(command)
    return command


@click.command()
@model_options
@click.option("--input", "text", help="What to ask.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Ask each line of a file; - reads standard input.")
@click.option("--stream", is_flag=True, help="Show the reply while it is made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per reply.")
@click.option("--routing", is_flag=True, help="Then show which experts of a mixture each token went to.")
@click.option("--smoke", type=click.Path(path_type=Path), help="Load a folder, answer the golden prompts, and exit.")
def infer(
    model: str,
    revision: str | None,
    system: str,
    text: str | None,
    file: TextIO | None,
    stream: bool,
    as_json: bool,
    routing: bool,
    smoke: Path | None,
    **sampling: Any,
) -> None:
    """Ask a model once, or once per line.

    \b
    cleo infer --input "What does len do?" --temperature 0.7
    cleo infer --model ./my-model --file questions.txt --json
    cleo infer --input "What does len do?" --routing
    cleo infer --smoke ./bundle
    """
    if smoke is None and (text is None) == (file is None):
        raise click.UsageError("Give --input TEXT, or --file FILE.")
    settings = _settings()
    from cleo_serving.engine.base import Sampling
    from cleo_serving.local import commands
    from cleo_serving.local.engine import open_engine

    if smoke is not None:
        _run(commands.smoke(smoke, settings))
        return
    try:
        texts = [line.strip() for line in file if line.strip()] if file is not None else [str(text)]
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", hint="Convert it, then try again.") from None
    if not all(texts) or not texts:
        raise InputError("There is nothing to ask.", hint='--input "What does len do?"')
    if routing:  # an engine that can tell
        settings = settings.model_copy(update={"engine": settings.engine.model_copy(update={"routing": True})})
    opening = open_engine(model, revision, settings)
    shown = {"stream": stream, "as_json": as_json, "routing": routing}
    _run(commands.infer(opening, texts, system, Sampling(**sampling), **shown))


@click.command()
@model_options
@click.option("--user", help="Whose memory, as in `cleo token --user`; your name on this machine by default.")
@click.option("--no-memory", is_flag=True, help="Remember nothing of this talk, and nothing of earlier ones.")
def interactive(
    model: str, revision: str | None, system: str, user: str | None, no_memory: bool, **sampling: Any
) -> None:
    """Talk with a model that remembers you, by the same memory as the API: /memory lists what it knows, /forget takes
    an id or what it is about, /new begins another conversation. Ctrl-C stops a reply, Ctrl-D leaves.

    \b
    cleo interactive
    cleo interactive --model ./my-model --temperature 0.2 --user ada
    cleo interactive --no-memory
    """
    if no_memory and user is not None:
        raise click.UsageError("--user says whose memory, and --no-memory that there is none.")
    settings = _settings()
    _quiet_libraries()
    from cleo_serving.engine.base import Sampling
    from cleo_serving.local import talks
    from cleo_serving.local.commands import talk
    from cleo_serving.local.engine import open_engine, open_model

    chosen = Sampling(**sampling)
    if no_memory:
        talk(talks.forgetful(open_engine(model, revision, settings), system, chosen))
    else:
        talk(talks.remembering(open_model(model, revision, settings), settings, user or _name(), system, chosen))


def _name() -> str:
    """Of the person at this terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "me"
