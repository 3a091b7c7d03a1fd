"""A checkpoint run a layer at a time, in fp32: memory of one layer, and of one expert, whatever the model's size.

The model is transformers' own, built without weights: masks, positions and layers are its. A layer's weights are read
when its turn comes, and given back after it; those of an expert when a token asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleo_model.mixtures import LAYOUTS, Layout
from cleo_model.weights import Checkpoint

PIECE = 4096
"""Rows of the output layer that are held in fp32 at once."""
EMBEDDING = "model.embed_tokens.weight"


class Layerwise:
    """A dense model or a mixture of experts, of which only the layer at hand is in memory."""

    def __init__(self, folder: Path, prepare: Callable[[int, nn.Module], None] | None = None) -> None:
        """Of the checkpoint in a folder.

        Args:
            prepare: called with each layer and its number before it is run, to put hooks on it.
        """
        from transformers import AutoConfig, AutoModelForCausalLM

        self.config: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        self.checkpoint = Checkpoint.of(folder)
        self.layout: Layout | None = LAYOUTS.get(self.config.model_type)
        self.prepare = prepare
        build: Any = AutoModelForCausalLM  # it has no types
        with torch.device("meta"):
            whole = build.from_config(self.config, dtype=torch.float32)
        self.decoder: Any = whole.model.eval()
        # What it computes with, but does not store, must be real.
        self.decoder.rotary_emb = type(self.decoder.rotary_emb)(config=self.config)
        self.decoder.embed_tokens = _Rows(self.checkpoint)
        self.decoder.norm.load_state_dict(self._read({"weight": "model.norm.weight"}), assign=True)
        self.decoder.layers = nn.ModuleList(_Turn(self, at, layer) for at, layer in enumerate(self.decoder.layers))

    def hidden(self, ids: Tensor) -> Tensor:
        """The last hidden states ``[rows, tokens, hidden]`` of token ids ``[rows, tokens]``, after the final norm."""
        with torch.inference_mode():
            states: Tensor = self.decoder(input_ids=ids, use_cache=False).last_hidden_state
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        """Of every token of the vocabulary ``[tokens, vocabulary]`` after hidden states ``[tokens, hidden]``."""
        name = EMBEDDING if self.config.tie_word_embeddings else "lm_head.weight"
        head = self.checkpoint.read([name])[name]
        with torch.inference_mode():
            parts = [hidden @ head[at : at + PIECE].float().T for at in range(0, len(head), PIECE)]
            return torch.cat(parts, dim=-1)

    def load(self, at: int, skeleton: nn.Module) -> nn.Module:
        """A layer with its weights, from one without."""
        layer: Any = deepcopy(skeleton)
        prefix, block = f"model.layers.{at}", "mlp"
        if self.layout and hasattr(layer.mlp, "experts"):
            block = self.layout.block
            layer.mlp.experts = _Experts(self.checkpoint, f"{prefix}.{block}", self.layout, layer.mlp.experts.act_fn)
        names = {name: f"{prefix}.{name.replace('mlp.', f'{block}.', 1)}" for name in layer.state_dict()}
        layer.load_state_dict(self._read(names), assign=True)
        if self.prepare:
            self.prepare(at, layer)
        loaded: nn.Module = layer
        return loaded

    def _read(self, names: dict[str, str]) -> dict[str, Tensor]:
        tensors = self.checkpoint.read(names.values())
        return {name: tensors[stored].float() for name, stored in names.items()}


class _Turn(nn.Module):
    """A layer that is loaded when its turn comes."""

    def __init__(self, model: Layerwise, at: int, skeleton: nn.Module) -> None:
        super().__init__()
        # Not as modules of ours: nothing of it is a parameter here.
        self._load: Callable[[], nn.Module] = partial(model.load, at, skeleton)

    def forward(self, hidden: Tensor, **arguments: Any) -> Tensor:
        out: Tensor = self._load()(hidden, **arguments)
        return out


class _Rows(nn.Module):
    """The embedding, of which only the rows are read that are asked for."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.checkpoint = checkpoint

    def forward(self, ids: Tensor) -> Tensor:
        return self.checkpoint.read([EMBEDDING])[EMBEDDING][ids].float()


class _Experts(nn.Module):
    """The experts of a layer, each read when a token asks for it."""

    def __init__(self, checkpoint: Checkpoint, block: str, layout: Layout, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.checkpoint, self.block, self.layout, self.act = checkpoint, block, layout, act

    def forward(self, hidden: Tensor, index: Tensor, weights: Tensor) -> Tensor:
        """The weighted sum ``[tokens, hidden]`` of the experts `index` ``[tokens, k]`` of each token."""
        out = torch.zeros_like(hidden)
        for expert in sorted(set(index.flatten().tolist())):
            tokens, place = (index == expert).nonzero(as_tuple=True)
            names = [self.layout.expert(self.block, expert, name) for name in ("gate_proj", "up_proj", "down_proj")]
            tensors = self.checkpoint.read(names)
            gate, up, down = (tensors[name].float() for name in names)
            asked = hidden[tokens]
            inner = self.act(functional.linear(asked, gate)) * functional.linear(asked, up)
            out.index_add_(0, tokens, functional.linear(inner, down) * weights[tokens, place, None])
        return out
