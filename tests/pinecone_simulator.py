"""Pinecone's REST data plane (API 2026-07) on loopback, as far as the memory uses it: namespaces, upsert, fetch,
query with filters, delete, paged list, statistics; errors in Pinecone's form. The client is the real one."""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "simulated"
PAGE = 3  # so that a test of a few vectors sees more than one page
OPERATORS: dict[str, Any] = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$in": lambda value, wanted: value in wanted,
    "$nin": lambda value, wanted: value not in wanted,
    "$gt": lambda value, wanted: value is not None and value > wanted,
    "$lt": lambda value, wanted: value is not None and value < wanted,
    "$exists": lambda value, wanted: (value is not None) == wanted,
}


def matches(metadata: dict[str, Any], condition: dict[str, Any] | None) -> bool:
    for name, wanted in (condition or {}).items():
        tests = wanted if isinstance(wanted, dict) else {"$eq": wanted}
        if not all(OPERATORS[operator](metadata.get(name), value) for operator, value in tests.items()):
            return False
    return True


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


class PineconeSimulator:
    def __init__(self, dim: int = 384) -> None:
        self.dim = dim
        self.namespaces: dict[str, dict[str, Any]] = {}
        self.requests: list[bytes] = []
        self.lock = threading.Lock()
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                address = urlsplit(self.path)
                with simulator.lock:
                    simulator.requests.append(raw)
                    if self.headers.get("Api-Key") != KEY:
                        status, body = 401, {"error": {"code": "UNAUTHENTICATED", "message": "Invalid API Key"}}
                    else:
                        asked = parse_qs(address.query)
                        status, body = simulator.call(address.path, asked, json.loads(raw) if raw else {})
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_DELETE = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def call(self, path: str, asked: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = body.get("namespace") or asked.get("namespace", [""])[0] or "__default__"
        kept = self.namespaces.setdefault(name, {})
        if path == "/vectors/upsert":
            for vector in body["vectors"]:
                if len(vector["values"]) != self.dim or not any(vector["values"]):
                    return 400, {"error": {"code": "INVALID_ARGUMENT", "message": f"Vector dimension {self.dim}"}}
                if len(json.dumps(vector.get("metadata", {}))) > 40 * 1024:
                    return 400, {"error": {"code": "INVALID_ARGUMENT", "message": "Metadata size exceeds the limit"}}
            kept.update((vector["id"], vector) for vector in body["vectors"])
            return 200, {"upsertedCount": len(body["vectors"])}
        if path == "/vectors/fetch":
            found = {id: kept[id] for id in asked.get("ids", []) if id in kept}
            return 200, {"vectors": found, "namespace": name, "usage": {"readUnits": 1}}
        if path == "/query":
            near = [
                {"id": each["id"], "score": cosine(body["vector"], each["values"])}
                for each in kept.values()
                if matches(each.get("metadata", {}), body.get("filter"))
            ]
            near.sort(key=lambda match: -match["score"])
            return 200, {"matches": near[: body["topK"]], "namespace": name, "usage": {"readUnits": 1}}
        if path == "/vectors/delete":
            gone = list(kept) if body.get("deleteAll") else body.get("ids", [])
            for id in gone:
                kept.pop(id, None)
            return 200, {}
        if path == "/vectors/list":
            after = asked.get("paginationToken", [""])[0]
            ids = sorted(id for id in kept if id > after)
            page = {"pagination": {"next": ids[PAGE - 1]}} if len(ids) > PAGE else {}
            return 200, {"vectors": [{"id": id} for id in ids[:PAGE]], "namespace": name, **page}
        if path == "/describe_index_stats":
            counts = {each: {"vectorCount": len(vectors)} for each, vectors in self.namespaces.items() if vectors}
            total = sum(map(len, self.namespaces.values()))
            return 200, {"namespaces": counts, "dimension": self.dim, "indexFullness": 0, "totalVectorCount": total}
        return 404, {"error": {"code": "NOT_FOUND", "message": path}, "status": 404}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
