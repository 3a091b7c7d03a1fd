"""Records that were acknowledged outlive kill -9, and several processes write one log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cleo_core import audit

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("keys")]

WRITER = """
import sys
from cleo_core import audit
number = 0
while True:
    audit.record("test.written", sys.argv[1], f"thing/{number}")
    print(number, flush=True)
    number += 1
"""


def _start(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, name], stdout=subprocess.PIPE, text=True, env=os.environ)


def _acknowledged(writer: subprocess.Popen[str], count: int) -> list[int]:
    assert writer.stdout is not None
    return [int(writer.stdout.readline()) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_killed_writer_loses_no_acknowledged_record_and_the_log_still_verifies(home: Path, count: int) -> None:
    writer = _start("ada")
    _acknowledged(writer, count)
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    acknowledged = count + len([line for line in rest.splitlines() if line])
    written = [record["subject"] for record in audit.open_log().read(0, 10_000)]
    assert written[:acknowledged] == [f"thing/{number}" for number in range(acknowledged)]
    assert len(written) - acknowledged <= 1, "at most the one that was being written"
    assert audit.open_log().verify().holds
    audit.record("test.after", "ada", "thing/after")
    report = audit.open_log().verify()
    assert report.holds
    assert report.copied == report.size, "what the crash kept from the replica has got there"


def test_several_processes_write_one_log(home: Path) -> None:
    writers = [_start(name) for name in ("ada", "bob")]
    for writer in writers:
        _acknowledged(writer, 15)
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    report = audit.open_log().verify()
    assert report.holds, report.faults
    assert report.size >= 30
    assert {record["actor"] for record in audit.open_log().read(0, 10_000)} == {"ada", "bob"}
