"""Real text for the recipe: prose, dialogue, documentation and source code, where little is personal data.

What is in it was marked by nobody, so spaCy's names are taken with care: in prose its places, organisations, dates and
nationalities are believed and its persons too where the text is of our time; in old prose, documentation and code a
person is a figure of history, a library or a guess, and training takes no side where it is not sure.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

from cleo_core.wheels import SPACY_EN, fetch
from cleo_model.corpus.pii.fit.sample import IGNORED, Sample, with_spans
from cleo_model.corpus.sources.chatter import chatter
from cleo_model.corpus.sources.prose import addresses

Kind = Literal["old prose", "prose", "dialogue", "documentation", "code"]
# Well-known packages that the recipe's own environment has: their files differ from one release to the next, and with
# them the weights in the last digits.
PACKAGES = (
    "numpy", "torch", "transformers", "pandas", "sklearn", "scipy", "dagster", "mlflow", "pyarrow", "datasets",
    "fastapi", "pydantic", "click", "rich", "sqlalchemy", "matplotlib", "networkx", "sympy", "spacy", "accelerate",
    "httpx", "cryptography", "json", "asyncio", "email", "logging", "unittest", "http", "urllib", "concurrent",
    "multiprocessing", "xml", "ctypes", "tkinter", "sqlite3", "importlib",
)  # fmt: skip
FROM_SPACY = {
    "PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "ORG": "ORGANIZATION", "NORP": "NRP", "DATE": "DATE_TIME",
}  # fmt: skip
MODERN = 1930
NOT_A_DATE = re.compile(
    r"annual|yearly|daily|weekly|monthly|quarterly|\b(?:years?|months?|days?|weeks?)\b(?! ago)", re.I
)


class Passage(NamedTuple):
    kind: Kind
    text: str


def passages(share: float = 1.0) -> list[Passage]:
    """Passages of every kind, always the same ones for the same wheels and packages; `share` takes fewer."""
    found = [*_prose(int(900 * share)), *_dialogue(int(500 * share)), *_packages(int(2200 * share))]
    Random(7).shuffle(found)  # noqa: S311 - an order, not a secret
    return found


def _prose(count: int) -> Iterator[Passage]:
    for place, item in enumerate(addresses()):
        if place >= count:
            return
        year = re.search(r"\b(1[789]\d\d|20\d\d)\b", item.name)
        text = item.text or ""
        start = (len(text) - 900) // 2 if len(text) > 900 else 0
        cut = text.find(" ", start) + 1 if start else 0
        yield Passage("prose" if year and int(year[1]) >= MODERN else "old prose", text[cut : cut + 900])


def _dialogue(count: int) -> Iterator[Passage]:
    for place, item in enumerate(chatter()):
        if place >= count:
            return
        yield Passage("dialogue", "\n".join(str(message["content"]) for message in item.messages or ()))


def _packages(count: int) -> Iterator[Passage]:
    rng = Random(11)  # noqa: S311 - an order, not a secret
    files: list[Path] = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        root = Path(spec.origin).parent
        found = sorted(path for path in root.rglob("*.py") if 2_000 < path.stat().st_size < 200_000)
        files += rng.sample(found, min(len(found), 90))
        readmes = sorted(root.parent.glob(f"{name}-*.dist-info/METADATA"))
        files += readmes
    rng.shuffle(files)
    made = 0
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        for passage in [*_docstrings(text, path, rng), *_source(text, rng)]:
            made += 1
            yield passage
        if made >= count:
            return


def _docstrings(text: str, path: Path, rng: Random) -> list[Passage]:
    if path.name == "METADATA":
        body = text.split("\n\n", 1)[-1]
        return [Passage("documentation", body[start : start + 900]) for start in range(0, min(len(body), 6000), 900)]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)]
    found = [doc for node in nodes if (doc := ast.get_docstring(node)) and len(doc) > 150]
    rng.shuffle(found)
    return [Passage("documentation", doc[:900]) for doc in found[:2]]


def _source(text: str, rng: Random) -> list[Passage]:
    start = text.find("\n", rng.randrange(max(len(text) - 900, 1))) + 1
    return [Passage("code", text[start : start + 800])] if start else []


def tagger() -> Any:
    """spaCy's pipeline of names; the parts that nobody asks for stay out."""
    import spacy

    folder = next(fetch(SPACY_EN).glob("*/_model"))
    return spacy.load(folder, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler", "senter"])


def labelled(found: Iterable[Passage]) -> Iterator[Sample]:
    """Each passage with the labels that are believed of it."""
    all_of_them = list(found)
    nlp = tagger()
    for passage, doc in zip(all_of_them, nlp.pipe((one.text for one in all_of_them), batch_size=32), strict=True):
        spans = [
            (entity.start_char, entity.end_char, label)
            for entity in doc.ents
            if (label := believed(passage.kind, entity.label_, entity.text)) is not None
        ]
        yield with_spans(passage.text, [*spans, *_addresses(passage)])


def believed(kind: Kind, label: str, text: str) -> str | None:
    """What training makes of a find of spaCy's in a text of this kind; None: nothing personal."""
    if label not in FROM_SPACY or "\n\n" in text:
        return None
    if label == "DATE":
        if kind in ("documentation", "code"):
            return IGNORED
        return FROM_SPACY[label] if re.search(r"\d{4}|\d (?:of )?[A-Z]|[A-Z][a-z]+ \d", text) else IGNORED
    match kind:
        case "old prose":
            return None if label == "PERSON" else FROM_SPACY[label]
        case "prose":
            return IGNORED if label == "PERSON" else FROM_SPACY[label]
        case "dialogue":
            return FROM_SPACY[label] if label in ("PERSON", "GPE", "NORP") else IGNORED
        case _:
            return None if label == "ORG" or not re.search(r"[A-Z][a-z]+ [A-Z]", text) else IGNORED


def _addresses(passage: Passage) -> Iterator[tuple[int, int, str]]:
    """E-mail addresses in real text are somebody's."""
    for match in re.finditer(r"[\w.+-]+@[\w-]+\.[\w.-]+\w", passage.text):
        yield match.start(), match.end(), IGNORED
