"""From turns to token ids, from token ids to text as it grows, and from pieces of text to a whole reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing

from cleo_serving.engine.base import Completion, Engine, Message, Piece, Sampling
from cleo_serving.engine.tokenizer import FolderTokenizer

# Role markers that some templates write as plain text.
PLAIN_MARKERS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextCodec:
    """A tokenizer with its chat template.

    Text of a user or a memory never becomes a control token: a marker like ``<|im_start|>`` in it is broken up, so
    nobody can speak as the system by writing the marker.
    """

    def __init__(self, tokenizer: FolderTokenizer) -> None:
        self._tokenizer = tokenizer
        markers = {token for token in (*tokenizer.special, *PLAIN_MARKERS) if len(token) > 1}
        self._markers = re.compile("|".join(re.escape(marker) for marker in sorted(markers, key=len, reverse=True)))
        self._special_ids = frozenset(tokenizer.special.values())

    @property
    def end_tokens(self) -> list[int]:
        """Ids that end a reply."""
        return self._tokenizer.end_tokens

    def plain(self, text: str) -> str:
        """The text with every control marker broken up."""
        while self._markers.search(text):
            text = self._markers.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
        return text

    def encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self.plain(message.content)} for message in messages]
        return self._tokenizer.encode(self._tokenizer.render(turns))

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(self.plain(text)))

    def decode(self, ids: Iterable[int]) -> str:
        return self._tokenizer.decode(token for token in ids if token not in self._special_ids)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The text of each token by itself, control tokens among them."""
        return [self._tokenizer.decode([token]) for token in ids]


class GrowingText:
    """Turns a growing list of token ids into pieces of text; a character split over tokens waits until it is whole."""

    def __init__(self, codec: TextCodec) -> None:
        self._codec = codec
        self._start = 0
        self._read = 0

    def feed(self, ids: Sequence[int], *, last: bool = False) -> str:
        """Text that became readable; `ids` are all tokens of the reply so far."""
        # The tokens before are decoded along, since how a token reads may depend on its left neighbour.
        before = self._codec.decode(ids[self._start : self._read])
        whole = self._codec.decode(ids[self._start :])
        if last:
            # A character that the limit cut in two is none.
            return whole.rstrip(REPLACEMENT)[len(before) :]
        if len(whole) <= len(before) or whole.endswith(REPLACEMENT):
            return ""
        self._start, self._read = self._read, len(ids)
        return whole[len(before) :]


class WholeCharacters:
    """Keeps back a replacement character at the end of a piece: at the end of a reply it is half a character."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Text that may be shown; what is kept back comes with the next piece, if there is one."""
        text = self._held + piece
        kept = text.rstrip(REPLACEMENT)
        self._held = text[len(kept) :]
        return kept


class StopFilter:
    """Ends a text before the first stop string; what may be the beginning of one waits."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""

    def feed(self, piece: str, *, last: bool = False) -> tuple[str, bool]:
        """Text that may be shown, and whether a stop string came."""
        text, self._held = self._held + piece, ""
        ends = [place for place in (text.find(stop) for stop in self._stops) if place >= 0]
        if ends:
            return text[: min(ends)], True
        if not last:
            kept = max((_overlap(text, stop) for stop in self._stops), default=0)
            if kept:
                text, self._held = text[:-kept], text[-kept:]
        return text, False


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of a text that begin the stop string."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)


async def complete(
    engine: Engine, prompt: Sequence[int], sampling: Sampling, request: str, show: Callable[[str], None] | None = None
) -> Completion:
    """One whole reply; `show`, when given, is called with each piece of its text as it comes."""
    parts, last = [], Piece("", 0)
    async with aclosing(engine.stream(prompt, sampling, request=request)) as pieces:
        async for last in pieces:
            parts.append(last.text)
            if show:
                show(last.text)
    return Completion("".join(parts), len(prompt), last.tokens, last.finish_reason or "abort")
