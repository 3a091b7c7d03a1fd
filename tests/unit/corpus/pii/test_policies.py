"""What a source says about its masking: bad fields are refused by name, good ones reach the detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_model.corpus.pii.languages import LANGUAGES
from cleo_model.corpus.pii.policy import MaskingPolicy, policy_of
from cleo_model.corpus.sources.source import Source, sources_from_file
from cleo_model.errors import SourceError

pytestmark = pytest.mark.unit

ENTRY = "- {name: notes, domain: prose, kind: text, location: notes, licence: CC0-1.0, %s}\n"
OWN = (
    "recognizers:\n- {name: badge, supported_language: en, supported_entity: BADGE, "
    "patterns: [{name: b, regex: 'B\\d+', score: 0.9}]}\n"
)


def source(folder: Path, fields: str) -> Source:
    (folder / "sources.yaml").write_text(ENTRY % fields)
    return sources_from_file(folder / "sources.yaml")[0]


def test_a_language_that_nothing_covers_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="language 'fi' cannot be used") as refused:
        source(tmp_path, "language: fi")
    assert all(language in str(refused.value.hint) for language in LANGUAGES)
    assert [source(tmp_path, f"language: {language}").language for language in LANGUAGES] == list(LANGUAGES)


def test_what_a_source_says_reaches_its_policy(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    fields = "masking: strict, language: de, allow: [Ann Arbor], deny: [Nightingale]"
    assert policy_of(source(tmp_path, fields)) == MaskingPolicy(
        masking="strict", language="de", allow=("Ann Arbor",), deny=("Nightingale",)
    )
    assert policy_of(source(tmp_path, "recognizers: own.yaml")).recognizers == OWN
    assert policy_of(source(tmp_path, "limit_bytes: 5")) == MaskingPolicy()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("recognizers: {", "not valid YAML"),
        ("patterns: []", "no list `recognizers`"),
        ("recognizers:\n- {name: badge, supported_language: en}\n", "Recognizer 'badge' cannot be used"),
        ("recognizers:\n- {name: b, supported_language: fr, supported_entity: X, deny_list: [y]}\n", "None of the"),
    ],
)  # fmt: skip
def test_a_file_of_recognizers_that_cannot_be_used_is_refused(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "own.yaml").write_text(content)
    with pytest.raises(SourceError, match=told) as refused:
        source(tmp_path, "recognizers: own.yaml")
    assert "'notes'" in refused.value.message


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="masking 'lax' cannot be used"):
        source(tmp_path, "masking: lax")
    assert source(tmp_path, "masking: direct").masking == "direct"
