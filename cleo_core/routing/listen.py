"""Listening to the routers of a mixture of experts: hooks that see what a forward chose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from cleo_core.errors import InputError
from cleo_core.routing.trace import NO_EXPERT, RoutingTrace

ROUTERS = {
    "MixtralTopKRouter": "softmax",
    "Qwen2MoeTopKRouter": "softmax",
    "Qwen3MoeTopKRouter": "softmax",
    "OlmoeTopKRouter": "softmax",
    "DeepseekV3TopkRouter": "sigmoid",
}
"""Router classes of transformers, and how their logits become scores; each returns logits, weights and choices."""
_LAYER = re.compile(r"\.layers\.(\d+)\.")


def routers(model: Any) -> dict[int, Any]:
    """The routers of a model by the place of their layer; a dense model has none."""
    found: dict[int, Any] = {}
    for name, module in model.named_modules():
        if type(module).__name__ in ROUTERS:
            place = _LAYER.search(f".{name}.")
            found[int(place[1]) if place else len(found)] = module
    return found


def probabilities(router: Any, logits: Any) -> Any:
    """The router's distribution over its experts ``[tokens, experts]``, float32."""
    if ROUTERS[type(router).__name__] == "softmax":
        return logits.float().softmax(-1)
    scores = logits.float().sigmoid()
    return scores / scores.sum(-1, keepdim=True)


def token_texts(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The text of each token by itself, with the space that belongs to it."""
    texts = {}
    for token in set(ids):
        name = tokenizer.convert_ids_to_tokens(token)
        text = tokenizer.convert_tokens_to_string([name]) if name is not None else ""
        texts[token] = f" {text}" if str(name).startswith("▁") and not text.startswith(" ") else text
    return [texts[token] for token in ids]


class RouterListener:
    """Hears every router of a model while it is entered.

    with RouterListener(model) as heard:
        model(tokens)
        trace = heard.take(token_texts(tokenizer, tokens[0].tolist()))
    """

    def __init__(self, model: Any) -> None:
        """Raises: InputError: the model has no router that is known."""
        self.routers = routers(model)
        if not self.routers:
            raise InputError(
                f"{type(model).__name__} has no router to listen to.",
                hint=f"Routing is traced in mixtures of experts with one of: {', '.join(ROUTERS)}.",
            )
        self.num_experts = int(next(iter(self.routers.values())).num_experts)
        self._heard: dict[int, tuple[Any, Any, Any]] = {}
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        self._hooks = [
            router.register_forward_hook(partial(self._listen, layer)) for layer, router in self.routers.items()
        ]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._heard = [], {}

    def _listen(self, layer: int, router: Any, _inputs: Any, output: Any) -> None:
        logits, weights, chosen = (each.detach() for each in output)
        chosen = chosen.masked_fill(weights == 0, NO_EXPERT)
        likely = probabilities(router, logits)
        entropy = -(likely * likely.clamp(min=1e-9).log()).sum(-1)
        self._heard[layer] = (chosen, weights.float(), entropy)

    def take(self, tokens: Sequence[str], domain: str = "", kept: Sequence[int] | None = None) -> RoutingTrace:
        """What the last forward did.

        Args:
            tokens: their texts, in the order in which the forward saw them, row by row.
            domain: of all of them.
            kept: places of the tokens that count, as where the rest is padding; None keeps all.
        """
        places = list(range(len(tokens)) if kept is None else kept)
        layers = sorted(self._heard)
        chosen, weights, entropy = (
            [self._heard[layer][part][places].tolist() for layer in layers] for part in range(3)
        )
        across = range(len(layers))
        return RoutingTrace(
            num_experts=self.num_experts,
            layers=layers,
            tokens=[tokens[place] for place in places],
            domains=[domain] * len(places),
            experts=[[chosen[layer][at] for layer in across] for at in range(len(places))],
            weights=[[[round(w, 4) for w in weights[layer][at]] for layer in across] for at in range(len(places))],
            entropy=[[round(entropy[layer][at], 4) for layer in across] for at in range(len(places))],
        )


def trace_texts(model: Any, tokenizer: Any, texts: Iterable[tuple[str, Sequence[int]]]) -> RoutingTrace:
    """The routing of some texts, each by one forward of its own.

    Args:
        texts: the domain (or source) of each text, and its tokens.

    Raises:
        InputError: the model has no router that is known, or there is no text.
    """
    import torch

    parts = []
    with RouterListener(model) as heard, torch.inference_mode():
        for domain, ids in texts:
            if ids:
                model(torch.tensor([list(ids)], device=model.device), use_cache=False)
                parts.append(heard.take(token_texts(tokenizer, ids), domain))
    if not parts:
        raise InputError("There is no text whose routing could be traced.", hint="Give a text of one token or more.")
    return RoutingTrace.joined(parts)
