"""What the floor of relevance lets through and keeps out: each question against its own user's told facts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.questions import Case, read
from benchmarks.result import Result
from cleo_core.progress import Reporter
from cleo_memory.search import Background, Embedder, Match, Segment, UserIndex, open_embedder, passage

FACTS = Path(__file__).parent / "data" / "facts.json"


def run(args: argparse.Namespace, report: Reporter) -> Result:
    """Figures by category of the question, in percent: `found` (share of the evidence), `first` (evidence is the best
    answer), `quiet` (a question on which no memory bears finds nothing), and `beside` (memories found that are no
    evidence, per question)."""
    cases = read(args.data or FACTS)
    embedder = open_embedder()
    background = Background(embedder)
    rows: dict[str, list[tuple[str, float]]] = {}
    for place, case in enumerate(cases):
        report("asking", place, len(cases))
        search = _search(case, embedder, background)
        for question in [*case.questions, *case.unanswered]:
            found = [match.id for match in search(question.text)]
            measured = rows.setdefault(question.category, [])
            measured.append(("beside", sum(id not in question.evidence for id in found)))
            if question.evidence:
                measured.append(("found", 100 * len(question.evidence & set(found)) / len(question.evidence)))
                measured.append(("first", 100 * (found[:1] != [] and found[0] in question.evidence)))
            else:
                measured.append(("quiet", 100 * (not found)))
    report("asking", len(cases), len(cases))
    result = Result("relevance", notes=[f"{sum(map(_asked, cases))} questions, vectors of {embedder.name}."])
    everything = [each for measured in rows.values() for each in measured]
    for suffix, measured in [("", everything), *((f" {name}", rows[name]) for name in sorted(rows))]:
        for figure in ("found", "first", "quiet", "beside"):
            if values := [value for name, value in measured if name == figure]:
                result.figures[f"{figure}{suffix}"] = round(sum(values) / len(values), 2)
    return result


def _asked(case: Case) -> int:
    return len(case.questions) + len(case.unanswered)


def _search(case: Case, embedder: Embedder, background: Background) -> Callable[[str], list[Match]]:
    vectors = embedder.embed([passage(document) for document in case.documents])
    index = UserIndex.load(embedder.dim, [Segment.build(case.documents, vectors)])

    def search(text: str) -> list[Match]:
        vector = embedder.embed([text])[0]
        return index.search(text, vector, limit=100, ground=background.of(text, vector))

    return search
