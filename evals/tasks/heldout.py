"""Items made from the held-out part of the corpus: the last word of a passage, and documents per domain.

A last word is asked for only when it already stood earlier in the passage and is no common word, so that a reader of
the whole passage can know it while one of the last sentence alone cannot (the selection of LAMBADA, by rule).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import yaml

from cleo_core.errors import InputError
from cleo_core.files import numbered_jsonl
from cleo_model.domain import is_domain
from evals.errors import BadItems
from evals.tasks.forms import DATA, Item

CLAUSE = re.compile(r"(?<=[.!?;:,])\s+")
WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
ENDING = re.compile(r"^(?P<context>.*\S)\s(?P<word>[a-z]{4,})[.!?;:,]$", re.DOTALL)
COMMON = frozenset(yaml.safe_load((DATA / "common_words.yaml").read_text(encoding="utf-8")))
SHORTEST, LONGEST = 25, 90  # words of a passage


def read_heldout(masked: Path) -> dict[str, list[dict[str, Any]]]:
    """The held-out records by domain, in an order that depends on their ids alone.

    Raises:
        BadItems: the file is missing or a line of it is no record.
    """
    path = masked / "heldout.jsonl"
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        for number, record in numbered_jsonl(path):
            domain = record.get("domain")
            if not isinstance(record.get("text"), str) or not isinstance(domain, str) or not is_domain(domain):
                raise BadItems(f"{path.name} line {number}: a record needs 'text', and a plain name as 'domain'.")
            found.setdefault(domain, []).append(record)
    except OSError as error:
        raise BadItems(f"{path} cannot be read: {error.strerror}.", hint="Run the corpus stages first.") from None
    except BadItems:
        raise
    except (InputError, AttributeError):
        raise BadItems(f"{path.name} is not JSON Lines of records.", hint="Run the corpus stages again.") from None
    for records in found.values():
        records.sort(key=lambda record: _key(str(record.get("id"))))
    return found


def last_words(records: list[dict[str, Any]], limit: int) -> list[Item]:
    """At most `limit` items, spread evenly over the records; the cluster is the record."""
    return sorted(_in_turn(map(_passages, records), limit), key=lambda item: str(item["id"]))


def _in_turn(queues: Iterable[Iterable[Item]], limit: int) -> list[Item]:
    """At most `limit` items: the first of each queue, then the second of each, and so on."""
    rounds = zip_longest(*queues)
    return list(islice((item for row in rounds for item in row if item is not None), limit))


def _passages(record: dict[str, Any]) -> Iterator[Item]:
    """Passages that do not overlap, in the order of their hash."""
    found: dict[str, Item] = {}
    for paragraph in re.split(r"\n\s*\n", record["text"]):
        clauses = CLAUSE.split(" ".join(paragraph.split()))
        free = 0  # the first clause that no passage has used
        for end in range(1, len(clauses) + 1):
            if match := _passage(clauses[free:end]):
                key = _key(match[0])
                found[key] = {
                    "id": f"last-{key[:16]}",
                    "cluster": _key(str(record.get("id")))[:16],
                    "context": match["context"],
                    "word": match["word"],
                }
                free = end
    return iter([found[key] for key in sorted(found)])


def _passage(clauses: list[str]) -> re.Match[str] | None:
    """The last of these clauses with as many before it as make a passage, when its last word can be asked for."""
    for start in range(len(clauses) - 1, -1, -1):
        passage = " ".join(clauses[start:])
        words = WORD.findall(passage)
        if len(words) > LONGEST:
            return None
        match = ENDING.match(passage)
        if not match or match["word"] in COMMON:
            return None
        if len(words) >= SHORTEST and match["word"] in (word.lower() for word in words[:-1]):
            return match
    return None


def documents(records: list[dict[str, Any]], limit: int, characters: int = 500) -> list[Item]:
    """At most `limit` pieces of about `characters`, first one of each record; the cluster is the record.

    Many short pieces rather than few long ones: the bound on the rise is drawn over records.
    """
    return _in_turn((_pieces(record, characters) for record in records), limit)


def _pieces(record: dict[str, Any], characters: int) -> Iterator[Item]:
    text = record["text"].strip()
    start = number = 0
    while start < len(text):
        end = min(len(text), start + characters)
        if end < len(text):
            cut = max(text.rfind(" ", start + characters // 2, end), text.rfind("\n", start + characters // 2, end))
            end = cut if cut > start else end
        piece = text[start:end].strip()
        start = end
        if len(piece) >= min(200, characters // 2):
            cluster = _key(str(record.get("id")))[:16]
            yield {"id": f"doc-{cluster}-{number}", "cluster": cluster, "text": piece}
            number += 1


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
