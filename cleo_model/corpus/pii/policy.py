"""What a source says about its masking: profile, language, values to leave, values to take out, own recognizers."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cleo_model.corpus.pii.entities import MaskingProfile
from cleo_model.corpus.pii.recognizers import YamlRecognizers
from cleo_model.corpus.sources.source import Source


class MaskingPolicy(BaseModel):
    """How the records of one source are searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    masking: MaskingProfile = "direct"
    language: str = "en"
    allow: tuple[str, ...] = ()
    """Values that are left, whatever finds them."""
    deny: tuple[str, ...] = ()
    """Values that are taken out wherever they stand as whole words."""
    recognizers: str = ""
    """The text of a YAML file of recognizers, in Presidio's form: its content counts, not where it lies."""


def own_types(policy: MaskingPolicy) -> frozenset[str]:
    """The types that a policy's own recognizers name and that are not among ENTITIES."""
    return YamlRecognizers(policy.recognizers, policy.language).types if policy.recognizers else frozenset()


def policy_of(source: Source) -> MaskingPolicy:
    """The policy of a source; reads its file of recognizers."""
    return MaskingPolicy(
        masking=source.masking,
        language=source.language,
        allow=source.allow,
        deny=source.deny,
        recognizers=Path(source.recognizers).read_text(encoding="utf-8") if source.recognizers else "",
    )
