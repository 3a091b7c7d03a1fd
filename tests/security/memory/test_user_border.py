"""No call reaches a store without a user, and no user's id reaches another's memories."""

from __future__ import annotations

import ast
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cleo_memory
from cleo_memory import Memory, MemorySettings, Tier, open_memory
from cleo_memory.errors import MemoryNotFound
from cleo_memory.storage.adapters.postgres import install

pytestmark = pytest.mark.security
ROOT = Path(cleo_memory.__file__).parent
OWNED = "memories|payloads|copies|threads|segments|outbox|data_keys|key_floors|erasures"
STATEMENT = re.compile(rf"\b(?:from|into|update)\s+(?:cleo_memory\.)?(?:{OWNED})\b", re.IGNORECASE)
# Named for what they are: they work for whoever runs the installation, and hand nothing of one user to another.
OPERATOR = re.compile(r"_all_users$|^(rewrap|_update_wrapped|_page|_count|_conditions)$")
# Reads of no row of a user: a ping under an owner that nobody is, and a look at the columns.
WITHOUT_ROWS = {("storage/adapters/postgres.py", "ping"), ("open.py", "_refuse_earlier")}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions and methods; one that is inside another is part of it."""

    def outermost(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child
            else:
                yield from outermost(child)

    for path in sorted(ROOT.rglob("*.py")):
        for function in outermost(ast.parse(path.read_text())):
            yield str(path.relative_to(ROOT)), function


def statements(function: ast.AST) -> list[str]:
    """Each text of the function that is put together at one place, f-strings with their holes."""
    found, inside = [], set()
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(each) for each in node.values}
            found.append("".join(each.value if isinstance(each, ast.Constant) else "{}" for each in node.values))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            continue
    found += [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside
    ]
    return [text for text in found if STATEMENT.search(text)]


def unbound(source: str) -> list[str]:
    """Statements about users' rows in a source that name no owner."""
    function = ast.parse(source).body[0]
    return [text for text in statements(function) if not re.search(r"\bowner\b", text)]


def test_every_statement_about_a_users_rows_names_the_owner() -> None:
    checked, loose = 0, []
    for place, function in functions():
        if OPERATOR.search(function.name) or (place, function.name) in WITHOUT_ROWS:
            continue
        for text in statements(function):
            checked += 1
            if not re.search(r"\bowner\b", text):
                loose.append(f"{place}:{function.lineno} {function.name}: {text}")
    assert checked > 40
    assert loose == []
    # The walk sees what it is there to see.
    assert unbound("def f(tx): tx.execute('DELETE FROM payloads WHERE id = ?')")
    assert unbound("def f(tx): tx.execute(f'SELECT id FROM memories WHERE id IN ({x})')")
    assert not unbound("def f(tx): tx.execute('SELECT id FROM memories WHERE owner = ?')")


def test_every_function_that_reads_or_writes_rows_takes_the_owner() -> None:
    loose = []
    for place, function in functions():
        if OPERATOR.search(function.name) or (place, function.name) in WITHOUT_ROWS or not statements(function):
            continue
        names = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
        if not names & {"owner", "rows"}:
            loose.append(f"{place}:{function.lineno} {function.name}")
    assert loose == []


def test_every_call_of_a_store_hands_over_the_owner_first() -> None:
    calls, loose = 0, []
    for place, function in functions():
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"put", "get", "bury", "drop", "scan", "purge"}
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "store"
            ):
                calls += 1
                first = node.args[0] if node.args else None
                if not (isinstance(first, ast.Name) and first.id == "owner"):
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
            shelf = memory.custody.shelves[tier].store
            assert shelf is None or await shelf.scan(memory.keyring.owner("ann"), "", 5) == []


@pytest.mark.parametrize("id", ["", "*", "%", "_", "$where", "a' OR '1'='1", "../x", "\x00", "x" * 500, "é"])
async def test_a_hostile_memory_id_finds_nothing(id: str) -> None:
    async with open_memory(MemorySettings(embedder="none")) as memory:
        kept = await memory.remember("ann", "text")
        with pytest.raises(MemoryNotFound):
            await memory.recall("ann", id)
        assert await memory.forget("ann", [id]) == 0
        assert await memory.recall("ann", kept.id) == kept
