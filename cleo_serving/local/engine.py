"""A model for the command line, without an API around it: found by name, loaded, asked."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cleo_core.digest import digest_json, tree_digest
from cleo_core.errors import InputError, UnavailableSource
from cleo_core.model_folder import MODEL_FILES, work_of
from cleo_core.settings import home
from cleo_serving.engine.base import Engine, Message
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.model.loader import UNSIGNED, ServedModel, load_model
from cleo_serving.settings import ServingSettings

HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


@asynccontextmanager
async def open_engine(model: str, revision: str | None, settings: ServingSettings) -> AsyncGenerator[Engine]:
    """The engine of `open_model`, for what keeps nothing of a reply's origin."""
    async with open_model(model, revision, settings, digest=False) as served:
        yield served.engine


@asynccontextmanager
async def open_model(
    model: str, revision: str | None, settings: ServingSettings, *, digest: bool = True
) -> AsyncGenerator[ServedModel]:
    """The model, loaded; closed at the end.

    Args:
        digest: state the digest of an unsigned folder, which reads all of it once more.
        model: a folder, `champion`, a version number, or a hub id.
        revision: commit of a hub id.

    Raises:
        InputError: the name is neither a folder nor an id.
        UnavailableSource: the hub cannot be reached.
        TrustError: `champion` or a version whose signatures do not hold.
        EngineError: the folder cannot be loaded.
    """
    folder = Path(model)
    here, there = await asyncio.to_thread(lambda: (folder.is_dir(), folder.exists()))
    # A folder called champion in the working directory must not pass for the champion.
    if model.isdigit() or re.fullmatch(r"[a-z]+", model):
        if here:
            raise InputError(
                f"{model!r} is an alias of the registry and a folder here.", hint=f"Write ./{model} for the folder."
            )
        served = await load_model(settings, model)
        try:
            yield served
        finally:
            await served.close()
        return
    if not there:
        if not HUB_ID.fullmatch(model) or model.startswith(("./", "../", "~")):
            raise InputError(
                f"There is no model {model!r}.", hint="Give a folder, `champion`, a version number, or a hub id."
            )
        folder = await asyncio.to_thread(_fetch_hub_model, model, revision)
        # The hub's cache is made of links into a store of its own; they are followed once, here.
        folder = await asyncio.to_thread(_without_links, folder)
    engine = ProcessEngine(settings.engine)
    try:
        await engine.load(folder)
        stated = ""
        if digest:
            stated = (await asyncio.to_thread(partial(tree_digest, folder, skip=work_of(folder))))[0]
        yield ServedModel(engine, folder.name, UNSIGNED, stated, UNSIGNED, UNSIGNED)
    finally:
        await engine.close()


def _fetch_hub_model(model: str, revision: str | None = None) -> Path:
    """Local folder of a model on the Hugging Face hub: only weights in safetensors, tokenizer and configuration."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(MODEL_FILES), etag_timeout=5))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise UnavailableSource(
            f"The model {model!r} is neither a folder here nor can it be fetched ({type(error).__name__}).",
            hint="Give a folder, `champion`, a version number, or a hub id that this machine can reach.",
        ) from None


def _without_links(folder: Path) -> Path:
    flat = home("hub") / digest_json(str(folder))[:16]
    flat.mkdir(exist_ok=True, mode=0o700)
    for path in folder.iterdir():
        target, source = flat / path.name, path.resolve()
        if source.is_file() and not (target.exists() and target.samefile(source)):
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
    return flat


def fit(engine: Engine, system: str, turns: Sequence[Message], max_tokens: int) -> list[int]:
    """Token ids of a conversation, the oldest turns left out when it is too long.

    Raises:
        InputError: the last turn alone is longer than the context.
    """
    kept = list(turns)
    head = [Message("system", system)] if system else []
    room = engine.capabilities.context_tokens
    while True:
        tokens = engine.encode([*head, *kept])
        if len(tokens) + min(max_tokens, room // 2) <= room:
            return tokens
        if len(kept) == 1:
            raise InputError(f"The input has {len(tokens)} tokens, the context {room}.", hint="Shorten it.")
        kept = kept[2:] if len(kept) > 2 else kept[-1:]
