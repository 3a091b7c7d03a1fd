"""Checkpoints: written a tensor at a time as the library writes them whole, and read as they are asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cleo_core.errors import EnvironmentFault, UnusableModel
from cleo_core.model_folder import INDEX, weight_files
from cleo_model.shards import Form, open_shards
from cleo_model.weights import Checkpoint, read_tensors, write_tensors

pytestmark = pytest.mark.unit

TENSORS = {
    "model.layers.10.a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "model.layers.2.b": torch.ones(5, dtype=torch.bfloat16),
    "model.embed": torch.arange(12, dtype=torch.bfloat16).reshape(3, 4).T,
    "count": torch.tensor(7, dtype=torch.int64),
    "flags": torch.tensor([True, False]),
}


def test_the_bytes_are_those_of_the_library(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    whole = {name: tensor.contiguous() for name, tensor in TENSORS.items()}
    save_file(whole, tmp_path / "theirs.safetensors", metadata={"format": "pt"})
    write_tensors(TENSORS, tmp_path / "ours")
    theirs = (tmp_path / "theirs.safetensors").read_bytes()
    assert (tmp_path / "ours" / "model.safetensors").read_bytes() == theirs
    assert [path.name for path in (tmp_path / "ours").iterdir()] == ["model.safetensors"]


def test_files_of_bounded_size_have_the_index_that_transformers_writes(tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    model = LlamaForCausalLM(config)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    model.save_pretrained(theirs, max_shard_size=8000)
    forms = [Form.of(name, tensor) for name, tensor in model.state_dict().items()]
    with open_shards(ours, forms, 8000) as write:
        # The order of the values is free.
        for name, tensor in reversed(model.state_dict().items()):
            write(name, tensor)
    index, wanted = (json.loads((folder / INDEX).read_text()) for folder in (ours, theirs))
    assert index["metadata"] == wanted["metadata"]
    assert set(index["weight_map"]) == set(wanted["weight_map"])
    config.save_pretrained(ours)
    assert len(weight_files(ours)) > 3
    assert all(file.stat().st_size < 10_000 for file in weight_files(ours))
    again = LlamaForCausalLM.from_pretrained(ours)
    assert all(tensor.equal(again.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_an_interrupted_write_leaves_no_checkpoint_that_looks_whole(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    forms = [Form.of(name, tensor) for name, tensor in TENSORS.items()]
    with pytest.raises(KeyError), open_shards(tmp_path, forms, 20) as write:  # noqa: PT012 - all of the block
        write("model.layers.10.a", TENSORS["model.layers.10.a"])
        write("no such tensor", TENSORS["count"])
    with pytest.raises(ValueError, match="not written: "), open_shards(tmp_path, forms, 20) as write:
        write("model.layers.10.a", TENSORS["model.layers.10.a"])
    assert not list(tmp_path.glob(".*")), "a draft was left"
    with pytest.raises(UnusableModel, match="parts of a checkpoint"):
        weight_files(tmp_path)
    write_tensors(TENSORS, tmp_path / "whole")
    (tmp_path / "whole" / "config.json").write_text("{}")
    assert read_tensors(tmp_path / "whole")["model.embed"].equal(TENSORS["model.embed"])


def test_more_than_the_disk_holds_is_refused_before_the_first_byte(tmp_path: Path) -> None:
    forms = [Form("a", "BF16", (2**30, 2**20))]
    with pytest.raises(EnvironmentFault, match="MB are free"), open_shards(tmp_path / "out", forms):
        pass
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_tells_its_forms_and_reads_what_is_asked(tmp_path: Path) -> None:
    write_tensors(TENSORS, tmp_path)
    (tmp_path / "config.json").write_text("{}")
    checkpoint = Checkpoint.of(tmp_path)
    assert checkpoint.forms["model.embed"] == Form("model.embed", "BF16", (4, 3))
    assert checkpoint.read(["model.layers.10.a"])["model.layers.10.a"].equal(TENSORS["model.layers.10.a"])
    with pytest.raises(UnusableModel, match=r"no tensor model\.norm"):
        checkpoint.read(["model.norm"])


MEASURE = """
import sys
from pathlib import Path
from cleo_core.progress import silent
from cleo_model.moe.equivalence import same_function
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))

small, large, out = map(Path, sys.argv[1:])
for name, base in (("small", small), ("large", large)):
    init_moe(base, out / name, MoERecipe(num_experts=16), silent, shard=64 << 20)
    assert same_function(base, out / name).passed
    print(peak(), sum(file.stat().st_size for file in (out / name).iterdir()))
"""


def test_upcycling_and_comparing_take_the_memory_of_a_layer_whatever_the_size(small: object, tmp_path: Path) -> None:
    assert callable(small)
    wide = {"hidden_size": 256, "intermediate_size": 2048, "dtype": torch.bfloat16}
    # One layer, and twelve: what the second takes beyond the first is what grows.
    models = [small("Llama", num_hidden_layers=layers, **wide) for layers in (1, 12)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, models), str(tmp_path)], capture_output=True, text=True, check=True
    )
    (before, _), (after, size) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert size > 600e6
    assert after - before < 0.1 * size, f"{(after - before) / 1e6:.0f} MB more for a model of {size / 1e6:.0f} MB"
