"""Validate the masked corpus with Great Expectations; the report is kept as HTML."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.corpus.record import HELDOUT, TRAIN, Record, checked_messages, read_records
from cleo_model.errors import EmptyCorpus, MalformedRecord

SAFE_MAIL = re.compile(r"[\w.+-]+@(?!example\.(?:com|org|net)\b)[\w-]+(?:\.[\w-]+)+")
"""An e-mail address in a domain that is not kept for examples: masking should have left none."""
LARGE_ENOUGH = "the_corpus_is_large_enough"

_SUITE = yaml.safe_load(Path(__file__).with_name("suite.yaml").read_text(encoding="utf-8"))
EXPECTATIONS: dict[str, str] = {name: each["words"] for name, each in _SUITE.items()}


class QualitySettings(StageSettings):
    """What is expected of a corpus beyond its form."""

    min_records: int


class ExpectationResult(BaseModel):
    """What came of one expectation."""

    name: str
    passed: bool
    observed: str
    expected: str


class QualityReport(Summary):
    """The results in the order of EXPECTATIONS, and the HTML report."""

    passed: bool
    results: list[ExpectationResult]
    html: str
    """File of the report, relative to its folder."""


def validate(masked: Path, settings: QualitySettings, out: Path) -> QualityReport:
    """Check the records against EXPECTATIONS and write the HTML report below `out`.

    Raises:
        EmptyCorpus: there is no record at all.
    """
    rows = [_row(part, record) for part in (TRAIN, HELDOUT) for record in read_records(masked / part)]
    if not rows:
        raise EmptyCorpus("The masked corpus holds no record.", hint="Check the sources, then run the chain again.")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies' deprecations are not for the reader of a report
        outcome = _run(rows, out, settings.min_records)
    html = next((out / "data_docs" / "validations").rglob("*.html"), out / "data_docs" / "index.html")
    results = _results(outcome, settings.min_records)
    return QualityReport(
        passed=all(result.passed for result in results), results=results, html=html.relative_to(out).as_posix()
    )


def _row(part: str, record: Record) -> dict[str, Any]:
    plain = sum(char.isalpha() or char.isspace() for char in record.text)
    return {
        "id": record.id,
        "part": part.removesuffix(".jsonl"),
        "licence": record.licence or None,
        "characters": len(record.text),
        "has_text": record.text.strip() != "",
        "digest_holds": hashlib.sha256(record.text.encode()).hexdigest() == record.sha256,
        "takes_turns": record.messages is None or _takes_turns(record.messages),
        "mail_addresses": len(SAFE_MAIL.findall(record.text)),
        "letters": plain / max(len(record.text), 1),
    }


def _takes_turns(messages: list[dict[str, str]]) -> bool:
    try:
        return bool(checked_messages(messages, "record"))
    except MalformedRecord:
        return False


def _run(rows: list[dict[str, Any]], out: Path, min_records: int) -> Any:
    import great_expectations as gx
    import pandas
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.add_data_docs_site(
        "report",
        {
            "class_name": "SiteBuilder",
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend", "base_directory": str((out / "data_docs").absolute()),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )  # fmt: skip
    asset = context.data_sources.add_pandas("masked").add_dataframe_asset("records")
    batch = asset.add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="masked corpus")
    for name, each in _SUITE.items():
        limits = {"min_value": min_records} if name == LARGE_ENOUGH else each.get("given", {})
        meta = {"name": name, "notes": each["words"]}
        suite.add_expectation(getattr(gx.expectations, f"Expect{each['expectation']}")(**limits, meta=meta))
    suite = context.suites.add(suite)
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="masked", data=batch, suite=suite))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="masked corpus", validation_definitions=[definition],
            actions=[UpdateDataDocsAction(name="write report", site_names=["report"])],
            # The values themselves do not belong into a report that is passed around.
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
    )  # fmt: skip
    outcome = checkpoint.run(batch_parameters={"dataframe": pandas.DataFrame(rows)})
    return next(iter(outcome.run_results.values()))


def _results(outcome: Any, min_records: int) -> list[ExpectationResult]:
    # They come back in an order of their own.
    by_name = {result.expectation_config.meta["name"]: result for result in outcome.results}
    found = []
    for name, words in EXPECTATIONS.items():
        result = by_name[name]
        values = result.result or {}
        observed = values.get("observed_value", values.get("unexpected_count"))
        label = "records against it" if "unexpected_count" in values else "observed"
        observed = getattr(observed, "item", lambda value=observed: value)()  # numpy's numbers as Python's
        if observed is None:
            observed = "as expected" if result.success else "not as expected"
        expected = f"{words} ({min_records} at least)" if name == LARGE_ENOUGH else words
        found.append(
            ExpectationResult(
                name=name, passed=bool(result.success), observed=f"{label}: {observed}", expected=expected
            )
        )
    return found
