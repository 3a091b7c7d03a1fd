"""From a record to tokens: text as it is, a conversation by the model's own chat template.

Of a conversation only what the assistant says is a target, so the model learns to answer and not to ask. Where the
template knows no system message, it is folded into the first question. Where the tokenizer has no template, or one that
rewrites earlier turns or refuses a conversation, this is trained as plain text; the notes say how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cleo_model.packing.mixture import Text

MARK = "a system message that nobody writes"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as tokens, with which of them are targets."""

    ids: list[int]
    targets: list[bool]
    source: str
    whole: bool


class Encoder:
    """Turns records into tokens with a model's own tokenizer and chat template."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.end = int(tokenizer.eos_token_id)
        self.plain: set[str] = set()
        """Ids of conversations that are trained as plain text."""
        self.folded: set[str] = set()
        """Ids of conversations whose system message stands in the first question."""

    def __call__(self, text: Text) -> Encoded:
        if text.messages and self.tokenizer.chat_template:
            spans = self._assistant_spans(self._known(text))
            if spans is not None:
                return self._conversation(*spans, text.source)
        if text.messages:
            self.plain.add(text.id)
        said = text.text or "\n".join(f"{each['role']}: {each['content']}" for each in text.messages)
        ids = self.tokenizer(said, add_special_tokens=False, verbose=False).input_ids
        return Encoded([*ids, self.end], [True] * (len(ids) + 1), text.source, whole=False)

    def notes(self) -> list[str]:
        """What a person should know of how conversations are trained on."""
        notes = []
        if self.plain:
            why = "its chat template does not fit them" if self.tokenizer.chat_template else "it has no chat template"
            notes.append(
                f"{len(self.plain):,} conversations are trained as plain text, questions as well as answers, for the "
                f"model cannot be told who speaks: {why}."
            )
        if self.folded:
            notes.append(
                f"The chat template knows no system message: in {len(self.folded):,} conversations it stands in the "
                "first question."
            )
        return notes

    @cached_property
    def _takes_system(self) -> bool:
        messages = [{"role": "system", "content": MARK}, {"role": "user", "content": "Hello."}]
        return MARK in (self._render(messages) or "")

    def _known(self, text: Text) -> Sequence[Mapping[str, str]]:
        """The messages in roles that the template knows."""
        if text.messages[0]["role"] != "system" or len(text.messages) < 2 or self._takes_system:
            return text.messages
        self.folded.add(text.id)
        system, asked, *rest = text.messages
        return [{**asked, "content": f"{system['content']}\n\n{asked['content']}"}, *rest]

    def _render(self, messages: Sequence[Mapping[str, str]], *, ask: bool = False) -> str | None:
        """The messages as the template writes them; None where it refuses them."""
        from jinja2 import TemplateError

        try:
            rendered = self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=ask)
        except (TemplateError, ValueError, TypeError, KeyError, IndexError):
            return None
        return str(rendered)

    def _assistant_spans(self, messages: Sequence[Mapping[str, str]]) -> tuple[str, list[tuple[int, int]]] | None:
        """The rendered conversation, and from where to where the assistant speaks in it."""
        whole = self._render(messages)
        if whole is None:
            return None
        spans = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before, after = self._render(messages[:index], ask=True), self._render(messages[: index + 1])
            if before is None or after is None or not (whole.startswith(after) and after.startswith(before)):
                return None
            spans.append((len(before), len(after)))
        return whole, spans

    def _conversation(self, rendered: str, spans: list[tuple[int, int]], source: str) -> Encoded:
        coded = self.tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        starts = [start for start, _ in coded.offset_mapping]
        targets = [any(first <= start < last for first, last in spans) for start in starts]
        return Encoded(list(coded.input_ids), targets, source, whole=True)
