"""Recognizers of a user's own, in Presidio's YAML form, as a finder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.entities import ENTITIES
from cleo_model.corpus.pii.find import Find
from cleo_model.errors import SourceError

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

HINT = (
    "See the list of `recognizers` in Presidio's documentation: name, supported_entity, patterns or deny_list, context."
)
CERTAIN = 0.4
"""Score of a pattern that is believed without a word of context; Presidio lifts others to it where one is near."""
BEFORE, AFTER = 60, 30
NOTHING: Any = None
"""No artifacts of a language model: a recognizer of patterns needs none, though its declaration says so."""


class YamlRecognizers:
    """Finds by a user's recognizers; a type that we do not know, such as EMPLOYEE_ID, is kept and masked in its layout.

    Args:
        text: the YAML file's content.
        language: of the texts; a recognizer that names its languages is used for those.

    Raises:
        SourceError: it is not such a file; says what is wrong.
    """

    name = "own recognizers"

    def __init__(self, text: str, language: str = "en") -> None:
        self._recognizers = _load(text, language)
        known = {typed(entity) for recognizer in self._recognizers for entity in recognizer.supported_entities}
        self.types = frozenset(known) - set(ENTITIES)
        """Those of a user's own."""

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [[find for recognizer in self._recognizers for find in self._finds(recognizer, text)] for text in texts]

    def _finds(self, recognizer: EntityRecognizer, text: str) -> list[Find]:
        near = _context(tuple(recognizer.context or ()))
        found = []
        for result in recognizer.analyze(text, recognizer.supported_entities, NOTHING) or ():
            start, end = result.start, result.end
            certain = result.score >= CERTAIN or (
                near is not None
                and (near.search(text, max(0, start - BEFORE), start) or near.search(text, end, end + AFTER))
            )
            if certain:
                found.append(Find(start, end, typed(result.entity_type), result.score, self.name))
        return found


def typed(entity: str) -> str:
    """A type as it stands in placeholders and counts: capitals, digits and underscores."""
    return regex.sub(r"[^A-Z0-9]+", "_", entity.upper()).strip("_") or "OWN"


@cache
def _context(words: tuple[str, ...]) -> Any:
    return regex.compile(rf"(?i)(?<!\p{{L}})(?:{'|'.join(map(regex.escape, words))})(?!\p{{L}})") if words else None


@cache
def _load(text: str, language: str) -> list[EntityRecognizer]:
    import yaml
    from presidio_analyzer.recognizer_registry.recognizers_loader_utils import RecognizerListLoader

    from cleo_model.corpus.pii.offline import keep_offline

    keep_offline()  # a file may name Presidio's own recognizers
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise SourceError(f"The recognizers are not valid YAML{where}.", hint=HINT) from None
    listed: Any = content.get("recognizers") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise SourceError("The file of recognizers has no list `recognizers`.", hint=HINT)
    loaded: list[EntityRecognizer] = []
    for number, entry in enumerate(listed, 1):
        one: Any = [entry]  # declared as a dictionary, used as a list
        name = entry.get("name", number) if isinstance(entry, dict) else entry
        try:
            loaded += list(RecognizerListLoader.get(one, [language], regex.DOTALL | regex.MULTILINE | regex.IGNORECASE))
        except Exception as error:  # Presidio raises whatever comes: KeyError, ValueError, regex.error, …
            raise SourceError(f"Recognizer {name!r} cannot be used: {error}.", hint=HINT) from None
    if not loaded:
        raise SourceError(f"None of the recognizers is for the language {language!r}.", hint=HINT)
    return loaded
