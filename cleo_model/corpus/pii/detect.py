"""Find personal data in the records of one shard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from presidio_analyzer import RecognizerResult

from cleo_core.files import write_jsonl
from cleo_model.corpus.pii.analyzer import ENTITIES, analyzer, is_person
from cleo_model.corpus.pii.recognizers import is_personal_address
from cleo_model.corpus.profiles import PROFILES, ProfileName
from cleo_model.corpus.shards import Progress, read_shard

BATCH = 64


def detect_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Read `shards/<rank>.jsonl` (id, profile, keep_names, text); write `found/<rank>.jsonl` (id, spans)."""
    scratch = Path(job["scratch"])
    engine = analyzer(Path(job["model"]))
    rows = list(read_shard(scratch / "shards", rank))

    def found() -> Iterator[dict[str, Any]]:
        seen = 0
        artifacts = engine.nlp_engine.process_batch([row["text"] for row in rows], language="en", batch_size=BATCH)
        for row, (text, artifact) in zip(rows, artifacts, strict=True):
            results = engine.analyze(text, language="en", entities=list(ENTITIES), nlp_artifacts=artifact)
            yield {"id": row["id"], "spans": spans(text, row["profile"], results, keep_names=row["keep_names"])}
            seen += len(text)
            progress(seen)

    write_jsonl(scratch / "found" / f"{rank:05d}.jsonl", found())


def spans(
    text: str, profile: ProfileName, found: list[RecognizerResult], *, keep_names: bool = False
) -> list[tuple[int, int, str]]:
    """Spans that do not overlap, in order."""
    chosen: list[tuple[int, int, str]] = []
    wanted = [result for result in found if not (keep_names and result.entity_type == "PERSON")]
    for result in sorted(wanted, key=lambda r: (ENTITIES.index(r.entity_type), r.start - r.end)):
        start, end = _trim(text, result.start, result.end)
        if start >= end or any(start < other_end and other_start < end for other_start, other_end, _ in chosen):
            continue
        name = (result.recognition_metadata or {}).get(RecognizerResult.RECOGNIZER_NAME_KEY, "")
        if _is_personal(text[start:end], result.entity_type, profile, certain=name.startswith("own")):
            chosen.append((start, end, result.entity_type))
    return sorted(chosen)


def _is_personal(value: str, entity: str, profile: ProfileName, certain: bool) -> bool:
    if entity == "PERSON":
        return is_person(value, certain, technical=PROFILES[profile].technical)
    if entity == "PHONE_NUMBER":
        # Documentation is full of numbers that could be a telephone's.
        return certain or not PROFILES[profile].technical
    return entity != "IP_ADDRESS" or is_personal_address(value)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the white space, punctuation and possessive s that a recognizer took along."""
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    while start < end and not (text[start].isalnum() or text[start] in "+("):
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end
