"""Documents and bodies made to hurt: each is refused quickly with a 4xx, and the ordinary one beside it is answered."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any

import pytest

from cleo_serving.api.graphql.resolvers import REFUSED
from tests.serving_server import RunningApi

pytestmark = pytest.mark.security

FINE = "{ health { ready } }"


def bomb(levels: int) -> str:
    """Fragments that double at each level: 2**levels fields when expanded."""
    spreads = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return "{ ...f0 } " + " ".join(spreads) + f" fragment f{levels} on Query {{ health {{ ready }} }}"


REJECTED: dict[str, tuple[str, str]] = {
    "doubling fragments": (bomb(9), "fields"),
    "many doubling fragments": (bomb(60), "fragments"),
    "fragments in a circle": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", "circle"),
    "a fragment in itself": ("{ ...a } fragment a on Query { health { ready } ...a }", "circle"),
    "a circle that is not spread": (FINE + " fragment a on Query { ...a }", "circle"),
    "undefined fragment": ("{ ...nowhere }", "not defined"),
    "fragment twice": (FINE + " fragment a on Query { __typename } fragment a on Query { __typename }", "twice"),
    "aliases": ("{ " + " ".join(f"a{n}: health {{ ready }}" for n in range(60)) + " }", "root fields"),
    "aliases below": ("{ health { " + " ".join(f"a{n}: ready" for n in range(60)) + " } }", "aliases"),
    "one field a thousand times": ("{ health { " + "ready " * 900 + "} }", "fields"),
    "depth": ("{ conversations { edges { " + "node { " * 9 + "id" + " }" * 9 + " } } }", "depth"),
    "nesting of thousands": ("{ a " * 5000 + "}" * 5000, "nested"),
    "nested lists": ("{ memories(kinds: " + "[" * 400 + "]" * 400 + ") { edges { cursor } } }", "nested"),
    "nested objects": ('mutation { ask(input: ' + "{a: " * 300 + "1" + "}" * 300 + ") { id } }", "nested"),
    "directives": ("{ health " + "@include(if: true) " * 40 + "{ ready } }", "directives"),
    "a long document": ("{ health { ready } } #" + "\n{ a }" * 2000, "tokens"),
    "cost": ("{ memories(first: 100) { edges { node { id kind content key speaker createdAt validFrom validTo } } } }",
             "cost"),
    "page too large": ("{ memories(first: 1000000) { edges { cursor } } }", "page"),
    "page below zero": ("{ memories(first: -1) { edges { cursor } } }", "page"),
    "page of 5,000 digits": ("{ memories(first: " + "9" * 5000 + ") { edges { cursor } } }", "page"),
    "two operations": ("query a { health { ready } } query b { health { ready } }", "one operation"),
    "no operation": ("fragment a on Query { __typename }", "one operation"),
    "two acts": ('mutation { a: remember(input: {content: "x"}) { id } b: remember(input: {content: "y"}) { id } }',
                 "one root field"),
    "acts in a fragment": ('mutation { ...m } fragment m on Mutation { forget(ids: []) { count } }', "one root field"),
    "type definition": ("type A { b: Int }", "defines types"),
    "introspection": ("{ __schema { types { name } } }", "introspection"),
    "introspection of one type": ('{ __type(name: "Query") { name } }', "introspection"),
    "introspection in a fragment": ("{ ...a } fragment a on Query { __schema { types { name } } }", "introspection"),
    "introspection under an alias": ("{ health { ready } x: __schema { types { name } } }", "introspection"),
    "not GraphQL": ("SELECT * FROM users", "not GraphQL"),
    "half a document": ("{ health {", "not GraphQL"),
    "an open string": ('{ memory(id: "', "not GraphQL"),
    "half a character": ('{ memory(id: "\\uD800") { id } }', "not GraphQL"),
}  # fmt: skip


def test_an_ordinary_query_with_fragments_and_aliases_is_answered(api: RunningApi) -> None:
    query = "query Q { a: health { ...h } b: health { ...h } __typename } fragment h on Health { ready active }"
    told = api.data(api.user(), query)
    assert told["a"] == told["b"] == {"ready": True, "active": 0}


@pytest.mark.parametrize("name", REJECTED)
def test_an_abusive_document_is_refused(api: RunningApi, name: str) -> None:
    query, reason = REJECTED[name]
    response = api.post(api.user(), query)
    error = response.json()["errors"][0]
    assert response.status_code == 400
    assert error["extensions"]["code"] == "QUERY_REJECTED"
    assert reason in error["message"]
    assert "data" not in response.json()


def test_refused_documents_use_up_their_senders_share_and_nobody_elses(api: RunningApi) -> None:
    limits = api.services.limits

    def left(user: str) -> int:
        return int(api.call(limits._limiter.get_window_stats(limits._cost, "cost", user)).remaining)

    sender, other = api.user(), api.user()
    whole = left(other)
    for _ in range(3):
        refused = api.post(sender, "{ " + "health { ready } " * 110 + "}").json()
        assert refused["errors"][0]["extensions"]["code"] == "QUERY_REJECTED"
    assert whole - left(sender) >= 3 * REFUSED
    assert left(other) == whole
    api.data(other, "{ health { ready } }")
    assert whole - left(other) < 10


@pytest.mark.parametrize(
    "query",
    [
        "{ helth { ready } }",
        "{ health { redy } }",
        "{ health }",
        "{ health { ready { x } } }",
        "{ memory(ID: 1) { id } }",
        "{ conversation { id } }",
        'query($x: Strin) { memory(id: "a") { id } }',
        "query($x: ID!) { memory(id: $x) { id } }",
        "mutation { ask(input: {text: 7}) { id } }",
        'mutation { ask(input: {txt: "a"}) { id } }',
        "{ health { ready @nope } }",
        "{ memories(kinds: [NOPE]) { edges { cursor } } }",
    ],
)
def test_a_document_that_does_not_fit_the_schema_learns_nothing_of_the_schema(api: RunningApi, query: str) -> None:
    response = api.post(api.user(), query)
    assert response.status_code == 400
    for error in response.json()["errors"]:
        assert error == {
            "message": "The query does not fit the schema.",
            "extensions": {"code": "BAD_QUERY", "requestId": response.headers["X-Request-ID"]},
        }


BODIES: dict[str, tuple[bytes, str, int]] = {
    "nothing": (b"", "not JSON", 400),
    "not JSON": (b"{query:", "not JSON", 400),
    "bad UTF-8": (b'{"query": "\xff\xfe"}', "not UTF-8", 400),
    "UTF-16": ('{"query": "{ health { ready } }"}'.encode("utf-16"), "not UTF-8", 400),
    "half a character": (b'{"query": "{ health { ready } }", "variables": {"a": "\\ud800"}}', "broken character", 400),
    "deep lists": (b'{"query": "x", "variables": {"a": ' + b"[" * 20000 + b"]" * 20000 + b"}}", "deep", 400),
    "deep objects": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep", 400),
    "5,000 digits": (b'{"query": "x", "variables": {"a": ' + b"9" * 5000 + b"}}", "digits", 400),
    "number out of range": (b'{"query": "x", "variables": {"a": 1e999}}', "out of range", 400),
    "NaN": (b'{"query": "x", "variables": {"a": NaN}}', "NaN", 400),
    "a member twice": (b'{"query": "{ a }", "query": "{ b }"}', "twice", 400),
    "batch": (b'[{"query": "{ health { ready } }"}, {"query": "{ health { ready } }"}]', "Several operations", 400),
    "a number": (b"7", "JSON object", 400),
    "null": (b"null", "JSON object", 400),
    "no query": (b"{}", "no query", 400),
    "query of the wrong type": (b'{"query": {"a": 1}}', "no query", 400),
    "variables of the wrong type": (b'{"query": "{ a }", "variables": [1]}', "variables must", 400),
    "operation of the wrong type": (b'{"query": "{ a }", "operationName": 1}', "operationName", 400),
    "persisted query": (
        b'{"query": "{ a }", "extensions": {"persistedQuery": {}}}',
        "extensions",
        400,
    ),
    "unknown member": (b'{"query": "{ a }", "admin": true}', "member other", 400),
    "too large": (b'{"query": "' + b"x" * 330_000 + b'"}', "longer than", 413),
    "byte order mark": (b'\xef\xbb\xbf{"query": "{ a }"}', "not JSON", 400),
    "NUL": (b'{"query": "{ a }\x00"}', "not JSON", 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_abusive_body_is_refused_before_the_library_sees_it(api: RunningApi, name: str) -> None:
    body, reason, status = BODIES[name]
    headers = api.headers("ann") | {"Content-Type": "application/json"}
    response = api.client.post(f"{api.url}/graphql", content=body, headers=headers)
    assert response.status_code == status
    assert reason in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/graphql"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": ""},
    ],
)
def test_another_kind_of_body_is_refused(api: RunningApi, headers: dict[str, str]) -> None:
    body = json.dumps({"query": FINE}).encode()
    fine = api.client.post(
        f"{api.url}/graphql",
        content=body,
        headers=api.headers("ann") | {"Content-Type": "application/json; charset=UTF-8"},
    )
    assert fine.json()["data"] == {"health": {"ready": True}}
    response = api.client.post(f"{api.url}/graphql", content=body, headers=api.headers("ann") | headers)
    assert response.status_code == 415


def test_a_compressed_body_is_refused(api: RunningApi) -> None:
    headers = api.headers("ann") | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b" " * 10_000_000)
    assert api.client.post(f"{api.url}/graphql", content=body, headers=headers).status_code == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_only_post_is_answered(api: RunningApi, method: str) -> None:
    response = api.client.request(method, f"{api.url}/graphql?query={{health{{ready}}}}", headers=api.headers("ann"))
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    if method != "HEAD":
        told = response.json()["errors"][0]["extensions"]
        assert told == {"code": "METHOD_NOT_ALLOWED", "requestId": response.headers["X-Request-ID"]}


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/graphiql", "/.env", "/../etc/passwd", "/admin"])
def test_there_is_no_console_for_an_attacker(api: RunningApi, path: str) -> None:
    assert api.client.get(f"{api.url}{path}").status_code == 404
    page = api.client.get(f"{api.url}/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 405
    assert "<html" not in page.text.lower()


def _raw(api: RunningApi, request: bytes) -> bytes:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        connection.settimeout(30)
        return connection.recv(65536)


def test_a_chunked_body_without_end_is_cut_at_the_limit(api: RunningApi) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.token('ann')}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    assert b" 413 " in _raw(api, head + chunk * 45)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999999999", "0x10", "+5"])
def test_a_false_content_length_gives_no_500(api: RunningApi, length: str) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.token('ann')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{}}"
    ).encode()
    assert _raw(api, head).split(b" ")[1][:1] == b"4"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:80:80", "", "169.254.169.254"])
def test_another_host_name_is_not_served(api: RunningApi, host: str) -> None:
    request = f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert b" 421 " in _raw(api, request)
    assert b" 200 " in _raw(api, b"GET /health HTTP/1.1\r\nHost: LOCALHOST:8000\r\nConnection: close\r\n\r\n")


def test_replies_carry_the_headers_that_make_browsers_careful(api: RunningApi) -> None:
    for response in (api.post("ann", FINE), api.client.get(f"{api.url}/nowhere"), api.client.get(f"{api.url}/health")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert len(response.headers["X-Request-ID"]) == 32
        assert "server" not in response.headers
        assert "access-control-allow-origin" not in response.headers


def test_a_request_id_of_the_client_is_not_taken_over(api: RunningApi) -> None:
    response = api.client.get(f"{api.url}/health", headers={"X-Request-ID": "a" * 32})
    assert response.headers["X-Request-ID"] != "a" * 32


def test_an_inner_fault_shows_code_and_request_id_alone(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret path /var/lib/cleo and what a user wrote")

    monkeypatch.setattr(type(api.services.memory), "stats", broken)
    response = api.post(api.user(), "{ memoryStats { memories } }")
    error = response.json()["errors"][0]
    assert error["message"] == "The request could not be answered."
    assert error["extensions"] == {"code": "INTERNAL", "requestId": response.headers["X-Request-ID"]}
    assert "secret path" not in response.text
    assert "what a user wrote" not in "".join(capfd.readouterr())


def test_no_case_of_abuse_gave_a_500(api: RunningApi) -> None:
    headers = api.headers("ann") | {"Content-Type": "application/json"}
    codes = [
        api.client.post(f"{api.url}/graphql", content=body, headers=headers).status_code for body, *_ in BODIES.values()
    ]
    codes += [api.post("ann", query).status_code for query, _ in REJECTED.values()]
    assert len(codes) == len(BODIES) + len(REJECTED)
    assert max(codes) < 500
