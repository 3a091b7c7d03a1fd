"""Where held-out tokens went, taken along while their loss is measured: no forward is made for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from torch import Tensor

from cleo_core.routing import RouterListener, RoutingTrace, routers, token_texts

MOST = 512
"""Tokens of each domain that are traced, where nothing else is asked."""


class HeldoutTrace:
    """Collects the routing of a part of every held-out domain; of a dense model there is none."""

    def __init__(self, model: Any, tokenizer: Callable[[], Any], most: int = MOST) -> None:
        """`tokenizer` gives the model's; it is called once, when there is something to trace."""
        self.model = model
        self.most = most
        self._tokenizer = tokenizer
        self.parts: list[RoutingTrace] = []

    @cached_property
    def tokenizer(self) -> Any:
        return self._tokenizer()

    @property
    def taken(self) -> RoutingTrace | None:
        return RoutingTrace.joined(self.parts) if self.parts else None

    @contextmanager
    def hearing(self, domain: str) -> Iterator[Callable[[Tensor, Tensor], None]]:
        """Yields what is to be called after each forward, with its tokens and where they are no padding.

        Both are ``[rows, sequence_length]``.
        """
        if not routers(self.model):
            yield lambda _tokens, _real: None
            return
        left = self.most
        with RouterListener(self.model) as heard:

            def take(tokens: Tensor, real: Tensor) -> None:
                nonlocal left
                if left <= 0:
                    return
                kept = real.flatten().nonzero().flatten()[:left].tolist()
                if kept:
                    texts = token_texts(self.tokenizer, tokens.flatten().tolist())
                    self.parts.append(heard.take(texts, domain, kept))
                left -= len(kept)

            yield take
