"""Settings of the memory: ``CLEO_MEMORY_…`` variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.redact import shown
from cleo_core.settings import unread
from cleo_memory.records import Kind, Quota

EMBEDDED = "embedded"
EMBEDDERS = ("minilm-int8", "minilm", "none")
POSTGRES = ("postgresql://", "postgres://")
REST = ("supabase+https://", "postgrest+https://", "postgrest+http://")
BACKENDS = (*POSTGRES, *REST, "redis://", "rediss://", "valkey://", "mongodb://", "mongodb+srv://")


class MemorySettings(BaseSettings):
    """Where memories live and how long. Without any variable everything is in one folder below the home."""

    model_config = SettingsConfigDict(env_prefix="CLEO_MEMORY_", env_file=".env", extra="ignore")

    tenant: str = "default"
    """Bound into every seal: a database restored under another tenant does not open."""
    catalogue: str = "sqlite"
    """sqlite, or a Postgres URL when several processes serve."""
    keystore: str | None = None
    """Postgres URL of the wrapped keys; by default beside an SQLite catalogue. Give it its own, short-lived backups."""
    hot: str = EMBEDDED
    """embedded, or a redis:// URL."""
    warm: str = EMBEDDED
    """embedded, or a mongodb:// URL."""
    cold: str = EMBEDDED
    """embedded, a postgresql:// URL (Supabase: its direct or pooler URL), or supabase+https://PROJECT.supabase.co
    where only HTTPS gets through."""
    supabase_token: SecretStr | None = None
    """For supabase+https://: a JWT whose claim `role` is cleo_memory_rows, signed with the project's key."""
    supabase_apikey: SecretStr | None = None
    """The project's publishable key, for Supabase's gateway; the token itself by default."""
    vectors: Literal["sealed", "indexed"] = "sealed"
    """sealed keeps vectors inside the sealed index; indexed also hands them to pgvector or Pinecone, where they
    can be inverted to text by whoever reads that store."""
    pinecone_host: str | None = None
    pinecone_api_key: SecretStr | None = None
    backend_seconds: float = Field(default=3.0, gt=0, le=60)
    """Deadline of one call to a tier's backend; a backend that fails three times is left alone for a few seconds."""
    processes: int = Field(default=1, ge=1, le=1024)
    """How many processes share this memory."""

    key_provider: Literal["file", "environment", "vault"] = "file"
    kek: SecretStr | None = None
    """For the provider `environment`: ``name:base64`` pairs, separated by commas, the current one first."""
    vault_url: str | None = None
    vault_token: SecretStr | None = None
    vault_key: str = "cleo-memory"

    embedder: str = "minilm-int8"
    """minilm-int8, minilm, a sentence-transformers folder, or none (search by words alone)."""
    index_bytes: int = Field(default=512 * 2**20, ge=2**20)
    """Decrypted indexes kept resident, all users together."""
    formation: Literal["rules", "model", "off"] = "rules"
    """How facts and preferences are read out of what a user says: by rules of each language, by a model behind an
    OpenAI-compatible endpoint, or not at all."""
    formation_url: str | None = None
    """For `model`: the endpoint up to and with /v1."""
    formation_model: str | None = None
    formation_api_key: SecretStr | None = None
    formation_seconds: float = Field(default=10.0, gt=0, le=120)
    """After so long without an answer the rules read the turn."""
    content_characters: int = Field(default=20_000, ge=256, le=4 * 2**20)
    """The longest memory that is taken, in any script; the API takes the same."""
    half_life_days: float = Field(default=7.0, gt=0)
    """After this long without access a memory counts half."""
    retain_conversation_days: float | None = Field(default=None, gt=0)
    retain_episodic_days: float | None = Field(default=None, gt=0)
    retain_procedural_days: float | None = Field(default=None, gt=0)
    retain_preference_days: float | None = Field(default=None, gt=0)
    """Days after which a kind is deleted; unset keeps it."""
    retain_every_minutes: float = Field(default=15.0, ge=0)
    """How often what expired or is too old is deleted, where a process runs; 0 leaves that to `cleo memory retain`."""
    quota_memories: int = Field(default=1_000_000, ge=0)
    """The most memories of one user, turns among them; 0 sets no bound."""
    quota_bytes: int = Field(default=4 * 2**30, ge=0)
    """The most bytes of one user; 0 sets no bound."""

    request_hours: float = Field(default=24.0, gt=0, le=24 * 30)
    """How long a client's idempotency key is known."""

    @property
    def half_life(self) -> float:
        """Seconds."""
        return self.half_life_days * 86400.0

    @property
    def retention(self) -> dict[Kind, float | None]:
        """Days by kind."""
        return {kind: getattr(self, f"retain_{kind}_days") for kind in Kind}

    @property
    def quota(self) -> Quota:
        return Quota(self.quota_memories or None, self.quota_bytes or None)

    @model_validator(mode="after")
    def _one_writer_per_file(self) -> Self:
        if self.processes > 1 and self.catalogue == "sqlite":
            raise ValueError(
                f"CLEO_MEMORY_CATALOGUE is sqlite, but CLEO_MEMORY_PROCESSES is {self.processes}. "
                "Set the catalogue to a Postgres URL, or the processes to 1"
            )
        if self.key_provider == "environment" and self.kek is None:
            raise ValueError("CLEO_MEMORY_KEY_PROVIDER is environment, but CLEO_MEMORY_KEK is not set")
        if self.key_provider == "vault" and not (self.vault_url and self.vault_token):
            raise ValueError("CLEO_MEMORY_KEY_PROVIDER is vault: set CLEO_MEMORY_VAULT_URL and CLEO_MEMORY_VAULT_TOKEN")
        if self.formation == "model" and not (self.formation_url and self.formation_model):
            raise ValueError(
                "CLEO_MEMORY_FORMATION is model: set CLEO_MEMORY_FORMATION_URL and CLEO_MEMORY_FORMATION_MODEL"
            )
        return self

    def problems(self) -> Iterator[str]:
        """See `cleo_core.settings.check`."""
        for name, url in (("CATALOGUE", self.catalogue), ("KEYSTORE", self.keystore or "sqlite")):
            if url != "sqlite" and not url.startswith(POSTGRES):
                yield f"CLEO_MEMORY_{name} is {shown(url)}: neither sqlite nor a postgresql:// URL."
        for name, url in (("HOT", self.hot), ("WARM", self.warm), ("COLD", self.cold)):
            if url != EMBEDDED and not url.startswith(BACKENDS):
                yield f"CLEO_MEMORY_{name} is {shown(url)}: no embedded, redis://, mongodb://, postgresql:// or supabase+https://."
        if self.cold.startswith(REST):
            if self.supabase_token is None:
                yield "CLEO_MEMORY_COLD is PostgREST, but CLEO_MEMORY_SUPABASE_TOKEN is not set."
            if not unread(self.cold.partition("+")[2]):
                yield f"CLEO_MEMORY_COLD is {shown(self.cold)}: its token would travel in the clear. Use https://."
        if self.key_provider == "vault" and not unread(self.vault_url or ""):
            yield f"CLEO_MEMORY_VAULT_URL is {shown(self.vault_url)}: keys would travel in the clear. Use https://."
        if self.formation == "model" and not unread(self.formation_url or ""):
            url = shown(self.formation_url)
            yield f"CLEO_MEMORY_FORMATION_URL is {url}: what users say would travel in the clear. Use https://."
        if self.pinecone_host and self.vectors == "sealed":
            yield "CLEO_MEMORY_PINECONE_HOST is set, but CLEO_MEMORY_VECTORS is sealed."
        if self.embedder not in EMBEDDERS and not (Path(self.embedder) / "modules.json").is_file():
            yield (
                f"CLEO_MEMORY_EMBEDDER is {shown(self.embedder)}: none of {', '.join(EMBEDDERS)}, "
                "and no folder that sentence-transformers saved."
            )
