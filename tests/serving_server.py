"""A real API for tests: a tiny model, real memory, uvicorn on a free loopback port in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

__all__ = ["RunningApi", "at_home", "write_model"]

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = "the a cat dog sun rain tea is was in on over under house garden river small old blue user system assistant"


def write_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS] * 20, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", bos_token="<|im_start|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return len(fast)


def write_model(folder: Path, architecture: str = "LlamaForCausalLM", seed: int = 0, **changes: Any) -> Path:
    """A random model of about 100,000 parameters with a BPE tokenizer, made in a second; `changes` of its sizes."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, Any] = {
        "vocab_size": write_tokenizer(folder),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
        "initializer_range": 0.2,
    }
    if "Mixtral" in architecture:
        sizes |= {"num_local_experts": 4, "num_experts_per_tok": 2}
    if "Moe" in architecture:
        sizes |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    if architecture.startswith("Qwen3"):
        sizes |= {"head_dim": 16}
    sizes |= changes
    torch.manual_seed(seed)
    model_class = getattr(transformers, architecture)
    model = model_class(model_class.config_class(**sizes)).to(torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    spoken = [
        tokenizer.decode([token], skip_special_tokens=True).strip(" \n\t\ufffd") for token in range(len(tokenizer))
    ]
    silent = [token for token, text in enumerate(spoken) if not text.isprintable() or not text]
    with torch.no_grad():
        # Neither what ends a reply nor what cannot be seen, parts of signs among it, is ever among the likeliest 50: a
        # reply is as long as the test wants it, and says something, whatever date and mark stand in the prompt.
        model.lm_head.weight[silent] = 0
    model.save_pretrained(folder)
    return folder


@contextmanager
def at_home(place: Path) -> Iterator[None]:
    """CLEO_HOME is this folder while the block runs: for what lives longer than one test."""
    before = os.environ.get("CLEO_HOME")
    os.environ["CLEO_HOME"] = str(place)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CLEO_HOME"]
        else:
            os.environ["CLEO_HOME"] = before


class RunningApi:
    """The API while the block runs. `services` are those of the server: look, and call coroutines with `call`."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.services: Any = None
        self.url = ""
        # One client: making one reads all certificates, which takes longer than most requests.
        self.client = httpx.Client(verify=False, timeout=60)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._server: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="api", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(120)
        if self._error is not None:
            self._thread.join()
            raise self._error
        for _ in range(600):
            try:
                self.client.get(f"{self.url}/health/live")
                break
            except httpx.TransportError:
                threading.Event().wait(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _main(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._error = error
            self._ready.set()
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        from cleo_serving.server import bind, make_server
        from cleo_serving.services import open_services

        bound = bind(self.settings.host, 0)
        self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with open_services(self.settings) as self.services:
            self._server = make_server(self.services)
            self._ready.set()
            await self._server.serve(sockets=[bound])

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def token(self, user: str, **changes: Any) -> str:
        from cleo_serving.identity.tokens import make_token

        return make_token(user, **{"seconds": 600, **changes})

    def headers(self, user: str, **changes: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user, **changes)}"}

    def post(self, user: str, query: str, variables: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        body = {"query": query, "variables": variables} if variables is not None else {"query": query}
        return self.client.post(f"{self.url}/graphql", json=body, headers=self.headers(user), **more)

    def data(self, user: str, query: str, variables: dict[str, Any] | None = None) -> Any:
        response = self.post(user, query, variables)
        told = response.json()
        assert response.status_code == 200, told
        assert "errors" not in told, told
        return told["data"]

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/graphql"

    @staticmethod
    def user() -> str:
        """A user nobody else has."""
        return f"user-{uuid.uuid4().hex}"
