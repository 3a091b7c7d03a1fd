"""No stage of the corpus reaches for the network: the chain is run with every socket to the outside refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# Python reads it at the start of every process whose PYTHONPATH has it, so the workers are guarded as well.
GUARD = """
import os, socket, sys
LOCAL = ("127.0.0.1", "::1", "localhost", "", None)
def refuse(what, address):
    with open(os.environ["TRIED"], "a") as told:
        told.write(f"{what} {address!r} {sys.argv}\\n")
    raise OSError(f"no network here: {what} {address!r}")
def guarded(name):
    real = getattr(socket.socket, name)
    def call(self, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            refuse(name, address)
        return real(self, address, *rest)
    setattr(socket.socket, name, call)
for name in ("connect", "connect_ex"):
    guarded(name)
look_up = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    if host not in LOCAL:
        refuse("getaddrinfo", host)
    return look_up(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""
CHAIN = """
import sys
from pathlib import Path
from cleo_core.progress import silent
from cleo_model.choices import Choices
from cleo_model.pipeline import CORPUS
from cleo_model.settings import ModelSettings
from cleo_core.crypto.keys import ensure_development_keys
from cleo_model.train import run_stages
ensure_development_keys()
made = {}
run_stages(CORPUS, Choices.of(ModelSettings(), sources=Path(sys.argv[1])), made, silent, None)
print(*made)
"""
PROBE = "import socket; socket.create_connection(('pypi.org', 443), timeout=5)"


def test_the_corpus_is_made_and_checked_without_a_network(tmp_path: Path, home: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    tried = tmp_path / "tried.txt"
    places = ["Leeds", "Bath", "York", "Ripon", "Wells", "Ely", "Truro", "Durham", "Oxford", "Exeter"]
    talks = [
        f"Hello, I am {name} {family} from {place}. Please write to {name.lower()}.{family.lower()}@mailbox.org about "
        f"the {thing}, or call me on (212) 736-50{number:02d}, since the {thing} of {place} has kept me waiting again."
        for number, (name, family, place, thing) in enumerate(
            (name, family, place, thing)
            for name in ("Laura", "Peter", "Daniel")
            for family, thing in (("Meyer", "parcel"), ("Osborne", "ladder"), ("Finch", "garden lamp"))
            for place in places[:4]
        )
    ]
    said = "I have looked it up for you, and somebody will call back before the end of the week, as was promised."
    (tmp_path / "talks.jsonl").write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": talk}, {"role": "assistant", "content": said}]}) + "\n"
            for talk in talks
        )
    )
    (tmp_path / "sources.yaml").write_text(
        "- {name: talks, domain: conversation, kind: jsonl, location: talks.jsonl, licence: MIT, "
        "near_duplicates: keep}\n"
    )
    environment = {
        **os.environ,
        "TRIED": str(tried),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "guard"), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "CLEO_MODEL_MIN_RECORDS": "10",
    }
    # The guard holds: what reaches for the outside is refused and told.
    probe = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False)
    assert "no network here" in probe.stderr
    assert "pypi.org" in tried.read_text()
    tried.unlink()
    done = subprocess.run(
        [sys.executable, "-c", CHAIN, str(tmp_path / "sources.yaml")],
        env=environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == "corpus_version"
    assert not tried.exists(), tried.read_text()
    (masked,) = (home / "data" / "masked_corpus").glob("*/content/train.jsonl")
    assert "mailbox.org" not in masked.read_text()
