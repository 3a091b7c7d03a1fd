"""The choices of a run: what a person asked for, as values, before any stage is asked for its part of them."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cleo_core.errors import EnvironmentFault
from cleo_model.corpus.licences import LicencePolicy
from cleo_model.corpus.sources.inbox import with_inbox
from cleo_model.corpus.sources.source import Source, default_sources, sources_from_file
from cleo_model.corpus.versions.drift import Limits
from cleo_model.errors import RefusedLicence
from cleo_model.gguf.quantize import Wanted
from cleo_model.recipe import Recipe
from cleo_model.recipes import get
from cleo_model.settings import ModelSettings

TAKEN = {
    "max_record_bytes",
    "heldout_share",
    "canaries",
    "corpus_seed",
    "min_records",
    "missed_limit",
    "licences",
    "drift",
    "gguf",
}
"""Settings that are choices as they are."""


class Choices(BaseModel):
    """Everything that a run of the pipeline can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    base_model: str
    """smollm2, tiny, a local folder or a Hugging Face id."""
    sources: tuple[Source, ...]
    """Of the corpus that is curated and masked."""
    text: tuple[Source, ...] = ()
    """Of text that is used as it is (`cleo train --data`)."""
    decontaminate: tuple[str, ...] = ()
    """Texts of the evaluation, which must not be trained on."""
    max_record_bytes: int
    heldout_share: float
    canaries: int
    corpus_seed: int
    min_records: int
    licences: LicencePolicy
    drift: Limits
    gguf: Wanted
    """Which GGUF a bundle holds."""
    missed_limit: float
    workers: int
    """Processes that curate and mask: no result depends on it."""

    @classmethod
    def of(
        cls,
        settings: ModelSettings,
        *,
        recipe: Recipe | None = None,
        base_model: str | None = None,
        sources: Path | None = None,
        text: tuple[Source, ...] = (),
    ) -> Choices:
        """The choices that the settings make, but for those that are given.

        Raises:
            RefusedLicence: a source is under a licence that may not be trained on.
        """
        recipe = recipe or get(settings.recipe)
        file = sources or settings.sources
        declared = sources_from_file(file) if file else default_sources()
        read = with_inbox(declared, domain=settings.inbox_domain, licence=settings.inbox_licence)
        check_licences(read, settings.licences)
        return cls(
            recipe=recipe,
            base_model=base_model or settings.base_model or recipe.base_model,
            sources=read,
            text=text,
            decontaminate=decontamination_texts(),
            **settings.model_dump(include=TAKEN),
            workers=settings.corpus_workers,
        )


def check_licences(sources: tuple[Source, ...], policy: LicencePolicy) -> None:
    """Raises: RefusedLicence: names each source whose licence may not be trained on, and why."""
    refused = [(source, why) for source in sources if (why := policy.refuses(source.licence))]
    if refused:
        told = "; ".join(f"source {source.name!r} is under {source.licence!r}: {why}" for source, why in refused)
        raise RefusedLicence(
            f"{told[0].upper()}{told[1:]}.",
            hint="Take the source out, or correct its licence. Where its text may be trained on nevertheless, tell "
            "CLEO_MODEL_LICENCES, as in '{\"denied\": []}'.",
        )


def decontamination_texts() -> tuple[str, ...]:
    """What evaluation asks about, as text: each entry of the group ``cleo.decontamination`` names a function of it.

    An entry point and no import, for evaluation stands above the model; whoever adds tasks of their own adds one.

    Raises:
        EnvironmentFault: there is none, as where the package was installed before it had the group.
    """
    found = entry_points(group="cleo.decontamination")
    if not found:
        raise EnvironmentFault(
            "This installation names no texts of the evaluation, so training could see them.",
            hint="Install CleoAI again: make setup, or pip install --no-deps -e . in its folder.",
        )
    return tuple(str(text) for entry in sorted(found, key=lambda entry: entry.name) for text in entry.load()())
