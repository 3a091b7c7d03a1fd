"""Recall of the evidence: each question against its own user's memories, ours and the others on the same vectors."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines import BASELINES
from benchmarks.peers import CHROMA, LANGGRAPH, MEM0, attempt, hand_over
from benchmarks.questions import Case, Corrections, Question, read, read_corrections
from benchmarks.result import Result
from cleo_core.errors import InputError
from cleo_core.progress import Reporter
from cleo_memory.search import Background, Segment, UserIndex, open_embedder, passage

DEPTH = 100
"""How deep each contender answers; the first piece of evidence below it counts as not found."""
Vectors = NDArray[np.float32]
Ranking = list[list[list[str]]]
"""Case -> question -> ids, best first."""


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures `recall@5`, `recall@10` (share of a question's evidence among the first k, averaged over questions) and
    `mrr`, overall and by category."""
    if args.data is None:
        hint = "LoCoMo's JSON or the neutral form of benchmarks/README.md."
        raise InputError("retrieval needs --data FILE.", hint=hint)
    cases = read(args.data)
    if args.quick:
        cases = [Case(case.id, case.documents, case.questions[:20]) for case in cases[:1]]
    asked = sum(len(case.questions) for case in cases)
    if not asked:
        raise InputError(f"{args.data} holds no question with evidence.")
    corrections = read_corrections(args.corrections) if args.corrections else None
    embedder = open_embedder()
    result = Result("retrieval", notes=[f"{asked} questions, {len(cases)} conversations, vectors of {embedder.name}."])
    vectors, queries = [], []
    for place, case in enumerate(cases):
        report("embedding", place, len(cases))
        vectors.append(embedder.embed([passage(document) for document in case.documents]))
        queries.append(embedder.embed([question.text for question in case.questions]))
    report("embedding", len(cases), len(cases))

    def measured(ranking: Ranking) -> dict[str, float | int | str]:
        figures = score(cases, ranking)
        if corrections is not None:
            figures |= {f"{name} corrected": value for name, value in score(cases, ranking, corrections).items()}
        return {**figures}

    result.figures = {"questions": asked, **measured(ours(cases, vectors, queries, Background(embedder)))}
    for name, baseline in BASELINES.items():
        report(f"ranking by {name}")
        ranks = [baseline(case, *arrays)[:, :DEPTH] for case, *arrays in zip(cases, vectors, queries, strict=True)]
        result.against[name] = measured(_named(cases, ranks))
    if not args.no_peers:  # one user per case, the very texts that were embedded
        users = [(f"user-{place}", case) for place, case in enumerate(cases)]
        texts = [(user, passage(document)) for user, case in users for document in case.documents]
        asked_texts = [(user, question.text) for user, case in users for question in case.questions]
        items, asked_by_users = (texts, np.concatenate(vectors)), (asked_texts, np.concatenate(queries))
        for peer in (MEM0, LANGGRAPH, CHROMA):
            with tempfile.TemporaryDirectory() as folder:
                hand_over(Path(folder), items=items, queries=asked_by_users)
                found = attempt(peer, "answer", Path(folder), report, result.notes, limit=DEPTH)
            if found:
                result.against[peer.name] = {"version": found["version"], **measured(_answers(cases, found["answers"]))}
    return result


def ours(
    cases: Sequence[Case], vectors: Sequence[Vectors], queries: Sequence[Vectors], background: Background
) -> Ranking:
    """Through bytes, as a store would hand them back, and above the floor of relevance."""
    ranking: Ranking = []
    for case, stored, asked in zip(cases, vectors, queries, strict=True):
        segment = Segment.from_bytes(Segment.build(case.documents, stored).to_bytes())
        index = UserIndex.load(stored.shape[1], [segment])
        answers = [
            index.search(
                question.text,
                vector,
                limit=DEPTH,
                now=question.asked_at,
                ground=background.of(question.text, vector),
            )
            for question, vector in zip(case.questions, asked, strict=True)
        ]
        ranking.append([[match.id for match in found] for found in answers])
    return ranking


def score(cases: Sequence[Case], ranking: Ranking, corrections: Corrections | None = None) -> dict[str, float]:
    """Averages over questions, in percent; with corrections, over the questions that still have evidence."""
    rows: list[tuple[str, list[float]]] = []
    for case, answers in zip(cases, ranking, strict=True):
        for question, found in zip(case.questions, answers, strict=True):
            if evidence := _evidence(case, question, corrections):
                places = [found.index(id) for id in evidence if id in found]
                first = 1 / (1 + min(places)) if places else 0.0
                values = [sum(at < k for at in places) / len(evidence) for k in (5, 10)] + [first]
                rows.append((question.category, values))
    categories = sorted({category for category, _ in rows})
    figures: dict[str, float] = {}
    for suffix, chosen in [("", categories), *((f" {category}", [category]) for category in categories)]:
        mean = np.mean([values for category, values in rows if category in chosen], axis=0)
        if suffix and len(categories) == 1:
            continue
        for name, value in zip(("recall@5", "recall@10", "mrr"), mean, strict=True):
            figures[f"{name}{suffix}"] = round(100 * float(value), 2)
    return figures


def _evidence(case: Case, question: Question, corrections: Corrections | None) -> frozenset[str]:
    if corrections is None or (key := (case.id, question.text.strip())) not in corrections:
        return question.evidence
    return frozenset(corrections[key]) & {document.id for document in case.documents}


def _named(cases: Sequence[Case], ranks: Sequence[NDArray[np.intp]]) -> Ranking:
    paired = zip(cases, ranks, strict=True)
    return [[[case.documents[row].id for row in rows] for rows in found.tolist()] for case, found in paired]


def _answers(cases: Sequence[Case], answers: list[list[int]]) -> Ranking:
    """A peer numbers the documents of all cases in one row."""
    ids = [document.id for case in cases for document in case.documents]
    following = iter(answers)
    return [[[ids[number] for number in next(following)] for _ in case.questions] for case in cases]
