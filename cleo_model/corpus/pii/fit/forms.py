"""Forms: sentences and documents with slots, as the YAML files beside this module hold them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from cleo_core.errors import ConfigError

SLOT = re.compile(r"\{([a-z_0-9]+)\}")


class Form(NamedTuple):
    """A text with slots in a language."""

    language: str
    text: str

    def parts(self) -> Iterator[tuple[str, str | None]]:
        """(text, None) and ("", slot) by turns; braces around what is no slot are text."""
        known, start = slots(), 0
        for match in SLOT.finditer(self.text):
            if match[1] in known:
                yield self.text[start : match.start()], None
                yield "", match[1]
                start = match.end()
        yield self.text[start:], None

    @property
    def held_out(self) -> bool:
        """Whether this form is kept from training, to choose thresholds by: one in ten, by its own text."""
        return hashlib.sha256(self.text.encode()).digest()[0] < 26


@cache
def slots() -> dict[str, str | None]:
    """The label of every slot."""
    text = (files(__package__) / "slots.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@cache
def forms() -> tuple[Form, ...]:
    """All forms, in order of file and place.

    Raises:
        ConfigError: a file has no `language` or no `forms`.
    """
    found = []
    folder = files(__package__) / "forms"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".yaml"):
            continue
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not {"language", "forms"} <= set(content):
            raise ConfigError(f"{file.name} is no file of forms.", hint="It needs `language: en` and `forms:`, a list.")
        found += [Form(content["language"], text) for text in content["forms"]]
    return tuple(found)
