"""The engine with real (tiny) models: its replies are those of `generate`, and it ends what nobody waits for."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from cleo_core.compute import compute_dtype
from cleo_core.errors import UnsafeWeights, UnusableModel
from cleo_serving.engine.base import Message, Piece, Sampling
from cleo_serving.engine.loading import ARCHITECTURES
from cleo_serving.engine.transformers import TransformersEngine
from cleo_serving.errors import EngineError, Overloaded, UnsupportedModel
from cleo_serving.settings import EngineSettings

pytestmark = pytest.mark.integration

SMALL = EngineSettings(
    threads=1,
    dtype="float32",  # replies are compared with those of `generate`, to the token
    page_size=8,
    cache_tokens=2048,
    max_batch_tokens=64,
    max_streams=4,
    max_waiting=2,
    context_tokens=512,
)
GREEDY = Sampling(temperature=0, max_tokens=12)


@pytest.fixture
async def engine(model_folder: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine(SMALL)
    await engine.load(model_folder)
    yield engine
    await engine.close()


def ask(engine: TransformersEngine, text: str) -> list[int]:
    return engine.encode([Message("user", text)])


async def collect(engine: TransformersEngine, text: str, sampling: Sampling = GREEDY, name: str = "r") -> list[Piece]:
    return [piece async for piece in engine.stream(ask(engine, text), sampling, request=name)]


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
async def test_a_greedy_reply_is_the_one_of_generate(
    architecture: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    folder = make_model(tmp_path / architecture, architecture)
    reference = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa").eval()
    engine = TransformersEngine(SMALL)
    await engine.load(folder)
    try:
        prompts = [ask(engine, text) for text in ("the cat", "a small old house in the garden", "rain")]
        replies = await engine.generate_batch(prompts, GREEDY)
        for prompt, reply in zip(prompts, replies, strict=True):
            ids = torch.tensor([prompt])
            whole = reference.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
            expected = whole[0, len(prompt) :].tolist()
            assert reply.text == engine.codec.decode(expected)
            assert (reply.prompt_tokens, reply.tokens) == (len(prompt), len(expected))
        assert engine.capabilities.architecture == architecture
    finally:
        await engine.close()


async def test_an_engine_computes_in_the_dtype_of_the_machine_unless_a_setting_says_otherwise(
    model_folder: Path, engine: TransformersEngine
) -> None:
    assert engine.capabilities.dtype == "float32"
    chosen = TransformersEngine(SMALL.model_copy(update={"dtype": "auto", "device": "cpu"}))
    await chosen.load(model_folder)
    try:
        assert chosen.capabilities.dtype == str(compute_dtype("cpu")).removeprefix("torch.")
    finally:
        await chosen.close()


async def test_a_stream_that_reaches_its_limit_says_length(engine: TransformersEngine) -> None:
    pieces = await collect(engine, "the cat")
    assert pieces[-1].finish_reason == "length"
    assert pieces[-1].tokens == 12
    assert all(piece.finish_reason is None for piece in pieces[:-1])


async def test_a_stream_that_meets_the_end_token_says_stop_and_does_not_show_it(
    model_folder: Path, tmp_path: Path, engine: TransformersEngine
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    prompt = ask(engine, "the cat")
    model = AutoModelForCausalLM.from_pretrained(model_folder, attn_implementation="sdpa").eval()
    ids = torch.tensor([prompt])
    reply = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)[0].tolist()
    fourth = reply[len(prompt) + 3]
    assert fourth not in reply[len(prompt) : len(prompt) + 3]
    # The same model, whose fourth token is now the end token.
    folder = shutil.copytree(model_folder, tmp_path / "ends")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(fourth)
    tokenizer.save_pretrained(folder)
    other = TransformersEngine(SMALL)
    await other.load(folder)
    try:
        pieces = [piece async for piece in other.stream(prompt, GREEDY, request="r")]
    finally:
        await other.close()
    assert pieces[-1].finish_reason == "stop"
    assert pieces[-1].tokens == 4
    assert "".join(piece.text for piece in pieces) == engine.codec.decode(reply[len(prompt) : len(prompt) + 3])


async def test_pieces_of_a_stream_join_to_the_whole_text(engine: TransformersEngine) -> None:
    sampling = Sampling(temperature=0, max_tokens=60)
    pieces = await collect(engine, "rain over the river", sampling)
    whole = (await engine.generate_batch([ask(engine, "rain over the river")], sampling))[0]
    assert "".join(piece.text for piece in pieces) == whole.text
    assert len(pieces) > 5


async def test_a_client_that_goes_away_stops_its_compute(engine: TransformersEngine) -> None:
    long = Sampling(temperature=0.9, max_tokens=400)
    async with aclosing(engine.stream(ask(engine, "the cat"), long, request="gone")) as pieces:
        await anext(pieces)
    # The next request runs after the cancellation was worked off: the batch holds nothing else then.
    await collect(engine, "the dog")
    assert engine._manager.batch_processor.scheduler.active_requests == {}
    assert engine.stats().aborted == 1
    assert engine.stats().tokens < 400
    assert engine.stats().active == 0


async def test_an_aborted_stream_ends_with_abort(engine: TransformersEngine) -> None:
    reasons = []
    async for piece in engine.stream(ask(engine, "x"), Sampling(max_tokens=400), request="stop me"):
        reasons.append(piece.finish_reason)
        await engine.abort("stop me")
        await engine.abort("unknown")
    assert reasons[-1] == "abort"


async def test_more_requests_than_may_wait_are_told_to_come_back(engine: TransformersEngine) -> None:
    long = Sampling(temperature=0.9, max_tokens=300)
    results = await asyncio.gather(
        *(collect(engine, "the cat", long, f"r{n}") for n in range(10)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Overloaded)]
    answered = [result for result in results if isinstance(result, list)]
    assert len(answered) == SMALL.max_streams + SMALL.max_waiting
    assert len(refused) == 10 - len(answered)
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"


async def test_a_prompt_longer_than_the_context_is_refused_and_hurts_nobody(engine: TransformersEngine) -> None:
    with pytest.raises(EngineError, match="The prompt has"):
        await collect(engine, "the cat " * 600)
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"


async def test_streams_that_together_exceed_the_cache_finish_as_if_alone(model_folder: Path) -> None:
    tight = SMALL.model_copy(update={"cache_tokens": 256, "context_tokens": 256})
    engine = TransformersEngine(tight)
    await engine.load(model_folder)
    try:
        sampling = Sampling(temperature=0, max_tokens=150)
        texts = [f"the {word} {n}" for n, word in enumerate(("cat", "dog", "sun", "tea"))]
        alone = [await collect(engine, text, sampling) for text in texts]
        assert sum(pieces[-1].tokens for pieces in alone) > 300
        together = await asyncio.gather(*(collect(engine, text, sampling, f"r{text}") for text in texts))
        for one, other in zip(alone, together, strict=True):
            assert "".join(piece.text for piece in one) == "".join(piece.text for piece in other)
            assert one[-1].finish_reason == other[-1].finish_reason
        assert engine.stats().healthy
    finally:
        await engine.close()


async def test_a_dead_generation_thread_is_replaced(engine: TransformersEngine) -> None:
    await asyncio.to_thread(engine._manager.stop, block=True, hard_stop=True)
    assert not engine.stats().healthy
    assert (await collect(engine, "the cat"))[-1].finish_reason == "length"
    assert engine.stats().healthy


async def test_draining_takes_nothing_new_and_lets_the_rest_finish(engine: TransformersEngine) -> None:
    running = asyncio.create_task(collect(engine, "the cat", Sampling(temperature=0.9, max_tokens=100)))
    await asyncio.sleep(0)
    assert engine.stats().active == 1
    draining = asyncio.create_task(engine.drain(30))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await collect(engine, "late", name="late")
    assert await draining is True
    assert (await running)[-1].finish_reason == "length"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "modeling_llama.py", "sub/weights.pkl"])
async def test_weights_that_can_run_code_are_refused(name: str, model_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "unsafe")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeWeights, match="run code"):
        await TransformersEngine(SMALL).load(folder)


async def test_a_link_in_the_folder_is_refused(model_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "linked")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(model_folder / "model.safetensors")
    with pytest.raises(UnsafeWeights, match="is a link"):
        await TransformersEngine(SMALL).load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel is not among"),
        ({"architectures": []}, "None is not among"),
        ({"hidden_size": 32}, "cannot be loaded"),
        ({"model_type": "no-such-type"}, "cannot be loaded"),
    ],
)
async def test_a_folder_the_engine_cannot_run_is_refused_in_one_line(
    changes: dict[str, object],
    message: str,
    model_folder: Path,
    tmp_path: Path,
    edit_config: Callable[..., None],
) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "other")
    edit_config(folder, **changes)
    with pytest.raises(UnsupportedModel, match=message) as refusal:
        await TransformersEngine(SMALL).load(folder)
    assert "\n" not in refusal.value.message


async def test_truncated_weights_are_refused(model_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "short")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UnusableModel, match="not fully covered"):
        await TransformersEngine(SMALL).load(folder)


async def test_code_named_in_the_configuration_is_refused(
    model_folder: Path, tmp_path: Path, edit_config: Callable[..., None]
) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "auto")
    edit_config(folder, auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    with pytest.raises(UnsafeWeights, match="auto_map"):
        await TransformersEngine(SMALL).load(folder)


async def test_weights_with_a_tensor_missing_are_refused(model_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(model_folder, tmp_path / "holes")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.self_attn.q_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnsupportedModel, match="not whole"):
        await TransformersEngine(SMALL).load(folder)
