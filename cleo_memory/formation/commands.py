"""What a user asks of the memory itself: remember this, forget that, say what you know, answer like this from now on.

A message is a command only when it begins as one; "forget it" and "do you remember …?" are none.
"""

from __future__ import annotations

import re

from cleo_memory.formation.languages.wordings import POLITE, WORDINGS
from cleo_memory.formation.sentences import own_words
from cleo_memory.formation.values import Command


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(POLITE + f"(?:{pattern})", re.IGNORECASE | re.DOTALL)


_VERBS = {
    code: {verb: _compiled(getattr(wording, verb)) for verb in ("tell", "remember", "forget")}
    for code, wording in WORDINGS.items()
}
_REPLIES = {
    code: [(slot, _compiled(f"{pattern}(?P<rest>[^:]*)$")) for slot, pattern in wording.replies]
    for code, wording in WORDINGS.items()
}
LONGEST = 2000


def command_of(message: str) -> Command | None:
    """The command that a message is; None when it is an ordinary one."""
    text = " ".join(own_words(message).split())
    if not text or len(text) > LONGEST:
        return None
    for code, wording in WORDINGS.items():
        for verb, pattern in _VERBS[code].items():
            if (found := pattern.match(text)) is None:
                continue
            if verb == "tell":
                return Command("tell", code)
            if verb == "forget" and re.match(wording.nothing, found["text"], re.IGNORECASE):
                continue
            if text.endswith("?") and not re.match(
                POLITE
                + r"¿?(?:can|could|will|would|kannst|könntest|peux|pouvez|puedes|podrías|kun|kan|wil|puoi|potresti)\b",
                text,
                re.IGNORECASE,
            ):
                continue
            return Command("remember" if verb == "remember" else "forget", code, found["text"].strip(" .!?:,"))
        if reply_preference(text, code) is not None:
            return Command("prefer", code, text)
    return None


def means_everything(command: Command) -> bool:
    """Whether all that is known of the user is to be forgotten."""
    return (
        command.verb == "forget"
        and re.match(WORDINGS[command.language].everything, command.text, re.IGNORECASE) is not None
    )


def reply_preference(text: str, language: str | None = None) -> tuple[str, str] | None:
    """(slot, value) of a wish for all replies; None for a task that only says how it is to be done."""
    if len(text.split()) > 16 or text.rstrip().endswith("?"):
        return None
    for code in WORDINGS if language is None else (language,):
        for slot, pattern in _REPLIES[code]:
            found = pattern.match(text)
            if found is not None and len(found["rest"].split()) <= 5:
                return slot, found.groupdict().get("value") or text.strip(" .!")
    return None
