"""Settings of the way from text to weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.errors import CleoError
from cleo_core.redact import shown
from cleo_model.corpus.licences import LicencePolicy
from cleo_model.corpus.versions.drift import Limits
from cleo_model.gguf.quantize import Wanted


class ModelSettings(BaseSettings):
    """Variables: ``CLEO_MODEL_SOURCES``, ``CLEO_MODEL_MAX_RECORD_BYTES``, …"""

    model_config = SettingsConfigDict(env_prefix="CLEO_MODEL_", env_file=".env", extra="ignore")

    recipe: str = "smollm2_demo"
    """Name of the training recipe (smollm2_demo, mistral_7b_8x or tiny), or a JSON or YAML file with one."""
    base_model: str | None = None
    """smollm2, a local folder or a Hugging Face id; None takes what the recipe says."""
    sources: Path | None = None
    """TOML or YAML file that lists the sources of the corpus; None uses the built-in ones."""
    inbox_domain: str = "documentation"
    """Domain of what lies in CLEO_HOME/inbox, which is a source of every corpus."""
    inbox_licence: str = "the owner's own"
    """Under which licence it is."""
    max_record_bytes: int = Field(default=4 * 2**20, ge=1024)
    """A record with more UTF-8 bytes than this is left out, and named in the summary."""
    corpus_workers: int = Field(default=2, ge=1, le=64)
    """Processes that curate and mask at the same time."""
    heldout_share: float = Field(default=0.06, gt=0, le=0.5)
    """Share of each domain that is never trained on, chosen by the hash of the record's group."""
    canaries: int = Field(default=8, ge=0, le=256)
    """Random sentences planted in the training part, to measure how much the model memorises."""
    corpus_seed: int = 20
    """Seed of the generated dialogues."""
    missed_limit: float = Field(default=5.0, ge=0)
    """Finds of the second detector in 100,000 characters of a source's masked text, above which the chain stops."""
    gguf: Wanted = "auto"
    """The GGUF in a bundle, for llama.cpp: auto (q8_0 where it is the same model, else bf16), bf16, or none."""
    min_records: int = Field(default=100, ge=1)
    """The quality check of the masked corpus fails below this number of records."""
    licences: LicencePolicy = LicencePolicy()
    """JSON with `allowed` and `denied` names of licences (MIT, CC-BY-4.0, *-NC*); see cleo_model/corpus/licences.py."""
    drift: Limits = Limits()
    """JSON with the limits of drift between corpora, and what it does (`action`); see cleo_model/corpus/versions."""

    def problems(self) -> Iterator[str]:
        """See `cleo_core.settings.check`."""
        from cleo_model.corpus.sources.source import sources_from_file
        from cleo_model.domain import is_domain
        from cleo_model.recipes import get

        try:
            get(self.recipe)
        except CleoError as error:
            yield f"CLEO_MODEL_RECIPE is {shown(self.recipe)}: {error.message} {error.hint or ''}"
        if not is_domain(self.inbox_domain):
            yield f"CLEO_MODEL_INBOX_DOMAIN is {shown(self.inbox_domain)}: use a letter, then letters, digits and _."
        if not self.inbox_licence.strip():
            yield "CLEO_MODEL_INBOX_LICENCE is empty: say under which licence the text is."
        if self.sources is not None:
            try:
                sources_from_file(self.sources)
            except CleoError as error:
                yield f"CLEO_MODEL_SOURCES is {shown(str(self.sources))}: {error.message}"
