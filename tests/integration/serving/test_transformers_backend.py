"""transformers with real (tiny) models: its replies are those of `generate`, penalties and seeds do what they say."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cleo_core.compute import compute_dtype
from cleo_serving.engine.backend import Chunk
from cleo_serving.engine.base import Message, Sampling
from cleo_serving.engine.loading import ARCHITECTURES
from cleo_serving.engine.text import TextCodec
from cleo_serving.engine.tokenizer import FolderTokenizer
from cleo_serving.engine.transformers import TransformersBackend
from cleo_serving.settings import EngineSettings

pytestmark = pytest.mark.integration

SMALL = EngineSettings(
    threads=1,
    dtype="float32",  # replies are compared with those of `generate`, to the token
    page_size=8,
    cache_tokens=2048,
    max_batch_tokens=64,
    max_streams=4,
    context_tokens=512,
)
GREEDY = Sampling(temperature=0, max_tokens=12)


def loaded(folder: Path, settings: EngineSettings = SMALL) -> tuple[TransformersBackend, TextCodec]:
    backend = TransformersBackend()
    backend.load(folder, settings)
    return backend, TextCodec(FolderTokenizer(folder))


@pytest.fixture(scope="module")
def backend(safetensors_folder: Path) -> tuple[TransformersBackend, TextCodec]:
    return loaded(safetensors_folder)


def replies(backend: TransformersBackend, prompts: list[list[int]], sampling: Sampling) -> list[tuple[str, Chunk]]:
    """(text, last chunk) of each; all are made at the same time."""
    chunks: list[queue.Queue[Chunk]] = [queue.Queue() for _ in prompts]
    for number, prompt in enumerate(prompts):
        backend.start(f"r{number}-{id(chunks)}", prompt, sampling, chunks[number].put)
    found = []
    for each in chunks:
        text, last = "", each.get(timeout=60)
        while True:
            assert last.error is None
            text += last.text
            if last.ended:
                break
            last = each.get(timeout=60)
        found.append((text, last))
    return found


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_a_greedy_reply_is_the_one_of_generate(
    architecture: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    folder = make_model(tmp_path / architecture, architecture)
    reference = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa").eval()
    backend, codec = loaded(folder)
    prompts = [codec.encode([Message("user", text)]) for text in ("the cat", "a small old house in the garden", "rain")]
    for prompt, (text, last) in zip(prompts, replies(backend, prompts, GREEDY), strict=True):
        ids = torch.tensor([prompt])
        whole = reference.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
        expected = whole[0, len(prompt) :].tolist()
        assert text == codec.decode(expected).rstrip("\N{REPLACEMENT CHARACTER}")
        assert last.tokens == len(expected)


def test_an_engine_computes_in_the_dtype_of_the_machine_unless_a_setting_says_otherwise(
    safetensors_folder: Path,
) -> None:
    assert TransformersBackend().load(safetensors_folder, SMALL).dtype == "float32"
    chosen = SMALL.model_copy(update={"dtype": "auto", "device": "cpu"})
    dtype = TransformersBackend().load(safetensors_folder, chosen).dtype
    assert dtype == str(compute_dtype("cpu")).removeprefix("torch.")


def test_a_repetition_penalty_is_the_one_of_generate_and_keeps_to_its_own_reply(
    backend: tuple[TransformersBackend, TextCodec], safetensors_folder: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, RepetitionPenaltyLogitsProcessor

    runs, codec = backend
    reference = AutoModelForCausalLM.from_pretrained(safetensors_folder, attn_implementation="sdpa").eval()
    prompts = [codec.encode([Message("user", text)]) for text in ("the cat", "the dog in the rain")]
    punished = Sampling(temperature=0, max_tokens=40, repetition_penalty=1.3)
    for prompt, (text, _) in zip(prompts, replies(runs, prompts, punished), strict=True):
        ids = torch.tensor([prompt])
        processor = RepetitionPenaltyLogitsProcessor(1.3, prompt_ignore_length=len(prompt))
        whole = reference.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=40,
            logits_processor=[processor],
        )
        assert text == codec.decode(whole[0, len(prompt) :].tolist()).rstrip("\N{REPLACEMENT CHARACTER}")
    plain = replies(runs, prompts, replace(punished, repetition_penalty=1.0))
    assert [text for text, _ in plain] != [text for text, _ in replies(runs, prompts, punished)]


def test_a_seed_gives_the_same_reply_beside_any_other(backend: tuple[TransformersBackend, TextCodec]) -> None:
    runs, codec = backend
    prompt, other = codec.encode([Message("user", "the cat")]), codec.encode([Message("user", "tea")])
    seeded = Sampling(temperature=1.2, max_tokens=20, seed=7)
    alone = replies(runs, [prompt], seeded)[0][0]
    assert replies(runs, [other, prompt, other], seeded)[1][0] == alone
    assert replies(runs, [prompt], replace(seeded, seed=8))[0][0] != alone
    free = {replies(runs, [prompt], replace(seeded, seed=None))[0][0] for _ in range(3)}
    assert len(free) == 3


def test_the_highest_min_p_takes_the_likeliest_token(backend: tuple[TransformersBackend, TextCodec]) -> None:
    runs, codec = backend
    prompt = codec.encode([Message("user", "the cat")])
    narrow = Sampling(temperature=1.0, max_tokens=12, min_p=1.0, top_k=0, top_p=1.0)
    assert replies(runs, [prompt], narrow)[0][0] == replies(runs, [prompt], GREEDY)[0][0]


def test_streams_that_together_exceed_the_cache_finish_as_if_alone(safetensors_folder: Path) -> None:
    backend, codec = loaded(safetensors_folder, SMALL.model_copy(update={"cache_tokens": 256, "context_tokens": 256}))
    sampling = Sampling(temperature=0, max_tokens=150)
    prompts = [codec.encode([Message("user", f"the {word}")]) for word in ("cat", "dog", "sun", "tea")]
    alone = [replies(backend, [prompt], sampling)[0] for prompt in prompts]
    assert sum(last.tokens for _, last in alone) > 300
    together = replies(backend, prompts, sampling)
    assert [(text, last.ended) for text, last in together] == [(text, last.ended) for text, last in alone]


def test_a_dead_generation_thread_is_replaced(backend: tuple[TransformersBackend, TextCodec]) -> None:
    runs, codec = backend
    runs._manager.stop(block=True, hard_stop=True)
    assert not runs._manager.is_running()
    assert replies(runs, [codec.encode([Message("user", "the cat")])], GREEDY)[0][1].ended == "length"
