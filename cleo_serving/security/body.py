"""The JSON parser of request bodies: bounded in size, time, depth and numbers, strict UTF-8, no duplicate keys.

What is refused here never reaches the GraphQL library, which answers 500 to some of it.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from cleo_serving.errors import BadRequest, BodyTooLarge, UnsupportedBody

MAX_DEPTH = 32
MAX_DIGITS = 20
BRACKET = re.compile(r"[\[\]{}]")
# Possessive: a string that does not end is tried once, not from each of its signs.
STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
FIELDS = frozenset({"query", "variables", "operationName", "extensions"})


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A GraphQL request whose shape was checked."""

    query: str
    variables: dict[str, Any] | None
    operation: str | None


async def read_body(request: Request, *, limit: int, seconds: float) -> bytes:
    """The raw body.

    Raises:
        UnsupportedBody: it is not declared as plain JSON in UTF-8.
        BodyTooLarge: it is longer than `limit` bytes.
        BadRequest: it did not arrive within `seconds`.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    # A page elsewhere can send other content types without asking first; JSON it cannot.
    if kind.strip().lower() != "application/json" or charset not in ("", "utf-8"):
        raise UnsupportedBody("The body must be application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("A compressed body is not accepted.")
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or len(declared) > MAX_DIGITS or int(declared) > limit:
        raise BodyTooLarge(f"The body is longer than {limit} bytes.")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise BodyTooLarge(f"The body is longer than {limit} bytes.")
                chunks.append(chunk)
    except TimeoutError:
        raise BadRequest("The body took too long to arrive.") from None
    except ClientDisconnect:
        raise BadRequest("The body did not arrive whole.") from None
    return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        BadRequest: it is not UTF-8, not JSON, too deep, or holds a number, key or character that is not accepted.
    """
    try:
        text = body.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    _check_depth(text)
    try:
        value = json.loads(
            text, parse_int=_integer, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    try:
        # "\ud800" decodes to half a character that no later step could write out again.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRequest("The body holds a broken character.") from None
    return value


def check_request(value: object) -> GraphQLRequest:
    """The GraphQL request in a body or in the payload of a subscription: one object, known members, right types.

    Raises:
        BadRequest: a list (batching), an unknown member, a member of the wrong type, or no query.
    """
    if isinstance(value, list):
        raise BadRequest("Several operations in one request are not accepted.")
    if not isinstance(value, Mapping):
        raise BadRequest("The body must be a JSON object.")
    if set(value) - FIELDS:
        raise BadRequest("The body holds a member other than query, variables, operationName.")
    query, variables, operation = value.get("query"), value.get("variables"), value.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest("The body holds no query.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest("variables must be an object.")
    if operation is not None and not isinstance(operation, str):
        raise BadRequest("operationName must be a string.")
    if value.get("extensions"):
        raise BadRequest("extensions are not accepted.")
    return GraphQLRequest(query, variables, operation)


def _check_depth(text: str) -> None:
    # One pass without recursion: how deep brackets lie inside each other, strings left out.
    depth = 0
    for bracket in BRACKET.findall(STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise BadRequest(f"The body is nested more than {MAX_DEPTH} deep.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadRequest(f"The body holds a number of more than {MAX_DIGITS} digits.")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits) if len(digits) <= 64 else math.inf
    if not math.isfinite(value):
        raise BadRequest("The body holds a number that is out of range.")
    return value


def _constant(name: str) -> NoReturn:
    raise BadRequest(f"The body holds {name}, which is not JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest("The body names a member twice.")
    return found
