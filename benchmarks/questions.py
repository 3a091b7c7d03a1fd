"""Conversations with questions whose evidence is known: LoCoMo's JSON, or the neutral form of README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cleo_core.errors import InputError
from cleo_memory.search import Document

LOCOMO_CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}  # 5 has no answer to find
Corrections = dict[tuple[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    evidence: frozenset[str]
    category: str
    asked_at: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One user's memories, in the order in which they were said, and what is asked about them."""

    id: str
    documents: list[Document]
    questions: list[Question]
    unanswered: list[Question] = field(default_factory=list)
    """Asked too, though no memory bears on it; the neutral form says so with empty evidence."""


def read(path: Path) -> list[Case]:
    """Read either form.

    Raises:
        InputError: the file is neither, or evidence names a turn that is not there (in the neutral form).
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from None
    try:
        if isinstance(data, list) and data and "conversation" in data[0]:
            return [_locomo(entry, place) for place, entry in enumerate(data)]
        if isinstance(data, dict) and "conversations" in data:
            return [_neutral(entry, place) for place, entry in enumerate(data["conversations"])]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path} is not as benchmarks/README.md says: {type(error).__name__} {error}") from None
    raise InputError(f"{path} is neither LoCoMo's JSON nor the neutral form.", hint="See benchmarks/README.md.")


def read_corrections(path: Path) -> Corrections:
    """``[{"conversation", "question", "evidence": [turn ids]}]``; an empty list takes the question out."""
    try:
        return {
            (str(entry["conversation"]), str(entry["question"]).strip()): [str(id) for id in entry["evidence"]]
            for entry in json.loads(path.read_text(encoding="utf-8"))
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no corrections file: {error}", hint="See benchmarks/README.md.") from None


def _neutral(entry: dict[str, Any], place: int) -> Case:
    documents = [
        Document(
            id=str(turn["id"]),
            text=str(turn["text"]),
            speaker=turn.get("speaker"),
            kind=str(turn.get("kind", "conversation")),
            conversation=None if turn.get("session") is None else str(turn["session"]),
            at=_moment(turn.get("at")),
        )
        for turn in entry["turns"]
    ]
    known = {document.id for document in documents}
    questions: list[Question] = []
    unanswered: list[Question] = []
    for given in entry["questions"]:
        evidence = frozenset(str(id) for id in given["evidence"])
        if missing := evidence - known:
            raise ValueError(f"evidence {sorted(missing)[0]!r} is no turn of conversation {place}")
        category = str(given.get("category", "all"))
        asked = Question(str(given["question"]), evidence, category, _moment(given.get("at")))
        (questions if evidence else unanswered).append(asked)
    return Case(str(entry.get("id", place)), documents, questions, unanswered)


def _locomo(entry: dict[str, Any], place: int) -> Case:
    talk = entry["conversation"]
    sessions = sorted((key for key in talk if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key[8:]))
    documents = []
    for session in sessions:
        said = datetime.strptime(talk[f"{session}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for turn in talk[session]:
            caption = turn.get("blip_caption")
            documents.append(
                Document(
                    id=str(turn["dia_id"]),
                    text=f"{turn['text']} [{caption}]" if caption else str(turn["text"]),
                    speaker=str(turn["speaker"]),
                    conversation=session,
                    at=said.timestamp(),
                )
            )
    known = {document.id for document in documents}
    questions = []
    for given in entry["qa"]:
        evidence = frozenset(_turn_ids(given.get("evidence") or [])) & known
        if given["category"] in LOCOMO_CATEGORIES and evidence:
            questions.append(Question(str(given["question"]), evidence, LOCOMO_CATEGORIES[given["category"]]))
    return Case(str(entry.get("sample_id", place)), documents, questions)


def _turn_ids(evidence: list[str]) -> Iterator[str]:
    """Some entries hold several ids (``D8:6; D9:17``) or a leading zero."""
    for text in evidence:
        for session, turn in re.findall(r"D:?(\d+):(\d+)", text):
            yield f"D{int(session)}:{int(turn)}"


def _moment(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
