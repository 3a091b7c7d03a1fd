"""The shared-prefix scorer gives the stock backend's numbers, for dense and sparse models, truncation included."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from cleo_core.errors import UnusableModel
from evals.scorer import SharedPrefixLM, plan

pytestmark = pytest.mark.integration
WORDS = re.findall(r"\w+", "the baker put fresh bread on a shelf by the window and a girl came in to buy some of it")


def backends(folder: Path, **options: Any) -> tuple[Any, SharedPrefixLM]:
    """Stock and ours, over the same float32 weights."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    stock = HFLM(pretrained=model, tokenizer=tokenizer, softmax_dtype="float32", batch_size=4)
    ours = SharedPrefixLM(pretrained=model, tokenizer=tokenizer, softmax_dtype="float32", batch_size=10_000, **options)
    return stock, ours


def instances(kind: str, arguments: list[tuple[str, ...]]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(request_type=kind, doc={}, arguments=pair, idx=0) for pair in arguments]


def both(folder: Path, kind: str, arguments: list[tuple[str, ...]], **options: Any) -> tuple[Any, Any]:
    stock, ours = backends(folder, **options)
    with contextlib.redirect_stderr(io.StringIO()):
        return (
            getattr(stock, kind)(instances(kind, arguments)),
            getattr(ours, kind)(instances(kind, arguments)),
        )


def choices() -> list[tuple[str, str]]:
    """Contexts of many lengths with two to five continuations each, one of them empty of words in common."""
    found = []
    for number in range(24):
        context = " ".join(WORDS[: 3 + number % 15]) + f" {number}"
        found += [(context, " " + " ".join(WORDS[at : at + 1 + at % 4])) for at in range(2 + number % 4)]
    # Interleaved: nothing relies on the requests of one context lying together.
    return found[::2] + found[1::2] + [("", "bread"), (WORDS[0], " girl")]


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
@pytest.mark.parametrize("budget", [40, 1536])
def test_choices_get_the_stock_numbers(kind: str, budget: int, request: pytest.FixtureRequest) -> None:
    stock, ours = both(request.getfixturevalue(kind), "loglikelihood", choices(), tokens_per_batch=budget)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in stock]
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], abs=1e-4)
    assert len({round(value, 3) for value, _ in ours}) > 40


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
def test_contexts_longer_than_the_window_are_cut_as_the_stock_backend_cuts_them(
    kind: str, request: pytest.FixtureRequest
) -> None:
    # The window is 128 tokens: the first context is far longer, the second fits beside the short continuation only.
    long, edge = " ".join(WORDS * 20), "a" * 5 + " b" * 118
    arguments = [
        (context, tail) for context in (long, edge) for tail in (" bread", " girl and bread and window and shelf")
    ]
    stock, ours = both(request.getfixturevalue(kind), "loglikelihood", arguments)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in stock], abs=1e-4)


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
def test_documents_get_the_stock_numbers_over_several_windows(kind: str, request: pytest.FixtureRequest) -> None:
    arguments = [(" ".join(WORDS * count),) for count in (1, 2, 9, 14)]
    stock, ours = both(request.getfixturevalue(kind), "loglikelihood_rolling", arguments)
    assert ours == pytest.approx(stock, abs=1e-3)
    assert ours == pytest.approx(stock, rel=1e-6)


def test_an_architecture_that_is_not_known_is_scored_the_stock_way(llama: Path) -> None:
    stock, ours = backends(llama)
    ours.model.config.model_type = "other"
    assert not ours.shares
    with contextlib.redirect_stderr(io.StringIO()):
        expected = stock.loglikelihood(instances("loglikelihood", choices()))
        found = ours.loglikelihood(instances("loglikelihood", choices()))
    assert [value for value, _ in found] == pytest.approx([value for value, _ in expected], abs=1e-4)
    assert ours.batch_size == 10_000


def test_a_context_is_computed_once_for_all_its_continuations() -> None:
    context = list(range(1, 31))
    trees = plan([(None, context, [40 + k, 50, 60]) for k in range(4)], max_length=128, widest=1536)
    assert [len(tree.tokens) for tree in trees] == [30 + 4 * 2]
    assert [where for _, where, _ in trees[0].scored][1] == [29, 32, 33]
    documents = plan([(None, [0], list(range(1, 60))) for _ in range(3)], max_length=128, widest=1536)
    assert [len(tree.tokens) for tree in documents] == [59] * 3


def test_a_continuation_longer_than_the_window_is_refused() -> None:
    assert plan([(None, [1], [2] * 16)], max_length=16, widest=99)
    with pytest.raises(UnusableModel, match="window is 16"):
        plan([(None, [1], [2] * 17)], max_length=16, widest=99)
    with pytest.raises(UnusableModel, match="0 continuation tokens"):
        plan([(None, [1], [])], max_length=16, widest=99)
