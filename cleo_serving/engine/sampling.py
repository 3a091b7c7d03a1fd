"""How tokens are chosen: the parameters of a reply, their ranges, and what is said when one is out of range."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import Any

from cleo_core.errors import InputError

MOST_STOPS = 8
STOP_CHARACTERS = 64
SCHEMA_CHARACTERS = 16_384
SEED_BELOW = 2**32


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both of them among it unless `open_low`."""

    low: float
    high: float
    open_low: bool = False

    def __contains__(self, value: float) -> bool:
        # A comparison with NaN is false, so it is in no range.
        return (self.low < value if self.open_low else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        return f"over {self.low:g} and at most {self.high:g}" if self.open_low else f"{self.low:g} to {self.high:g}"


RANGES = {
    "temperature": Range(0, 2),
    "top_p": Range(0, 1, open_low=True),
    "top_k": Range(0, 1000),
    "min_p": Range(0, 1),
    "repetition_penalty": Range(0.5, 2),
    "presence_penalty": Range(-2, 2),
    "frequency_penalty": Range(-2, 2),
    "max_tokens": Range(1, 2**20),
    "seed": Range(0, SEED_BELOW - 1),
}
WHOLE = frozenset({"top_k", "max_tokens", "seed"})


def check_range(name: str, value: object, shown: str | None = None) -> None:
    """Refuse a number that its parameter cannot be.

    Args:
        shown: the parameter's name where the value came from, such as ``topP``.

    Raises:
        InputError: it is out of range, no finite number, or not whole where it must be.
    """
    allowed = RANGES[name]
    kind = (int,) if name in WHOLE else (int, float)
    number = isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value not in allowed:  # type: ignore[operator]
        whole = "a whole number " if name in WHOLE else ""
        raise InputError(f"{shown or name} must be {whole}{allowed}, not {str(value)[:40]}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The parameters of one reply.

    Raises:
        InputError: one is out of range; the message names it.
    """

    temperature: float = 0.7
    """0 takes the likeliest token each time."""
    top_p: float = 0.95
    """Only the likeliest tokens that together have this probability; 1 leaves all."""
    top_k: int = 50
    """Only so many of the likeliest tokens; 0 leaves all."""
    min_p: float = 0.0
    """Only tokens at least so likely as this share of the likeliest one's probability."""
    repetition_penalty: float = 1.0
    """Scores of tokens that occurred are divided by it, or multiplied where negative (Keskar et al. 2019,
    arXiv:1909.05858); 1 changes nothing."""
    presence_penalty: float = 0.0
    """Taken from the score of each token that occurred."""
    frequency_penalty: float = 0.0
    """Taken from the score of a token, once for each time that it occurred."""
    max_tokens: int = 256
    seed: int | None = None
    """The same seed, prompt and model give the same reply, as far as the engine can."""
    stop: tuple[str, ...] = ()
    """The reply ends before the first of these texts."""
    json_schema: str | None = None
    """A JSON schema that the reply must fit, as JSON."""
    stop_repetition: bool = True
    """End a reply that goes round in a loop. A text that is to repeat itself, such as a table of zeros, is let be
    where a schema is given."""

    def __post_init__(self) -> None:
        for name in RANGES:
            value = getattr(self, name)
            if value is not None:
                check_range(name, value)
        check_stops(self.stop, "stop")
        if self.json_schema is not None:
            check_schema(self.json_schema, "json_schema")

    def asked(self) -> frozenset[str]:
        """Names of the parameters that differ from those a plain reply has: what an engine must be able to do."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    def options(self) -> dict[str, Any]:
        """What a `Question` carries beside its temperature and its length."""
        apart = ("temperature", "max_tokens", "stop_repetition")
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in apart}


def check_stops(stops: tuple[str, ...], shown: str) -> None:
    """Refuse stop strings that are empty, too long or too many.

    Raises:
        InputError: they are.
    """
    if len(stops) > MOST_STOPS:
        raise InputError(f"{shown} holds {len(stops)} texts; {MOST_STOPS} are the most.")
    for text in stops:
        if not text or len(text) > STOP_CHARACTERS:
            raise InputError(f"A text of {shown} has {len(text)} characters; it must have 1 to {STOP_CHARACTERS}.")


def check_schema(text: str, shown: str) -> None:
    """Refuse what is no JSON schema: an engine would pass over it and write what it likes.

    Raises:
        InputError: it is not JSON, not an object, or breaks the rules of JSON Schema.
    """
    from jsonschema import Draft202012Validator, SchemaError

    if len(text) > SCHEMA_CHARACTERS:
        raise InputError(f"{shown} has {len(text)} characters; {SCHEMA_CHARACTERS} are the most.")
    try:
        schema: Any = json.loads(text)
        if not isinstance(schema, dict):
            raise InputError(f"{shown} must be a JSON object.")
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InputError(f"{shown} is no JSON schema: {error.message[:200]}.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{shown} is not JSON.", hint='{"type": "object", "properties": {…}}') from None
    if "$ref" in text and any(not ref.startswith("#") for ref in _references(schema)):
        raise InputError(f"{shown} refers to another document.", hint="Put the definition under $defs.")


def _references(value: Any) -> list[str]:
    found, todo = [], [value]
    while todo:
        match todo.pop():
            case dict() as inner:
                found += [str(target) for key, target in inner.items() if key == "$ref"]
                todo += inner.values()
            case list() as inner:
                todo += inner
    return found
