"""Shadow memory of a session: what is going on right now, held for the moment and never kept.

Observations are sealed under a key that lives in this process only; they are on no disk and in no tier, and are gone
with the session. Detectors read them and say what they see: a loop, an escalation, an anomaly. Generation is told, so
that it does not answer the same thing a fourth time; the security log is told, without a word of what was said.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cleo_memory.detectors import Finding, Turn, detect

__all__ = ["UNMOVED", "Influence", "ShadowMemory"]

log = logging.getLogger("cleo.security")
LONGEST_SESSION = 64  # turns looked back upon
HINTS = {
    "loop": "The conversation goes in circles: do not repeat the last answer, ask what is missing or try another way.",
    "escalation": "The person is upset: answer calmly, admit what went wrong, offer a next step or a human.",
    "anomaly": "The last message is unlike this person's others: answer cautiously and give nothing confidential away.",
}


@dataclass(frozen=True, slots=True)
class Influence:
    """What the shadow memory adds to a generation. Goes into the reply's metadata; quotes nothing that was said."""

    findings: tuple[Finding, ...]
    guidance: str
    """Sentences for the system prompt; empty when there is nothing to say."""


UNMOVED = Influence((), "")
"""Nothing is to be seen."""


class ShadowMemory:
    """Of all sessions of this process; a session is named by user and id, and forgotten after a while unused."""

    def __init__(self, pseudonym: Callable[[str], str] = str, *, ttl: float = 3600.0, sessions: int = 10_000) -> None:
        """`pseudonym`: what a user is called in here, so that no name is kept."""
        self._pseudonym = pseudonym
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._sessions: OrderedDict[tuple[str, str], tuple[float, deque[bytes]]] = OrderedDict()
        self._ttl, self._most = ttl, sessions

    def weigh(self, user: str, session: str, role: str, text: str, *, at: float | None = None) -> Influence:
        """Say what is to be seen if this were the session's next turn; nothing is noted."""
        now = time.time() if at is None else at
        self._expire(now)
        key = (self._pseudonym(user), session)
        _, sealed = self._sessions.get(key, (now, ()))
        turns = [self._open(key, each) for each in sealed]
        return self._influence([*turns, Turn(role, text, now)][-LONGEST_SESSION:])

    def observe(self, user: str, session: str, role: str, text: str, *, at: float | None = None) -> Influence:
        """Note a turn and say what is to be seen in the session so far."""
        now = time.time() if at is None else at
        self._expire(now)
        key = (self._pseudonym(user), session)
        _, sealed = self._sessions.pop(key, (now, deque[bytes](maxlen=LONGEST_SESSION)))
        sealed.append(self._seal(key, Turn(role, text, now)))
        self._sessions[key] = (now, sealed)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        influence = self._influence([self._open(key, each) for each in sealed])
        for finding in influence.findings:
            log.info("Session detector fired: %s %.2f", finding.detector, finding.score)
        return influence

    def knows(self, user: str, session: str) -> bool:
        """Whether anything of the session is held; a session goes on elsewhere or after a pause without it."""
        return (self._pseudonym(user), session) in self._sessions

    @staticmethod
    def _influence(turns: list[Turn]) -> Influence:
        findings = tuple(detect(turns))
        return Influence(findings, " ".join(HINTS[each.detector] for each in findings))

    def end(self, user: str, session: str) -> None:
        """The session is over: nothing of it remains."""
        self._sessions.pop((self._pseudonym(user), session), None)

    def forget(self, user: str) -> None:
        """End all sessions of a user."""
        self.drop(self._pseudonym(user))

    def drop(self, pseudonym: str) -> None:
        """The same, of one who is known by pseudonym alone, as at an erasure by another process."""
        for key in [key for key in self._sessions if key[0] == pseudonym]:
            del self._sessions[key]

    def __len__(self) -> int:
        return len(self._sessions)

    def _expire(self, now: float) -> None:
        while self._sessions:
            key, (touched, _) = next(iter(self._sessions.items()))
            if now - touched <= self._ttl:
                return
            del self._sessions[key]

    def _seal(self, key: tuple[str, str], turn: Turn) -> bytes:
        nonce = os.urandom(12)
        body = json.dumps([turn.role, turn.text, turn.at]).encode()
        return nonce + self._cipher.encrypt(nonce, body, json.dumps(key).encode())

    def _open(self, key: tuple[str, str], sealed: bytes) -> Turn:
        return Turn(*json.loads(self._cipher.decrypt(sealed[:12], sealed[12:], json.dumps(key).encode())))
