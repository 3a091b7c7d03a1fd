"""Settings of the API: ``CLEO_SERVING_…`` variables; nested ones as in ``CLEO_SERVING_QUERY__DEPTH``."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cleo_core.compute import DtypeChoice
from cleo_core.errors import ConfigError
from cleo_core.settings import CoreSettings, load

if TYPE_CHECKING:
    from limits.aio.storage import Storage

Algorithm = Literal["Ed25519", "ES256", "ES384", "RS256", "RS512", "PS256", "PS512"]
EngineName = Literal["auto", "llamacpp", "transformers", "vllm"]
SYSTEM_PROMPT = "You are Cleo, a helpful AI assistant."


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IssuerSettings(_Group):
    """An external identity provider whose access tokens are accepted. Keys are read from a file, never fetched."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    """Short name; users of this issuer are known as ``name|sub``, so no two issuers share a user."""
    issuer: str = Field(min_length=1, max_length=512)
    audience: str = Field(min_length=1, max_length=512)
    algorithms: tuple[Algorithm, ...] = Field(min_length=1)
    """Asymmetric only: with a shared secret, whoever can check a token could also make one."""
    types: tuple[str, ...] = ("at+jwt",)
    """Accepted values of the header ``typ`` (RFC 9068)."""
    keys: Path
    """JWKS file with the public keys; read again when it changes."""
    scope_claim: str = "scope"


class QueryLimits(_Group):
    """What the query guard lets through."""

    characters: Annotated[int, Field(gt=0)] = 150_000
    """Of a document. The longest memory fits in it, written out with every sign escaped."""
    tokens: Annotated[int, Field(gt=0)] = 1000
    nesting: Annotated[int, Field(gt=0, le=32)] = 16
    """Brackets of any kind inside each other, counted before the document is parsed."""
    depth: Annotated[int, Field(gt=0)] = 8
    aliases: Annotated[int, Field(ge=0)] = 15
    root_fields: Annotated[int, Field(gt=0)] = 10
    directives: Annotated[int, Field(ge=0)] = 5
    fields: Annotated[int, Field(gt=0)] = 200
    fragments: Annotated[int, Field(ge=0)] = 10
    cost: Annotated[int, Field(gt=0)] = 1000
    default_page: Annotated[int, Field(gt=0)] = 20
    max_page: Annotated[int, Field(gt=0)] = 100


class RateSettings(_Group):
    """Shares per user (and, before a token is known to hold, per address)."""

    cost_per_minute: Annotated[int, Field(gt=0)] = 9000
    """Query cost a user may spend per minute; `ask` and `chat` cost 100 each. Of a `chat` with every field, which costs
    210, that is 42: more than anybody types. What replies cost is bounded by how many may be in the making."""
    failures_per_minute: Annotated[int, Field(gt=0)] = 60
    """Requests without a valid token that one address may make per minute."""
    generations_per_user: Annotated[int, Field(gt=0)] = 2
    """Replies that may be in the making for one user at a time."""
    sockets_per_user: Annotated[int, Field(gt=0)] = 4
    storage: str = "memory://"
    """Where the counters live; a ``redis://`` address when several API processes share them."""

    def open_storage(self) -> Storage:
        """The storage of the counters; nothing is connected yet.

        Raises:
            ConfigError: it is neither, or its client is not installed.
        """
        from limits.aio.storage import Storage
        from limits.storage import storage_from_string

        try:
            # redis-py, which the memory uses too; by default limits wants another client for asynchronous use.
            storage = storage_from_string(f"async+{self.storage}", implementation="redispy")
        except Exception as error:  # limits raises its own and its backends' errors
            raise ConfigError(
                f"CLEO_SERVING_RATE__STORAGE cannot be used ({type(error).__name__}).",
                hint="Use memory:// or a redis:// address.",
            ) from None
        if not isinstance(storage, Storage):
            raise ConfigError("CLEO_SERVING_RATE__STORAGE is not an asynchronous storage.")
        return storage


class ConnectionSettings(_Group):
    """Places for connections, and the time that each is given."""

    places: Annotated[int, Field(gt=0)] = 512
    """Connections at a time; where all are taken, the oldest that is not being answered gives way."""
    places_for_health: Annotated[int, Field(gt=0)] = 16
    """Further ones, which are told how the API is doing and nothing else."""
    per_address: Annotated[int, Field(gt=0)] = 128
    """Of one address; behind a proxy, which is one address, as many as `places`."""
    header_seconds: Annotated[float, Field(gt=0)] = 10.0
    """For the first complete header of a request."""
    send_seconds: Annotated[float, Field(gt=0)] = 30.0
    """For a client to take what it is sent."""


class EngineSettings(_Group):
    """What runs the model: ``CLEO_SERVING_ENGINE=llamacpp`` chooses it, ``CLEO_SERVING_ENGINE__THREADS`` sets more."""

    name: EngineName = "auto"
    """auto: vLLM on a GPU where it is installed, on a CPU llama.cpp where the model comes with a GGUF, else
    transformers; `cleo engine list` says which, and why."""
    routing: bool = False
    """Serve with an engine that can say which experts a mixture of experts took for each token: transformers."""
    vllm_folder: Path | None = None
    """Where `cleo engine install vllm` puts vLLM's environment; by default ``engines/vllm`` below the home folder."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPU threads; 0 takes one for each processor that this process may use. They sleep while they wait."""
    dtype: DtypeChoice = "auto"
    """Of transformers and vLLM. auto: bfloat16 on an accelerator and on a CPU that has instructions for it, else
    float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    page_size: Annotated[int, Field(ge=8, le=256)] = 32
    """Tokens per page of the key-value cache of transformers and vLLM (there a multiple of 32); a whole page is what
    two prompts can share."""
    cache_tokens: Annotated[int, Field(ge=256)] = 8192
    """Tokens the key-value cache holds for all streams together."""
    prompt_cache_mib: Annotated[int, Field(ge=0, le=2**20)] = 64
    """Memory in which llama.cpp keeps prompts that gave way to others, for the next turn of their conversation."""
    max_batch_tokens: Annotated[int, Field(ge=64)] = 512
    """Tokens in one forward pass; a longer prompt is read in several."""
    max_streams: Annotated[int, Field(ge=1, le=256)] = 8
    """Replies made at the same time; further ones wait."""
    max_waiting: Annotated[int, Field(ge=0, le=10000)] = 32
    """Requests that may wait for a free stream; the next one is told to come back."""
    wait_seconds: Annotated[float, Field(gt=0)] = 60.0
    """A request that waited so long for a stream is told to come back."""
    context_tokens: Annotated[int, Field(ge=256)] = 2048
    """Longest prompt and reply together; never more than the model was made for."""
    stall_seconds: Annotated[float, Field(gt=0)] = 120.0
    """A stream that produces no token for so long has failed."""


class PromptSettings(_Group):
    """What goes into a prompt, in tokens."""

    system: str = Field(default=SYSTEM_PROMPT, max_length=8000)
    memory_tokens: Annotated[int, Field(ge=0)] = 400
    """Notes from memory; they shrink when the question or the turns need the room."""
    fact_tokens: Annotated[int, Field(ge=0)] = 260
    """Of them for told facts and preferences, which come first and which no conversation can crowd out."""
    shadow: bool = True
    """Watch each session for loops, escalation and anomalies, and tell the model what is seen."""
    window_tokens: Annotated[int, Field(ge=0)] = 1000
    message_characters: Annotated[int, Field(gt=0, le=100_000)] = 8000
    """Longest message; the model's context, in tokens, may be shorter: a refusal names both numbers."""
    max_tokens: Annotated[int, Field(gt=0, le=8192)] = 256
    """Longest reply; a client may ask for less."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.3
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0, le=1000)] = 50
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(ge=0.5, le=2)] = 1.05
    """Gentle: a stronger one keeps a small model from saying the very word that its notes hold."""
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    link_hosts: tuple[str, ...] = ()
    """Hosts that a link in a reply may point to; all others are taken out (a link can carry data away)."""


class _EngineByName:
    """Reads ``CLEO_SERVING_ENGINE=llamacpp`` beside ``CLEO_SERVING_ENGINE__THREADS=2``: the word is its ``name``."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        if field_name == "engine" and isinstance(value, str) and not value.lstrip().startswith("{"):
            return {"name": value.strip()}
        return super().decode_complex_value(field_name, field, value)  # type: ignore[misc]


class _Environment(_EngineByName, EnvSettingsSource):
    pass


class _DotEnv(_EngineByName, DotEnvSettingsSource):
    pass


class ServingSettings(BaseSettings):
    """The API. Variables: ``CLEO_SERVING_PORT``, ``CLEO_SERVING_ENGINE__THREADS``, …"""

    model_config = SettingsConfigDict(
        env_prefix="CLEO_SERVING_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    model: str = "champion"
    """Alias or version in the registry."""
    model_folder: Path | None = None
    """An unsigned folder instead of the registry; only in development."""
    watch_seconds: Annotated[float, Field(ge=0)] = 30.0
    """How often the alias is looked up for a new approved version; 0 never."""
    erased_refuse_after_days: Annotated[float | None, Field(ge=0)] = None
    """Days after which a model that learned from a person who was erased (`cleo subject erase`) is refused, and stops
    answering; unset serves it on."""
    reply_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which it is forgotten where a reply came from; `cleo verify` cannot prove it then. Unset keeps it."""
    debug: bool = False
    """Introspection and full messages for the developer of a client; refused in production."""
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Values of the Host header that are answered: a page elsewhere cannot reach this API by renaming itself."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages that may call the API from a browser; by default only its own."""
    local_issuer: bool = True
    """Accept the tokens that `cleo token` makes."""
    issuers: tuple[IssuerSettings, ...] = ()
    token_seconds: Annotated[int, Field(gt=0, le=30 * 86400)] = 3600
    """How long a token of `cleo token` lives."""
    body_bytes: Annotated[int, Field(ge=1024, le=16 * 2**20)] = 320 * 1024
    """Room for the longest memory in any script, every sign of it escaped (12 bytes), and the query around it."""
    body_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A body that takes longer to arrive is refused."""
    export_bytes: Annotated[int, Field(gt=0)] = 8 * 2**20
    """Largest export handed out in one reply."""
    query: QueryLimits = QueryLimits()
    rate: RateSettings = RateSettings()
    connections: ConnectionSettings = ConnectionSettings()
    engine: EngineSettings = EngineSettings()
    prompt: PromptSettings = PromptSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls), _DotEnv(settings_cls), file_secret_settings

    @model_validator(mode="after")
    def _only_in_development(self) -> ServingSettings:
        if load(CoreSettings).environment == "production":
            for name in ("model_folder", "debug"):
                if getattr(self, name):
                    variable = f"CLEO_SERVING_{name.upper()}"
                    raise ValueError(f"{variable} is set, but CLEO_ENVIRONMENT is production. Take it out")
        return self

    @model_validator(mode="after")
    def _issuers_differ(self) -> ServingSettings:
        for what in ("name", "issuer"):
            values = [getattr(issuer, what) for issuer in self.issuers]
            if len(set(values)) != len(values):
                raise ValueError(f"two entries of CLEO_SERVING_ISSUERS have the same {what}")
        return self

    def problems(self) -> Iterator[str]:
        """See `cleo_core.settings.check`."""
        try:
            self.rate.open_storage()
        except ConfigError as error:
            yield f"{error.message} {error.hint or ''}".strip()

    @property
    def loopback(self) -> bool:
        """Only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False
