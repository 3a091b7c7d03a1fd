"""`cleo memory` from a terminal, and the bridge for callers without a loop."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cleo_core.cli import main
from cleo_core.errors import ConfigError
from cleo_memory import MemorySettings
from cleo_memory.errors import MemoryNotFound
from cleo_memory.sync import SyncMemory

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def words_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_MEMORY_EMBEDDER", "none")


@pytest.fixture
def cleo(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["memory", *arguments])
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out + said.err

    return run


HEAVY = ("torch", "transformers", "scipy", "onnxruntime", "redis", "pymongo", "psycopg", "structlog", "httpx")


@pytest.mark.parametrize("command", [["--help"], ["stats", "--user", "ann"], ["tiers"], ["retain", "--dry-run"]])
def test_a_command_that_searches_nothing_loads_nothing_for_it(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where an embedder is set: it takes a third of a second to load, and torch ten times that."""
    monkeypatch.setenv("CLEO_MEMORY_EMBEDDER", "minilm-int8")
    code = f"""import sys
from cleo_core.cli import main
try:
    main({["memory", *command]!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print(sorted(set({HEAVY!r}) & set(sys.modules)))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_memory_lives_from_the_terminal(cleo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id = cleo("remember", "--user", "ann", "Ann is allergic to peanuts.").strip()
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("The shed is green."))
    cleo("remember", "--user", "ann", "--kind", "procedural", "-")
    assert "peanuts" in cleo("search", "--user", "ann", "--limit", "1", "allergic")
    assert json.loads(cleo("stats", "--user", "ann"))["kinds"] == {"episodic": 1, "procedural": 1}
    assert "warm          2 memories" in cleo("tiers")
    assert "Nothing is due" in cleo("retain", "--dry-run")
    file, receipt = tmp_path / "ann.jsonl", tmp_path / "receipt.json"
    assert "2 memories" in cleo("export", "--user", "ann", str(file))
    assert "1 of 1 forgotten" in cleo("forget", "--user", "ann", id)
    assert "0 written, 2 known" in cleo("restore", "--user", "ann", str(file))
    assert "1 memories sealed anew" in cleo("rotate-keys", "--user", "ann")
    assert "rewrapped under '2'" in cleo("rotate-keys")
    assert "1 memories erased" in cleo("erase", "--user", "ann", "--yes", "--receipt", str(receipt))
    assert "Holds: 1 memories" in cleo("verify-receipt", str(receipt))
    assert "2 written, 0 known" in cleo("restore", "--user", "ann", str(file))


def test_a_memory_is_listed_put_right_and_asked_about_then(cleo: Any) -> None:
    id = cleo("remember", "--user", "ann", "--at", "2026-05-01", "Ann is allergic to peanuts.").strip()
    cleo("remember", "--user", "ann", "--expires", "2100-01-01", "The visa is being renewed.")
    assert f"{id}  episodic     2026-05-01  Ann is allergic to peanuts." in cleo("list", "--user", "ann")
    assert "version 2" in cleo("edit", "--user", "ann", id, "Ann is allergic to cashews.")
    assert "cashews" in cleo("list", "--user", "ann", "--until", "2026-05-02")
    assert "peanuts" not in cleo("search", "--user", "ann", "allergic peanuts")
    assert "nothing to change" in cleo("edit", "--user", "ann", id, code=2)
    first = cleo("list", "--user", "ann", "--limit", "1")
    assert "cashews" in cleo("list", "--user", "ann", "--after", first.split("--after ")[1].strip())
    assert "is no time" in cleo("list", "--user", "ann", "--at", "soon", code=2)


def test_a_preference_is_set_unset_and_remembered_as_past(cleo: Any) -> None:
    cleo("prefer", "--user", "ann", "city", "Porto", "--at", "2026-05-01")
    assert "held until 2026-05-01" in cleo("prefer", "--user", "ann", "city", "Lyon", "--at", "2025-01-01")
    assert cleo("preferences", "--user", "ann").strip() == "city: Porto  (since 2026-05-01)"
    assert "Lyon" in cleo("preferences", "--user", "ann", "--at", "2026-01-01")
    assert "it was Porto" in cleo("unset", "--user", "ann", "city")
    assert "Nothing held" in cleo("unset", "--user", "ann", "city")
    assert cleo("preferences", "--user", "ann") == ""
    assert "city: Porto" in cleo("list", "--user", "ann")


def test_conversations_are_listed_read_and_deleted(cleo: Any) -> None:
    with SyncMemory() as memory:
        for n in range(5):
            memory.append("ann", "trip", "user", f"turn {n}")
    assert "trip  5 turns" in cleo("conversations", "--user", "ann")
    said = cleo("turns", "--user", "ann", "trip", "--last", "2")
    assert "user: turn 4" in said
    assert "turn 2" not in said
    assert "turn 2" in cleo("turns", "--user", "ann", "trip", "--before", said.split("--before ")[1].strip())
    assert "5 turns and 0 memories" in cleo("delete-conversation", "--user", "ann", "trip", "--yes")
    assert cleo("conversations", "--user", "ann") == ""


def test_the_policy_is_told(cleo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_MEMORY_RETAIN_CONVERSATION_DAYS", "365")
    monkeypatch.setenv("CLEO_MEMORY_QUOTA_MEMORIES", "0")
    told = cleo("policy")
    assert "conversation  365 days" in told
    assert "preference    until it is forgotten" in told
    assert "every 15 minutes" in told
    assert "memories      as many as the disk takes" in told


def test_nothing_is_erased_when_the_receipt_or_the_record_has_no_place(
    cleo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleo("remember", "--user", "ann", "Ann is allergic to peanuts.")
    away = tmp_path / "not-mounted"
    erase = ("erase", "--user", "ann", "--yes", "--receipt")
    assert "nothing was erased" in cleo(*erase, str(away / "receipt.json"), code=3)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
        assert "nothing was erased" in cleo(*erase, str(tmp_path / "receipt.json"), code=3)
    monkeypatch.setenv("CLEO_TRUST_AUDIT_COPY", str(away))
    assert "is no folder" in cleo(*erase, str(tmp_path / "receipt.json"), code=3)
    assert json.loads(cleo("stats", "--user", "ann"))["kinds"] == {"episodic": 1}
    assert not (tmp_path / "receipt.json").exists()
    away.mkdir()
    assert "1 memories erased" in cleo(*erase, str(away / "receipt.json"))
    assert "Holds: 1 memories" in cleo("verify-receipt", str(away / "receipt.json"))


def test_a_receipt_is_printed_before_it_is_written(cleo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, text: str) -> int:
        raise OSError(28, "No space left on device", str(self))

    cleo("remember", "--user", "ann", "Ann is allergic to peanuts.")
    monkeypatch.setattr(Path, "write_text", full)
    said = cleo("erase", "--user", "ann", "--yes", "--receipt", str(tmp_path / "receipt.json"), code=3)
    assert "No space left" in said
    assert "signatures" in json.JSONDecoder().raw_decode(said)[0]


def test_what_expired_is_deleted_and_said(cleo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cleo("remember", "--user", "ann", "old")
    monkeypatch.setenv("CLEO_MEMORY_RETAIN_EPISODIC_DAYS", "0.0000001")
    assert "Nothing was deleted" in cleo("retain", "--dry-run")
    assert "1 deleted" in cleo("retain")


def test_a_migration_from_the_terminal(cleo: Any, mongodb_url: str) -> None:
    cleo("remember", "--user", "ann", "Ann is allergic to peanuts.")
    where = ["--source", "sqlite", "--target", "mongodb", "--url", f"mongodb={mongodb_url}"]
    assert "nothing was copied" in cleo("migrate", *where, "--dry-run")
    assert "1 copied, 0 there already, 1 verified" in cleo("migrate", *where)
    assert "0 copied, 1 there already" in cleo("migrate", *where, "--delete-source")
    back = ["--source", "mongodb", "--target", "sqlite", "--url", f"mongodb={mongodb_url}"]
    assert "1 verified" in cleo("migrate", *back)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--user", "", "x"), "INVALID_USER"),
        (("migrate", "--source", "mysql", "--target", "redis"), "mysql"),
        (("migrate", "--source", "sqlite", "--target", "redis"), "Where is redis"),
        (("remember", "--user", "ann", "  "), "The memory is empty"),
    ],
)
def test_bad_input_is_one_line_and_no_traceback(cleo: Any, arguments: tuple[str, ...], said: str) -> None:
    answer = cleo(*arguments, code=2)
    assert said in answer
    assert "Traceback" not in answer


def test_a_receipt_that_is_none_is_refused(cleo: Any, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{")
    assert "no receipt" in cleo("verify-receipt", str(tmp_path / "r.json"), code=2)


def test_the_bridge_serves_threads_without_a_loop() -> None:
    with SyncMemory(MemorySettings(embedder="none")) as memory:
        kept: list[Any] = []
        threads = [
            threading.Thread(target=lambda n=n: kept.append(memory.remember("ann", f"note {n}"))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {each.id for each in memory.memories("ann").items} == {each.id for each in kept}
        with pytest.raises(MemoryNotFound):
            memory.recall("ann", "no-such")
        with pytest.raises(AttributeError):
            _ = memory.export_lines
        with pytest.raises(AttributeError):
            _ = memory.nothing
    memory.close()


def test_the_bridge_that_cannot_open_ends_its_thread() -> None:
    with pytest.raises(ConfigError, match="neither sqlite"):
        SyncMemory(MemorySettings(catalogue="mysql://x", embedder="none"))
    assert "memory" not in {thread.name for thread in threading.enumerate()}


def test_what_a_user_wrote_does_not_steer_the_operators_terminal(cleo: Any) -> None:
    cleo("remember", "--user", "ann", "a heron \x1b]0;title\x07 \x1b[2J\nsecond line \u202egnp.exe")
    told = cleo("search", "--user", "ann", "heron")
    assert "\\x1b]0;title\\x07 \\x1b[2J\\nsecond line \\u202egnp.exe" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_a_plan_for_a_backend_that_does_not_answer_is_none(cleo: Any) -> None:
    cleo("remember", "--user", "ann", "a heron")
    migrate = ("migrate", "--source", "sqlite", "--target", "redis", "--dry-run")
    assert "redis does not answer" in cleo(*migrate, "--url", "redis=redis://127.0.0.1:1/0", code=3)
    assert "CLEO_MEMORY_HOT" in cleo(*migrate, code=2)
