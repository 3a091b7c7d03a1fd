"""The engine says which experts each token of a text went to, beside the replies that it is making."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cleo_core.errors import InputError
from cleo_core.routing import trace_texts
from cleo_serving.engine.base import Completion, Message, Sampling
from cleo_serving.engine.served import ProcessEngine
from cleo_serving.settings import EngineSettings
from tests.serving_server import write_model

pytestmark = pytest.mark.integration

SETTINGS = EngineSettings(
    threads=1, dtype="float32", cache_tokens=2048, max_batch_tokens=64, max_streams=4, context_tokens=512, routing=True
)


async def test_the_routing_of_a_text_is_that_of_a_forward_and_replies_go_on_beside_it(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = write_model(tmp_path / "mixture", "MixtralForCausalLM")
    engine = ProcessEngine(SETTINGS)
    await engine.load(folder)
    try:
        assert engine.capabilities.routing
        assert engine.capabilities.name == "transformers"
        prompt = engine.encode([Message("user", "the cat in the garden")])
        sampling = Sampling(temperature=0, max_tokens=60, stop_repetition=False)

        async def reply() -> list[Completion]:
            return await engine.generate_batch([prompt], sampling)

        alone = await reply()
        beside, *traces = await asyncio.gather(reply(), *(engine.routing(prompt, "garden") for _ in range(3)))
        assert beside == alone
    finally:
        await engine.close()
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    expected = trace_texts(model, tokenizer, [("garden", prompt)])
    for trace in traces:
        assert (trace.layers, trace.num_experts, len(trace)) == ([0, 1], 4, len(prompt))
        assert (trace.experts, trace.tokens, trace.domains) == (expected.experts, expected.tokens, expected.domains)
        assert trace.weights == [[pytest.approx(layer, abs=1e-3) for layer in token] for token in expected.weights]


async def test_an_engine_that_cannot_tell_the_routing_says_so(safetensors_folder: Path) -> None:
    dense = ProcessEngine(SETTINGS)
    await dense.load(safetensors_folder)
    try:
        assert not dense.capabilities.routing
        with pytest.raises(InputError, match="cannot show the routing of a LlamaForCausalLM"):
            await dense.routing([1, 2, 3])
    finally:
        await dense.close()
