"""Volatile memory of a session: the last turns, sealed in this process, and what the detectors find in them.

Observations are sealed under a key that lives in this process only; they are on no disk and in no tier, and are gone
with the session. Detectors read them and say what they see: a loop, an escalation, an anomaly. Generation is told, so
that it does not answer the same thing a fourth time; the security log is told, without a word of what was said.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cleo_memory.session.detectors import Finding, Turn, detect

log = logging.getLogger("cleo.security")
LONGEST_SESSION = 64  # turns looked back upon
LONGEST_TURN = 2000  # characters of a turn that are looked at, so that a look takes milliseconds whatever is sent
HINTS = {
    "loop": "The conversation goes in circles: do not repeat the last answer, ask what is missing or try another way.",
    "escalation": "The person is upset: answer calmly, admit what went wrong, offer a next step or a human.",
    "anomaly": "The last message is unlike this person's others: answer cautiously and give nothing confidential away.",
}


@dataclass(frozen=True, slots=True)
class Influence:
    """What the shadow memory adds to a generation. Goes into the reply's metadata; quotes nothing that was said."""

    findings: tuple[Finding, ...] = ()
    guidance: str = ""
    """Sentences for the system prompt; empty when there is nothing to say."""


class ShadowMemory:
    """Of all sessions of this process; a session is named by user and id, and forgotten after a while unused."""

    def __init__(
        self,
        pseudonym: Callable[[str], str] = str,
        *,
        ttl: float = 3600.0,
        sessions: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`pseudonym`: what a user is called in here, so that no name is kept."""
        self._pseudonym, self._clock = pseudonym, clock
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._sessions: OrderedDict[tuple[str, str], tuple[float, deque[bytes]]] = OrderedDict()
        self._ttl, self._most = ttl, sessions
        self._forgotten: Counter[str] = Counter()

    def evaluate(self, user: str, session: str, role: str, text: str, *, at: float | None = None) -> Influence:
        """What the detectors find if this were the session's next turn; nothing is noted."""
        self.expire()
        key = (self._pseudonym(user), session)
        _, sealed = self._sessions.get(key, (0.0, ()))
        turns = [self._open(key, each) for each in sealed]
        last = Turn(role, text[:LONGEST_TURN], self._clock() if at is None else at)
        findings = tuple(detect([*turns, last][-LONGEST_SESSION:]))
        for finding in findings:
            log.info("Session detector fired: %s %.2f", finding.detector, finding.score)
        return Influence(findings, " ".join(HINTS[each.detector] for each in findings))

    def note(self, user: str, session: str, role: str, text: str, *, at: float | None = None) -> None:
        """Hold a turn of the session; `at`: when it was said, now by default."""
        self.expire()
        now, key = self._clock(), (self._pseudonym(user), session)
        _, sealed = self._sessions.pop(key, (now, deque[bytes](maxlen=LONGEST_SESSION)))
        sealed.append(self._seal(key, Turn(role, text[:LONGEST_TURN], now if at is None else at)))
        self._sessions[key] = (now, sealed)  # in the order of last use, whenever it was said
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def observe(self, user: str, session: str, role: str, text: str, *, at: float | None = None) -> Influence:
        """Note a turn and say what the detectors find in the session so far."""
        influence = self.evaluate(user, session, role, text, at=at)
        self.note(user, session, role, text, at=at)
        return influence

    def knows(self, user: str, session: str) -> bool:
        """Whether anything of the session is held; a session goes on elsewhere or after a pause without it."""
        self.expire()
        return (self._pseudonym(user), session) in self._sessions

    def forgotten(self, user: str) -> int:
        """How often the user's sessions were ended as a whole: what was read before is not to be noted after."""
        return self._forgotten[self._pseudonym(user)]

    def end(self, user: str, session: str) -> None:
        """The session is over: nothing of it remains."""
        self._sessions.pop((self._pseudonym(user), session), None)

    def forget(self, user: str) -> None:
        """End all sessions of a user."""
        self.drop(self._pseudonym(user))

    def drop(self, pseudonym: str) -> None:
        """The same, of one who is known by pseudonym alone, as at an erasure by another process."""
        self._forgotten[pseudonym] += 1
        for key in [key for key in self._sessions if key[0] == pseudonym]:
            del self._sessions[key]

    def __len__(self) -> int:
        return len(self._sessions)

    def expire(self) -> None:
        """End the sessions that were not used for too long."""
        now = self._clock()
        while self._sessions:
            key, (used, _) = next(iter(self._sessions.items()))
            if now - used <= self._ttl:
                return
            del self._sessions[key]

    async def run(self) -> None:
        """End them also while nobody calls, until cancelled."""
        while True:
            await asyncio.sleep(60)
            self.expire()

    def _seal(self, key: tuple[str, str], turn: Turn) -> bytes:
        nonce = os.urandom(12)
        body = json.dumps([turn.role, turn.text, turn.at]).encode()
        return nonce + self._cipher.encrypt(nonce, body, json.dumps(key).encode())

    def _open(self, key: tuple[str, str], sealed: bytes) -> Turn:
        return Turn(*json.loads(self._cipher.decrypt(sealed[:12], sealed[12:], json.dumps(key).encode())))
