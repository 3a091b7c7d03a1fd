"""lm-eval's Hugging Face backend, scoring all continuations of one context in one forward.

The stock backend runs `context + choice` once per choice. Here the context stands once, every choice follows it at
the same positions, and a mask lets a choice see the context and itself only (tree attention, as in SpecInfer,
arXiv:2305.09781). Logits are computed only where a token is scored, which on small models saves more than half.
Rows of similar length are packed up to a budget of tokens. The numbers are the stock backend's (in float32 within
1e-4, tested), truncation included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from cleo_core.errors import UnusableModel
from cleo_core.progress import Reporter, silent
from evals.leading_layers import LeadingLayers

# Architectures whose logits are lm_head(decoder(x)) and which take a 4-D mask; any other is scored the stock way.
SHARED = frozenset({"llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "olmoe"})

Request = tuple[Any, list[int], list[int]]


@dataclass(slots=True)
class Tree:
    """One row of a batch: a context, and continuations that do not see each other."""

    tokens: list[int]
    positions: list[int]
    branch: list[int]
    """0 for the context, k for the k-th continuation."""
    scored: list[tuple[int, list[int], list[int]]] = field(default_factory=list)
    """Per continuation: number of the request, rows whose logits count, the tokens they must give."""

    @property
    def plain(self) -> bool:
        return len(self.scored) == 1


def plan(requests: Sequence[Request], max_length: int, widest: int) -> list[Tree]:
    """Group requests by context into trees of at most `widest` tokens.

    A continuation that does not fit the model's window beside its context gets a row of its own with the context cut
    on the left, as the stock backend cuts it.

    Raises:
        UnusableModel: a continuation is empty, or alone longer than the window.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    trees: list[Tree] = []
    for number, (_, context, continuation) in enumerate(requests):
        if not context or not continuation or len(continuation) > max_length:
            raise UnusableModel(
                f"An item has {len(context)} context and {len(continuation)} continuation tokens; "
                f"the model's window is {max_length}.",
                hint="Shorten the item, or take a model with a longer window.",
            )
        if len(context) + len(continuation) > max_length + 1:
            trees.append(_grow((context + continuation)[-(max_length + 1) : -len(continuation)], [number], requests))
        else:
            groups.setdefault(tuple(context), []).append(number)
    for context_key, numbers in groups.items():
        context = list(context_key)
        batch: list[int] = []
        width = len(context)
        for number in numbers:
            more = len(requests[number][2]) - 1
            # With one token of context (a whole document is scored) there is nothing to share.
            if batch and (width + more > widest or len(context) == 1):
                trees.append(_grow(context, batch, requests))
                batch, width = [], len(context)
            batch.append(number)
            width += more
        trees.append(_grow(context, batch, requests))
    return trees


def _grow(context: list[int], numbers: Iterable[int], requests: Sequence[Request]) -> Tree:
    length = len(context)
    tree = Tree(list(context), list(range(length)), [0] * length)
    for branch, number in enumerate(numbers, 1):
        target = requests[number][2]
        start = len(tree.tokens)
        # The last token of a continuation is only predicted, never read.
        tree.tokens += target[:-1]
        tree.positions += range(length, length + len(target) - 1)
        tree.branch += [branch] * (len(target) - 1)
        tree.scored.append((number, [length - 1, *range(start, start + len(target) - 1)], target))
    return tree


class SharedPrefixLM(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """Scores requests tree by tree; everything else is lm-eval's HFLM."""

    def __init__(self, *args: Any, report: Reporter = silent, tokens_per_batch: int = 1536, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.report = report
        self.tokens_per_batch = tokens_per_batch
        self.scored_requests = 0
        self.leading: LeadingLayers | None = None
        """What another model left of the same batches."""

    @property
    def shares(self) -> bool:
        config = self.model.config
        window = getattr(config, "sliding_window", None)
        return config.model_type in SHARED and (window is None or window >= self.max_length)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = True) -> Any:
        return super().loglikelihood(requests, disable_tqdm=True)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = True) -> Any:
        return super().loglikelihood_rolling(requests, disable_tqdm=True)

    def _loglikelihood_tokens(
        self, requests: Sequence[Request], disable_tqdm: bool = True, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        if not self.shares:
            return self._stock(requests)
        trees = plan(requests, self.max_length, widest=self.tokens_per_batch)
        trees.sort(key=lambda tree: (tree.plain, len(tree.tokens)), reverse=True)
        out: list[tuple[float, bool] | None] = [None] * len(requests)
        done = 0
        for batch in _batches(trees, self.tokens_per_batch):
            for number, answer in self._score(batch):
                out[number] = answer
                done += 1
                if (text := requests[number][0]) is not None:
                    self.cache_hook.add_partial("loglikelihood", text, answer)
            self.scored_requests += sum(len(tree.scored) for tree in batch)
            self.report("scoring", done, len(requests))
        return [answer for answer in out if answer is not None]

    def _stock(self, requests: Sequence[Request]) -> list[tuple[float, bool]]:
        handed_over: int = self.batch_size
        self.batch_size_per_gpu = 8  # counted in rows there, and each row has logits for every token
        try:
            found = super()._loglikelihood_tokens(list(requests), disable_tqdm=True)
        finally:
            self.batch_size_per_gpu = handed_over
        return [(float(value), bool(greedy)) for value, greedy in found]

    @torch.inference_mode()
    def _score(self, batch: list[Tree]) -> list[tuple[int, tuple[float, bool]]]:
        width = max(len(tree.tokens) for tree in batch)
        ids = torch.zeros(len(batch), width, dtype=torch.long)
        for row, tree in enumerate(batch):
            ids[row, : len(tree.tokens)] = torch.tensor(tree.tokens)
        inputs: dict[str, torch.Tensor] = {"input_ids": ids.to(self.device)}
        if not all(tree.plain for tree in batch):
            positions, mask = _tree_mask(batch, width)
            inputs |= {"position_ids": positions.to(self.device), "attention_mask": mask.to(self.device)}
        # Plain rows need no mask: attention is causal, and what stands right of a row's end is never looked at.
        decode = (self.leading or LeadingLayers(0)).decode
        hidden = decode(self.model.get_decoder(), inputs).flatten(0, 1)  # [batch * width, hidden]
        rows = [row * width + at for row, tree in enumerate(batch) for _, where, _ in tree.scored for at in where]
        targets = torch.tensor([token for tree in batch for _, _, target in tree.scored for token in target])
        values, greedy = self._token_scores(hidden[torch.tensor(rows, device=hidden.device)], targets)
        answers, start = [], 0
        for tree in batch:
            for number, where, _ in tree.scored:
                end = start + len(where)
                answers.append((number, (float(values[start:end].sum()), bool(greedy[start:end].all()))))
                start = end
        return answers

    def _token_scores(self, hidden: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probability of each target [n] and whether it is the likeliest token [n]."""
        head = self.model.get_output_embeddings()
        values, greedy = [], []
        for rows, wanted in zip(torch.split(hidden, 512), torch.split(targets.to(hidden.device), 512), strict=True):
            logits = head(rows)
            chosen = logits.gather(1, wanted[:, None])[:, 0].to(torch.float32)
            values.append(chosen - torch.logsumexp(logits.to(torch.float32), dim=-1))
            greedy.append(logits.argmax(dim=-1) == wanted)
        return torch.cat(values).cpu(), torch.cat(greedy).cpu()


def _batches(trees: list[Tree], budget: int) -> Iterable[list[Tree]]:
    """Consecutive trees whose padded rows hold at most `budget` tokens; plain and branching ones are not mixed."""
    batch: list[Tree] = []
    for tree in trees:  # longest first, so the first of a batch is its width
        if batch and ((len(batch) + 1) * len(batch[0].tokens) > budget or batch[0].plain != tree.plain):
            yield batch
            batch = []
        batch.append(tree)
    if batch:
        yield batch


def _tree_mask(batch: list[Tree], width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions [batch, width] and who sees whom [batch, 1, width, width]."""
    positions = torch.zeros(len(batch), width, dtype=torch.long)
    branch = torch.full((len(batch), width), -1, dtype=torch.long)
    for row, tree in enumerate(batch):
        positions[row, : len(tree.tokens)] = torch.tensor(tree.positions)
        branch[row, : len(tree.tokens)] = torch.tensor(tree.branch)
    before = torch.ones(width, width, dtype=torch.bool).tril()
    query, key = branch[:, :, None], branch[:, None, :]
    # Padding sees itself, so that no row of the softmax is empty.
    mask = before & ((key == 0) | (key == query))
    return positions, mask[:, None]
