"""Takes the mark of a user's notes out of a reply: it is nobody's to see, and a small model sometimes repeats it."""

from __future__ import annotations


class Withheld:
    """Feed it the pieces of a reply; it returns them without the secret, however it is cut."""

    def __init__(self, secret: str) -> None:
        self._secret, self._open = secret, ""

    def feed(self, text: str, *, last: bool = False) -> str:
        """What may be shown by now; with the last piece all the rest."""
        whole = (self._open + text).replace(self._secret, "")
        cut = len(whole)
        if not last:
            longest = min(len(self._secret) - 1, len(whole))
            cut -= next((size for size in range(longest, 0, -1) if self._secret.startswith(whole[-size:])), 0)
        self._open = whole[cut:]
        return whole[:cut]
