"""The languages that detection covers: a source in another is refused by name, never passed on unmasked."""

from __future__ import annotations

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
