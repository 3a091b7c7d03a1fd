"""A second detector, of another method than the first: spaCy's pipeline and Presidio's recognizers as they come.

It reads masked text, so whatever it finds was missed, is a surrogate, or is a false alarm. Surrogates are known by
their places. Against false alarms only kinds are judged that can be checked: a number by its check digit, a telephone
number by the plan of its country, a name by a list of given names; and a name only in text that people write to one
another, for books and documentation are about people whom everybody may name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cleo_core.files import write_jsonl
from cleo_model.corpus.profiles import PROFILES, ProfileName
from cleo_model.corpus.shards import Progress, read_shard

JUDGED = ("CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "PERSON", "PHONE_NUMBER", "US_SSN")
BATCH = 64
FAMILIAR = frozenset({"general", "dialogue"})
"""Profiles of text in which a full name is somebody's."""
RESERVED = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.(?:example|invalid|test|local|localhost))\Z", re.I
)
WRITTEN_PHONE = re.compile(r"\+\d|\(\d{2,4}\)\s?\d|\d{3}[-.\s]\d{3}[-.\s]\d{4}\Z")
WRITTEN_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
NAME = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:\s[^\W\d_]\.)?(?:[\s-][^\W\d_a-z][^\W\d_]+){1,2}")


def second_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Read `second/<rank>.jsonl` (id, source, profile, keep_names, language, text, made); write `seen/<rank>.jsonl`.

    A line of it is `source`, `id`, `characters` and `finds`, the types of what was found: no value of it.
    """
    scratch = Path(job["scratch"])

    def seen() -> Iterator[dict[str, Any]]:
        done = 0
        rows: list[dict[str, Any]] = []
        for row in read_shard(scratch / "second", rank):
            rows.append(row)
            if len(rows) == BATCH:
                yield from _read(rows, Path(job["model"]))
                done += sum(len(each["text"]) for each in rows)
                progress(done)
                rows = []
        yield from _read(rows, Path(job["model"]))

    write_jsonl(scratch / "seen" / f"{rank:05d}.jsonl", seen())


def _read(rows: Sequence[dict[str, Any]], model: Path) -> Iterator[dict[str, Any]]:
    for row, found in zip(rows, finds(rows, model), strict=True):
        yield {"source": row["source"], "id": row["id"], "characters": len(row["text"]), "finds": found}


def finds(rows: Sequence[dict[str, Any]], model: Path) -> list[list[str]]:
    """The types of what is judged personal in each row, outside what masking has put there (`made`)."""
    named = [row["profile"] in FAMILIAR and not row["keep_names"] and row["language"] == "en" for row in rows]
    # Loading the pipeline takes seconds, which text without names to judge need not wait for.
    texts = [row["text"] for row, wanted in zip(rows, named, strict=True) if wanted]
    documents = iter(_names(model).pipe(texts)) if texts else iter(())
    found = []
    for row, wanted in zip(rows, named, strict=True):
        places = _numbers(row["text"], row["profile"])
        if wanted:
            places += [(e.start_char, e.end_char, "PERSON") for e in next(documents).ents if _is_name(e.label_, e.text)]
        taken = row["made"]
        found.append(
            [kind for start, end, kind in places if not any(low < end and start < high for low, high in taken)]
        )
    return found


def _is_name(label: str, text: str) -> bool:
    from cleo_model.corpus.pii.surrogates.lists import is_common_given

    return label == "PERSON" and NAME.fullmatch(text) is not None and is_common_given(text.split()[0].lower())


def _numbers(text: str, profile: ProfileName) -> list[tuple[int, int, str]]:
    places = []
    for recognizer, kind, sure in _recognizers():
        if kind == "PHONE_NUMBER" and (PROFILES[profile].technical or not re.search(r"\d(?:\D{0,3}\d){8}", text)):
            continue
        for result in recognizer.analyze(text, [kind], None) or ():
            value = text[result.start : result.end]
            if result.score >= sure and _is_written(kind, value):
                places.append((result.start, result.end, kind))
    return places


def _is_written(kind: str, value: str) -> bool:
    """Whether it has the form that a person gives to it, and not only its digits."""
    match kind:
        case "PHONE_NUMBER":
            return WRITTEN_PHONE.match(value) is not None
        case "US_SSN":
            return WRITTEN_SSN.fullmatch(value) is not None
        case "EMAIL_ADDRESS":
            return RESERVED.search(value) is None
        case _:
            return True


@cache
def _recognizers() -> tuple[tuple[Any, str, float], ...]:
    """Presidio's own, each with its type and the score from which its find was checked."""
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        PhoneRecognizer,
        UsSsnRecognizer,
    )

    from cleo_model.corpus.pii.offline import keep_offline

    keep_offline()
    return (
        (CreditCardRecognizer(), "CREDIT_CARD", 1.0),
        (EmailRecognizer(), "EMAIL_ADDRESS", 1.0),
        (IbanRecognizer(), "IBAN_CODE", 1.0),
        (PhoneRecognizer(), "PHONE_NUMBER", 0.3),
        (UsSsnRecognizer(), "US_SSN", 0.3),
    )


@cache
def _names(model: Path) -> Any:
    import spacy

    return spacy.load(model, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "senter"])
