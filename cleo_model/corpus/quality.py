"""Validate the masked corpus with Great Expectations; the report is kept as HTML.

    records ─> facts about each, in an SQLite table (no text) ─> Great Expectations ─> results, HTML
                                                                                         └─> the first records by name
Facts lie on disk, not in memory: a corpus of any size is validated in the same memory.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pydantic import BaseModel

from cleo_core.stage.declaration import StageSettings, Summary
from cleo_model.corpus.account import shown
from cleo_model.corpus.curate.curate import CurationSummary, mends
from cleo_model.corpus.curate.prose import prose_of
from cleo_model.corpus.mail import left_addresses
from cleo_model.corpus.record import HELDOUT, TRAIN, Record, checked_messages, read_records
from cleo_model.errors import EmptyCorpus, MalformedRecord

LARGE_ENOUGH = "the_corpus_is_large_enough"
NAMED = 5
"""So many records are named for each expectation that does not hold."""
COLUMNS = {
    "id": "TEXT", "part": "TEXT", "licence": "TEXT", "characters": "INTEGER", "has_text": "INTEGER",
    "digest_holds": "INTEGER", "takes_turns": "INTEGER", "mail_addresses": "INTEGER", "letters": "REAL",
}  # fmt: skip

_SUITE = yaml.safe_load(Path(__file__).with_name("suite.yaml").read_text(encoding="utf-8"))
EXPECTATIONS: dict[str, str] = {name: each["words"] for name, each in _SUITE.items()}


class QualitySettings(StageSettings):
    """What is expected of a corpus beyond its form."""

    min_records: int
    allowed: tuple[str, ...] = ()
    """Values in lower case that sources let pass unmasked."""


class ExpectationResult(BaseModel):
    """What came of one expectation."""

    name: str
    passed: bool
    observed: str
    """What was seen; where it is against the expectation, of which records."""
    expected: str
    records: list[str] = []
    """The first records that are against it."""
    mend: str = ""
    """What a person can do, where it did not pass."""


class QualityReport(Summary):
    """The results in the order of EXPECTATIONS, and the HTML report."""

    passed: bool
    results: list[ExpectationResult]
    html: str
    """File of the report, relative to its folder."""


def validate(
    masked: Path, settings: QualitySettings, out: Path, curation: CurationSummary | None = None
) -> QualityReport:
    """Check the records against EXPECTATIONS and write the HTML report below `out`.

    Args:
        curation: what became of the records before: the reason where there are too few.

    Raises:
        EmptyCorpus: there is no record at all.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with TemporaryDirectory(prefix=".facts-", dir=out.parent) as scratch:
        file = Path(scratch) / "facts.sqlite"
        if not _write_facts(file, masked, frozenset(settings.allowed)):
            raise EmptyCorpus("The masked corpus holds no record.", hint="Check the sources, then run the chain again.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its dependencies' deprecations are not for the reader of a report
            outcome = _run(file, out, settings.min_records)
    html = next((out / "data_docs" / "validations").rglob("*.html"), out / "data_docs" / "index.html")
    results = list(_results(outcome, settings.min_records, curation))
    return QualityReport(
        passed=all(result.passed for result in results), results=results, html=html.relative_to(out).as_posix()
    )


def _write_facts(file: Path, masked: Path, allowed: frozenset[str]) -> int:
    """A row about each record, without any of its text; returns how many."""
    rows = (_row(part, record, allowed) for part in (TRAIN, HELDOUT) for record in read_records(masked / part))
    with sqlite3.connect(file) as database:
        database.execute(f"CREATE TABLE records ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        database.executemany(f"INSERT INTO records VALUES ({', '.join(f':{name}' for name in COLUMNS)})", rows)  # noqa: S608 - our own names
        count: int = database.execute("SELECT count(*) FROM records").fetchone()[0]
    database.close()
    return count


def _row(part: str, record: Record, allowed: frozenset[str]) -> dict[str, Any]:
    prose = prose_of(record.text) or record.text
    plain = sum(char.isalpha() or char.isspace() for char in prose)
    return {
        "id": record.id,
        "part": part.removesuffix(".jsonl"),
        "licence": record.licence or None,
        "characters": len(record.text),
        "has_text": record.text.strip() != "",
        "digest_holds": hashlib.sha256(record.text.encode()).hexdigest() == record.sha256,
        "takes_turns": record.messages is None or _takes_turns(record.messages),
        "mail_addresses": left_addresses(record.text, allowed),
        "letters": plain / max(len(prose), 1),
    }


def _takes_turns(messages: list[dict[str, str]]) -> bool:
    try:
        return bool(checked_messages(messages, "record"))
    except MalformedRecord:
        return False


def _run(facts: Path, out: Path, min_records: int) -> Any:
    import great_expectations as gx
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
    source = context.data_sources.add_sqlite("masked", connection_string=f"sqlite:///{facts}")
    batch = source.add_table_asset("records", table_name="records").add_batch_definition_whole_table("all")
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
            # The facts hold no text, so that a report may be passed around: ids, counts and shares.
            result_format={
                "result_format": "SUMMARY", "partial_unexpected_count": NAMED, "unexpected_index_column_names": ["id"],
            },
        )
    )  # fmt: skip
    return next(iter(checkpoint.run().run_results.values()))


def _results(outcome: Any, min_records: int, curation: CurationSummary | None) -> Iterator[ExpectationResult]:
    # They come back in an order of their own.
    by_name = {result.expectation_config.meta["name"]: result for result in outcome.results}
    for name, words in EXPECTATIONS.items():
        result, each = by_name[name], _SUITE[name]
        values = result.result or {}
        passed = bool(result.success)
        column = each.get("given", {}).get("column", "")
        against = [] if passed else _against(values, column)
        observed = values.get("observed_value", values.get("unexpected_count"))
        label = "records against it" if "unexpected_count" in values else "observed"
        observed = getattr(observed, "item", lambda value=observed: value)()  # numpy's numbers as Python's
        if observed is None:
            observed = "as expected" if passed else "not as expected"
        told = f"{label}: {observed}"
        if against:
            told += f" ({'; '.join(against)})"
        mend = "" if passed else each["mend"]
        if name == LARGE_ENOUGH and not passed and curation is not None:
            told, mend = _too_few(told, mend, curation)
        yield ExpectationResult(
            name=name,
            passed=passed,
            observed=told,
            expected=f"{words} ({min_records} at least)" if name == LARGE_ENOUGH else words,
            records=[entry.split(":")[0] for entry in against],
            mend=mend,
        )


def _against(values: dict[str, Any], column: str) -> list[str]:
    """The first records against an expectation, each with what was seen of it."""
    seen: dict[str, None] = {}
    for entry in values.get("partial_unexpected_index_list") or ():
        name = shown(str(entry["id"]))
        seen[name if column in ("", "id") else f"{name}: {column} {entry.get(column)}"] = None
    return list(seen)[:NAMED]


def _too_few(told: str, mend: str, curation: CurationSummary) -> tuple[str, str]:
    """How many were read, what dropped the others, and what helps against that."""
    dropped = sum((Counter(reasons) for reasons in curation.dropped.values()), Counter[str]())
    kept = sum(sum(counts.values()) for counts in curation.records.values())
    if not dropped:
        return f"{told}, all that were read", mend
    most = ", ".join(f"{reason} {count:,}" for reason, count in dropped.most_common(4))
    said = f"{told}; curation read {kept + dropped.total():,} records and dropped {dropped.total():,}: {most}"
    helps = mends(dropped)
    return said, f"{mend}; {helps}" if helps else mend
