"""Speaks as vLLM's OpenAI-compatible server does on a unix socket, with a model that says numbers: for tests of what
stands before it. Started as the interpreter of vLLM's environment is: `… -I -m vllm.… --uds SOCKET --model FOLDER …`.
"""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast

steps = 0
"""Of the model; as vLLM, it makes none for a reply that nobody reads."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:
        print("a request:", format % args, flush=True)

    def do_GET(self) -> None:
        match self.path:
            case "/health":
                self._send(b"")
            case "/metrics":
                self._send(f'vllm:iteration_tokens_total_count{{engine="0"}} {float(steps)}\n'.encode())

    def do_POST(self) -> None:
        global steps
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {os.environ['VLLM_API_KEY']}":
            self._send(b"{}", 401)
            return
        body = json.loads(raw)
        Path(argument("--model"), "asked.json").write_bytes(raw)
        if body["temperature"] == 2:  # to see what becomes of an error
            self._send(json.dumps({"error": {"message": str(body["prompt"])}}).encode(), 500)
            return
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for number in range(body["max_tokens"]):
                steps += 1
                self._event(body, f"{number} ", number + 1, "length" if number + 1 == body["max_tokens"] else None)
                time.sleep(0.01)
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass
        self.close_connection = True

    def _event(self, body: dict[str, Any], text: str, made: int, reason: str | None) -> None:
        usage = {"prompt_tokens": len(body["prompt"]), "completion_tokens": made}
        told = {"choices": [{"index": 0, "text": text, "finish_reason": reason}], "usage": usage}
        self.wfile.write(b"data: " + json.dumps(told).encode() + b"\n\n")
        self.wfile.flush()

    def _send(self, raw: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def argument(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    folder = Path(argument("--model"))
    # As vLLM's engine does: a process of its own, which does not notice that its parent is gone.
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / "processes").write_text(f"{os.getpid()} {worker.pid}")
    (folder / "arguments.json").write_text(json.dumps(sys.argv))
    if (folder / "broken").exists():
        print("ERROR 11-30 [core.py:1] ValueError: There is no room for the model.", flush=True)
        sys.exit(1)
    cast(Any, Server)(argument("--uds"), Handler).serve_forever()
