"""No call reaches a store without a user, and no user's id reaches another's memories.

The catalogue's border is in its types: a table of users' rows is an `OwnedTable`, bound to an owner, which writes the
owner into each statement itself. Here it is held that nothing goes round that, and every method of every such table
is called as one user beside another who has rows of the same ids: it answers as if the other were not there, and
changes nothing of theirs.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import pkgutil
import re
import sqlite3
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import cleo_memory
from cleo_memory import Memory, MemorySettings, Tier, catalog, open_memory
from cleo_memory.catalog.data_keys import UserDataKeys, WrappedKey
from cleo_memory.catalog.database.sqlite import SqliteDatabase
from cleo_memory.catalog.entry import Entry
from cleo_memory.catalog.erasures import UserErasures, UserKeyFloor
from cleo_memory.catalog.holding import Selection
from cleo_memory.catalog.memories import UserMemories
from cleo_memory.catalog.migrations.schema import CATALOGUE, KEYS
from cleo_memory.catalog.outbox import Job, UserCopies, UserOutbox
from cleo_memory.catalog.owned import OwnedTable, Reads, SharedTable
from cleo_memory.catalog.payloads import SealedSegment, UserPayloads, UserSegments
from cleo_memory.catalog.requests import Request, UserRequests
from cleo_memory.catalog.rows import UserRows
from cleo_memory.catalog.threads import UserThreads
from cleo_memory.catalog.usage import UserOrigins, UserUsage
from cleo_memory.errors import MemoryNotFound, StorageFault
from cleo_memory.records import Owner
from cleo_memory.storage.adapters.postgres import install

pytestmark = pytest.mark.security
ROOT = Path(cleo_memory.__file__).parent
ANN, BOB = Owner("a" * 32), Owner("b" * 32)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for place, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield place, node


def test_only_the_catalogue_speaks_sql() -> None:
    """But for the cold tier's adapters, whose database has row-level security."""
    statement = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")
    spoken = set()
    for place, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value):
                spoken.add(place.rpartition("/")[0])
            if isinstance(node, ast.Attribute) and node.attr in ("_database", "execute", "executemany"):
                spoken.add(place.rpartition("/")[0])
    assert spoken == {"catalog", "catalog/database", "catalog/migrations", "storage/adapters"}


def owned_tables() -> list[type[OwnedTable]]:
    for found in pkgutil.iter_modules(catalog.__path__):
        import_module(f"{catalog.__name__}.{found.name}")
    return [each for each in OwnedTable.__subclasses__() if each.__module__.startswith("cleo_memory.")]


def users_tables() -> set[str]:
    """Tables with a column `owner`, as the migrations make them."""
    statements = [each for schema in (CATALOGUE, KEYS) for step in schema.steps for each in step.statements]
    made = [re.match(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)", each, re.DOTALL) for each in statements]
    return {each[1] for each in made if each and re.search(r"\bowner\b", each[2])}


def test_every_table_with_an_owner_is_reached_by_one_class_that_is_bound_to_it() -> None:
    assert sorted(each.table for each in owned_tables()) == sorted(users_tables())


def test_no_such_class_has_the_transaction_or_the_owner_in_its_hands() -> None:
    for table in owned_tables():
        assert table.__init__ is OwnedTable.__init__
        (tree,) = ast.parse(inspect.getsource(table)).body
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not {each for each in names if "tx" in each.split("_") or each.endswith("__owner")}, table


async def test_what_is_asked_for_all_users_only_reads(tmp_path: Path) -> None:
    class Writing(SharedTable):
        def spoil(self) -> None:
            self._fetch("DELETE FROM memories")

    opened = SqliteDatabase(tmp_path / "a.db", CATALOGUE)
    with pytest.raises(StorageFault, match="readonly"):
        await Reads(opened, Writing).read(lambda table: table.spoil())
    await opened.close()
    assert {each.__name__ for each in SharedTable.__subclasses__()} >= {"AllMemories", "AllOutbox", "AllErasures"}
    for table in SharedTable.__subclasses__():
        assert "execute" not in inspect.getsource(table)


ENTRY = Entry(
    id="m", version=1, kind="episodic", live=1, tier="warm", thread="t", slot="s", importance=0.5, created_at=1.0,
    valid_from=1.0, valid_to=None, expires_at=None, pinned=0, heat=0.0, touched_at=0.0, moved_at=0.0, bytes=3,
    digest="d", key_version=1, position=1, seq=1, seal="x",
)  # fmt: skip
FRESH = Entry(**{**{name: getattr(ENTRY, name) for name in Entry.__dataclass_fields__}, "id": "n", "version": 2})
JOB = Job(1, BOB, "m", 1, "put", 0)
THEIR_JOB = Job(2, BOB, "m", 1, "put", 0)  # its number is of another user's job
REQUEST = Request("q", "e", "done", "h", 2.0, "m", b"y", 2.0)
# What a row has that is not in ENTRY; both users have the same.
ROW = {
    "sealed": b"x", "store": "warm:x", "verified_at": 1.0, "sealed_name": b"x", "turns": 1, "updated_at": 1.0,
    "action": "purge", "attempts": 0, "due_at": 0.0, "number": 1, "through": 1, "model": "none", "floor": 1,
    "erased_at": 1.0, "receipt": "", "key": "q", "state": "pending", "holder": "h", "held_until": 1.0, "memory": "m",
    "memories": 1, "kek": "k", "wrapped": b"x", "destroyed_at": None,
}  # fmt: skip
CALLS: dict[type[OwnedTable], dict[str, tuple[Any, ...]]] = {
    UserMemories: {
        "find": (["m"],), "ever": ("m",), "is_current": ("m", 1), "changes": (0,), "held": (["m"], 0.0),
        "page": (9, None, Selection(kinds=frozenset(["episodic"]), at=1.0), 0.0),
        "oldest": (9,), "window": ("t", 9, 0.0), "turns_before": ("t", 5, 9, 0.0), "turns_after": ("t", 0, 9, 0.0),
        "turn_counts": (["t"], 0.0), "conversations": (0.0,), "of_thread": ("t",), "thread_of": ("m",),
        "preferences": (2.0, 0.0), "told": (["episodic"], 2.0, 9), "of_slot": ("s", "episodic"),
        "counts": (0.0,), "ends": (), "edited_since": (0,),
        "replace": (ENTRY, FRESH), "expired": (9.0,),
        "under_older_key": (2, 9), "any_up_to_key": (1,), "newest_key": (), "insert": (FRESH,),
        "end_validity": (ENTRY, 2), "tombstone": ("m", 2, 1.0), "touch": ([("m", 5.0, 5.0)],), "pin": ("m", True),
        "move": (ENTRY, "cold", 1.0), "point": ("m", 1, "cold"), "reseal": (ENTRY, FRESH), "clear": (),
    },
    UserPayloads: {
        "held": (["m"],), "add": ("n", "warm", 1, b"y"), "put": ("m", "warm", 2, b"y"), "drop": ("m",),
        "drop_but": ("m", "cold"), "release": ("m", 9, ["warm"]), "put_newer": ("warm", [("m", 2, b"y")]),
        "of_tier": ("warm", ["m"]), "scan": ("warm", "", 9), "drop_versions": ("warm", [("m", 1)]),
        "clear_tier": ("warm",), "clear": (),
    },
    UserCopies: {
        "of": (["m"],), "stores": (), "note": ("m", "warm:x", 2, 9.0), "drop": ("m",), "drop_from": ("warm:x", ["m"]),
        "clear": (),
    },
    UserThreads: {
        "page": (9, None), "count": (), "add_turn": ("t", b"y", 9.0), "remove_turn": ("t",), "names": (),
        "rename": ([("t", b"y")],), "clear": (),
    },
    UserOutbox: {
        "add": ("m", 1, "put", ["warm:x"]), "done": ([JOB, THEIR_JOB],), "later": ([JOB, THEIR_JOB], 9.0),
        "drop": ("m",), "purging": (), "clear": (),
    },
    UserSegments: {
        "of_model": ("none",), "numbers": (), "one": (1,), "add": (SealedSegment(2, 2, "none", b"y"),),
        "drop_covered": (9, "other"), "reseal": (1, b"y"), "clear": (),
    },
    UserUsage: {"add": (1, 5), "total": (), "clear": ()},
    UserOrigins: {"add": ("n", "t"), "of": ("t",), "drop": ("m",), "clear": ()},
    UserRequests: {
        "find": ("q",), "put": (REQUEST,), "prolong": ("q", "h", 9.0), "drop": ("q", "h"), "finish": ("q", "h", b"y"),
        "clear_replies": (),
        "bound": (2.0, 9), "clear": (),
    },
    UserKeyFloor: {"check": (2,), "lift": (9,), "clear": ()},
    UserErasures: {
        "count": (), "newest": (), "begin": ("new", 9.0), "finish": (f"m{ANN}", "y"), "supersede": (), "clear": (),
    },
    UserDataKeys: {
        "wrapped": (), "newest": (), "add": ([WrappedKey(2, "k", b"y")], 9.0),
        "rewrap": (WrappedKey(1, "k", b"x"), WrappedKey(1, "l", b"y")), "destroy": (9.0,), "retire": (9, 9.0),
        "clear": (),
    },
}  # fmt: skip


def database(*owners: Owner) -> sqlite3.Connection:
    """Both databases' tables in one, with a row of each owner in every table, of the same keys."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for schema in (CATALOGUE, KEYS):
        for step in schema.steps:
            for statement in step.statements:
                connection.execute(statement.replace("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT"))
    for table in sorted(users_tables()):
        for owner in owners:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            columns = [each for each in columns if (table, each) != ("outbox", "number")]
            known = {**{name: getattr(ENTRY, name) for name in Entry.__dataclass_fields__}, **ROW, "owner": owner}
            known["id"] = f"m{owner}" if table == "erasures" else "m"
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            connection.execute(sql, [known[each] for each in columns])
    return connection


def of(connection: sqlite3.Connection, owner: Owner) -> list[list[Any]]:
    return [
        connection.execute(f"SELECT * FROM {table} WHERE owner = ? ORDER BY 1, 2", (owner,)).fetchall()
        for table in sorted(users_tables())
    ]


def crosses(work: Callable[[Any], Any]) -> str:
    """How work of bob over a connection meets ann's rows; empty when it does not."""
    with contextlib.closing(database(BOB)) as alone, contextlib.closing(database(BOB, ANN)) as beside:
        before = of(beside, ANN)
        answered, expected = work(beside), work(alone)
        if of(beside, ANN) != before:
            return "it changed another user's rows"
        if answered != expected:
            return f"it answered {answered!r}, without the other user {expected!r}"
        written, wanted = ([row[1:] for rows in of(each, BOB) for row in rows] for each in (beside, alone))
        if written != wanted:
            return "what it wrote depends on another user's rows"
        return ""


def test_every_method_is_called() -> None:
    assert set(CALLS) == set(owned_tables())
    for table, calls in CALLS.items():
        methods = {name for name, _ in inspect.getmembers(table, inspect.isfunction) if not name.startswith("_")}
        assert methods == set(calls), table


@pytest.mark.parametrize(("table", "method"), [(table, method) for table, calls in CALLS.items() for method in calls])
def test_no_method_meets_another_users_rows(table: type[OwnedTable], method: str) -> None:
    arguments = CALLS[table][method]
    assert crosses(lambda connection: getattr(table(connection, BOB), method)(*arguments)) == ""


def test_clearing_a_user_meets_nobody_else() -> None:
    assert crosses(lambda connection: UserRows(connection, BOB).clear()) == ""


class Leaky(OwnedTable):
    """What the border is there to keep out: it takes the transaction into its own hands."""

    table = "payloads"

    def raw(self, sql: str) -> Any:
        return self._OwnedTable__tx.execute(sql).fetchall()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM payloads WHERE id = 'm'", "changed another"),
        # Each of these has the word in it.
        ("UPDATE payloads SET sealed = 'y' WHERE owner IS NOT NULL", "changed another"),
        ("SELECT count(*) FROM payloads WHERE owner <> ''", "it answered"),
        ("SELECT owner, sealed FROM payloads", "it answered"),
    ],
)
def test_the_test_sees_a_method_that_crosses(sql: str, said: str) -> None:
    assert said in crosses(lambda connection: Leaky(connection, BOB).raw(sql))


def test_a_transaction_of_two_owners_does_not_exist() -> None:
    """`Catalog.of` binds one owner; what it hands to the work has no other."""
    rows = UserRows(sqlite3.connect(":memory:"), BOB)
    tables: list[Any] = [each for each in vars(rows).values() if isinstance(each, OwnedTable)]
    bound = [each._OwnedTable__owner for each in tables]
    assert len(bound) >= 5
    assert set(bound) == {BOB}
    assert "owner" not in inspect.signature(SqliteDatabase.write).parameters


def test_every_call_of_a_store_hands_over_the_owner_first() -> None:
    calls, loose = 0, []
    for place, function in functions():
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"put", "get", "tombstone", "drop", "scan", "purge"}
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "store"
            ):
                calls += 1
                first = node.args[0] if node.args else None
                if first is None or ast.unparse(first) not in ("owner", "self.owner"):
                    loose.append(f"{place}:{node.lineno}")
    assert calls >= 10
    assert loose == []


def test_every_public_call_takes_the_user_first() -> None:
    without = {"start", "close", "rotate_kek"}
    for name, call in inspect.getmembers(Memory, inspect.isfunction):
        if not name.startswith("_") and name not in without:
            assert list(inspect.signature(call).parameters)[1] == "user", name


# Prefixes of each other, patterns, operators, paths, look-alikes, signs that a store may fold or strip.
USERS = [
    "ann", "ann ", "an", "Ann", "ann_", "ann%", "ann*", "ann.b", "$where", '{"$gt": ""}', "ann:1", "ann'--", "ann\\",
    "ａｎｎ", "аnn", "ann\u200b", "e\u0301", "é", "../ann", "ann\x00", "{ann}", "ann\n", "*", "%", "_",
]  # fmt: skip


@pytest.fixture(params=["embedded", "servers"])
def settings(request: pytest.FixtureRequest) -> MemorySettings:
    tenant = os.urandom(4).hex()
    if request.param == "embedded":
        return MemorySettings(embedder="none", tenant=tenant)
    hot, warm, cold = (request.getfixturevalue(name) for name in ("redis_url", "mongodb_url", "postgres_url"))
    return MemorySettings(embedder="none", tenant=tenant, hot=hot, warm=warm, cold=cold)


async def test_users_whose_ids_look_alike_never_meet(settings: MemorySettings) -> None:
    if settings.cold != "embedded":
        await install(settings.cold)
    async with open_memory(settings) as memory:
        kept = {}
        for n, user in enumerate(USERS):
            kept[user] = await memory.append(user, "shared conversation", "user", f"the secret of number {n}")
            await memory.prefer(user, "shared key", f"value {n}")
        for delivery in memory.deliveries:
            await delivery.drain()
        assert len({memory.keyring.owner(user) for user in USERS}) == len(USERS)
        for n, user in enumerate(USERS):
            assert [hit.record for hit in await memory.search(user, "secret number")][:1] == [kept[user]]
            assert await memory.window(user, "shared conversation") == [kept[user]]
            assert {k: v.content for k, v in (await memory.preferences(user)).items()} == {"shared key": f"value {n}"}
            other = kept[USERS[n - 1]]
            with pytest.raises(MemoryNotFound):
                await memory.recall(user, other.id)
            assert await memory.forget(user, other.id) == 0
        await memory.erase("ann")
        for user in USERS[1:]:
            assert await memory.recall(user, kept[user].id) == kept[user]
        for tier in Tier:
            place = memory.payloads.tiers[tier].store
            assert place is None or await place.scan(memory.keyring.owner("ann"), "", 5) == []


@pytest.mark.parametrize("id", ["", "*", "%", "_", "$where", "a' OR '1'='1", "../x", "\x00", "x" * 500, "é"])
async def test_a_hostile_memory_id_finds_nothing(id: str) -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "text")
        with pytest.raises(MemoryNotFound):
            await memory.recall("ann", id)
        assert await memory.forget("ann", [id]) == 0
        assert await memory.recall("ann", kept.id) == kept


def test_every_statement_of_an_adapter_binds_the_owner() -> None:
    """A tier's own database: the statements are few, and each names the owner (beside the row-level security there)."""
    statements = [
        node.value
        for path in sorted((ROOT / "storage" / "adapters").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if "cleo_memory.memories" in node.value and "ALTER TABLE" not in node.value
    ]
    bound = [text for text in statements if re.search(r"\bowner = %s|\(owner, ", text)]
    assert len(bound) >= 6
    assert [text for text in statements if text not in bound] == ["SELECT 1 FROM cleo_memory.memories LIMIT 0"]
