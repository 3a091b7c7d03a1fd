"""`cleo corpus`: versions are listed, shown and compared; the approved one is that of the champion's signed bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cleo_core.errors import InputError
from cleo_core.stage.execution import StageResult, run_stage
from cleo_model.corpus.record import HELDOUT, TRAIN, Record, write_records
from cleo_model.corpus.versions import baseline
from cleo_model.corpus_commands import corpus

pytestmark = pytest.mark.unit


def version(texts: list[str]) -> StageResult:
    """A masked corpus as the stage leaves it."""

    def build(out: Path) -> dict[str, Any]:
        made = [Record.make(name=text, source="notes", domain="prose", licence="MIT", text=text) for text in texts]
        write_records(out / TRAIN, made)
        write_records(out / HELDOUT, [])
        sources = {"notes": {"train": len(made), "heldout": 0}}
        return {"records": len(made), "sources": sources, "pii": {"replaced": {"PERSON": 1}}}

    return run_stage("masked_corpus", {"texts": texts}, build)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(corpus, arguments, catch_exceptions=False, env={"COLUMNS": "120"})
    assert result.exit_code == 0
    return result.output


def test_versions_are_listed_and_compared_with_the_one_before() -> None:
    assert "There is no corpus yet" in said("list")
    first = version(["one", "two"])
    assert "first version" in said("diff")
    second = version(["two", "three"])
    listed = said("list")
    assert first.digest[:12] in listed
    assert second.digest[:12] in listed
    assert f"From {first.digest[:12]}" in said("diff")
    assert "1 records came, 1 went, 0 changed, 1 stayed" in said("diff", "1", "2")
    assert "1 records came, 1 went, 0 changed, 1 stayed" in said("diff", first.digest[:6], "latest")


def test_the_approved_version_goes_before_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = version(["one"]), version(["two"]), version(["three"])
    found = baseline.baseline(third.digest)
    assert found is not None
    assert (found.version.digest, found.approved) == (second.digest, False)
    monkeypatch.setattr(baseline, "approved", lambda: first.digest)
    found = baseline.baseline(third.digest)
    assert found is not None
    assert (found.version.digest, found.approved) == (first.digest, True)
    assert baseline.baseline(first.digest) is None
    assert baseline.find("approved").digest == first.digest


def test_a_version_that_is_not_there_is_named() -> None:
    version(["one"])
    for name in ("7", "feed", "approved"):
        with pytest.raises(InputError, match=name):
            baseline.find(name)
