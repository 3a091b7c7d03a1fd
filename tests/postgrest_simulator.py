"""PostgREST's `rpc` on loopback, before a real Postgres: the token is checked, its role taken for one transaction, the
function called with arguments by name, and errors told in PostgREST's form. There is no package of the real one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from psycopg import sql

SECRET = "a secret that only the simulated project knows"
SCHEMA = "cleo_memory"
MAX_ROWS = 250  # Supabase: 1,000
SETUP = """DO $$ BEGIN CREATE ROLE authenticator LOGIN NOINHERIT; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE anon NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT anon TO authenticator"""
SIGNATURE = """SELECT coalesce(p.proargnames[1:p.pronargs], '{}'), ARRAY(SELECT format_type(t, NULL)
    FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n), p.proretset
    FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE s.nspname = %s AND p.proname = %s"""


def token(role: str, secret: str = SECRET) -> str:
    return jwt.encode({"alg": "HS256"}, {"role": role, "iss": "simulated"}, OctKey.import_key(secret))


class PostgrestSimulator:
    def __init__(self, database: str) -> None:
        """`database`: URL of a superuser, who makes the role that PostgREST logs in as."""
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(SETUP)
        self.database = database
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = simulator.answer(self.path, dict(self.headers), raw)
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any]:
        sent = {name.lower(): value for name, value in headers.items()}
        try:
            given = sent["authorization"].removeprefix("Bearer ")
            claims = jwt.decode(given, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
        except (KeyError, ValueError, JoseError) as error:
            return 401, {"code": "PGRST301", "message": f"JWT: {error}", "details": None, "hint": None}
        if sent.get("content-profile") != SCHEMA:
            return 406, {"code": "PGRST106", "message": "Invalid schema", "details": None, "hint": None}
        try:
            # As PostgREST does: logged in as the authenticator, the token's role for this transaction only.
            with psycopg.connect(self.database, user="authenticator") as connection:
                connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(claims.get("role", "anon"))))
                return self._call(connection, path.rpartition("/rpc/")[2], raw)
        except psycopg.Error as error:
            status = 403 if error.sqlstate == "42501" else 400
            return status, {"code": error.sqlstate, "message": str(error), "details": None, "hint": None}

    @staticmethod
    def _call(connection: psycopg.Connection[Any], function: str, raw: bytes) -> tuple[int, Any]:
        found = connection.execute(SIGNATURE, (SCHEMA, function)).fetchone()
        if found is None or set(found[0]) != set(json.loads(raw)):
            return 404, {"code": "PGRST202", "message": "Could not find the function", "details": None, "hint": None}
        names, types, many = found
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in zip(names, types, strict=True)
        )
        given = sql.SQL(", ").join(sql.SQL("{0} := x.{0}").format(sql.Identifier(name)) for name in names)
        called = sql.SQL("{}.{}({})").format(sql.Identifier(SCHEMA), sql.Identifier(function), given)
        shape = "SELECT coalesce(json_agg(r), '[]') FROM json_to_record(%s) AS x ({}), LATERAL {} AS r"
        if not many:
            shape = "SELECT to_json({1}) FROM json_to_record(%s) AS x ({0})"
        answer = connection.execute(sql.SQL(shape).format(columns, called), (raw.decode(),)).fetchone()
        found = answer[0] if answer else None
        return 200, found[:MAX_ROWS] if many else found

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
