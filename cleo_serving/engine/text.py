"""From turns to token ids, from token ids to text as it grows, and from pieces of text to a whole reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from cleo_serving.engine.base import Completion, Engine, Message, Piece, Sampling

# A template for models that bring none: plain, and its markers are neutralised in user text like any other.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
# Role markers that some templates write as plain text.
PLAIN_MARKERS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextCodec:
    """A tokenizer with its chat template.

    Text of a user or a memory never becomes a control token: a marker like ``<|im_start|>`` in it is broken up, so
    nobody can speak as the system by writing the marker.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._template = getattr(tokenizer, "chat_template", None) or PLAIN_TEMPLATE
        special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
        special |= {str(token) for token in tokenizer.all_special_tokens}
        markers = sorted((token for token in special | set(PLAIN_MARKERS) if len(token) > 1), key=len, reverse=True)
        self._markers = re.compile("|".join(re.escape(marker) for marker in markers))
        self._special_ids = frozenset(tokenizer.convert_tokens_to_ids(list(special)))

    @property
    def end_tokens(self) -> list[int]:
        """Ids that end a reply."""
        found = {self._tokenizer.eos_token_id}
        for token in ("<|im_end|>", "<|eot_id|>", "<|end|>"):
            if token in self._tokenizer.get_vocab():
                found.add(self._tokenizer.convert_tokens_to_ids(token))
        return sorted(token for token in found if token is not None)

    def plain(self, text: str) -> str:
        """The text with every control marker broken up."""
        while self._markers.search(text):
            text = self._markers.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
        return text

    def encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self.plain(message.content)} for message in messages]
        ids = self._tokenizer.apply_chat_template(
            turns, chat_template=self._template, add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return [int(token) for token in ids]

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(self.plain(text), add_special_tokens=False))

    def decode(self, ids: Iterable[int]) -> str:
        return str(self._tokenizer.decode([token for token in ids if token not in self._special_ids]))


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
        if len(whole) <= len(before) or (whole.endswith(REPLACEMENT) and not last):
            return ""
        self._start, self._read = self._read, len(ids)
        return whole[len(before) :]


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
