"""GGUF files: llama.cpp reads them as the very model that transformers has, and what is not covered is refused."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cleo_core.errors import UnsafeWeights, UnusableModel
from cleo_core.progress import silent
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.gguf import Precision, write_gguf
from cleo_model.gguf.quantize import encode
from cleo_model.gguf.runner import Task, ask
from cleo_model.gguf.vocabulary import LLAMA_3, QWEN_2
from cleo_model.moe.upcycle import init_moe
from cleo_model.recipe import MoERecipe

pytestmark = pytest.mark.integration

TEXTS = (
    "We hold these truths to be self-evident, that all men are created equal.",
    "In 1863 there were 34 states; the debt was $1,119,772,138.63.\n\n  Ελληνικά, 日本語, naïve café 🙂 don't",
    "<|im_start|>user\nHow do I sort a list in Python?<|im_end|>\n<|im_start|>assistant\n",
)

QWEN_MOE = {
    "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 96, "shared_expert_intermediate_size": 64,
    "norm_topk_prob": True,
}  # fmt: skip
LLAMA_3_ROPE = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip


def greedy(model: Path, prompts: list[list[int]], count: int) -> list[list[int]]:
    import torch
    from transformers import AutoModelForCausalLM

    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    return [
        loaded.generate(torch.tensor([ids]), max_new_tokens=count, do_sample=False, eos_token_id=2)[
            0, len(ids) :
        ].tolist()
        for ids in prompts
    ]


def prompts_of(model: Path) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    return [tokenizer(text).input_ids for text in TEXTS]


@pytest.mark.parametrize(
    "kind",
    [
        "mixture",
        "untied mixture of eight",
        "dense",
        "mistral",
        "wide heads",
        "llama3",
        "linear",
        "qwen2",
        "qwen3",
        "qwen2 mixture",
        "qwen3 mixture",
    ],
)
def test_llama_cpp_goes_on_token_for_token_as_transformers_does(
    kind: str, made: Callable[..., Path], mixture: Path, tmp_path: Path
) -> None:
    models = {
        "mixture": lambda: mixture,
        "untied mixture of eight": lambda: made("Mixtral", num_local_experts=8, num_experts_per_tok=3,
                                                sliding_window=None, tie_word_embeddings=False,
                                                rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "dense": lambda: made("Llama", tie_word_embeddings=True),
        "mistral": lambda: made("Mistral", sliding_window=None),
        "wide heads": lambda: made("Llama", head_dim=64),
        "llama3": lambda: made("Llama", rope_parameters=LLAMA_3_ROPE),
        "qwen2": lambda: made("Qwen2"),
        "qwen3": lambda: made("Qwen3", head_dim=64, tie_word_embeddings=True),
        "qwen2 mixture": lambda: made("Qwen2Moe", **{**QWEN_MOE, "norm_topk_prob": False}),
        "qwen3 mixture": lambda: made("Qwen3Moe", **QWEN_MOE, head_dim=64),
        "linear": lambda: made("Llama", rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}),
    }  # fmt: skip
    model = models[kind]()
    prompts = prompts_of(model)
    write_gguf(model, tmp_path / "model.gguf", Precision.F32)
    answer = ask(Task(file=tmp_path / "model.gguf", prompts=prompts, new_tokens=24, texts=list(TEXTS), exact=True))
    assert answer.tokens == prompts
    assert answer.continuations == greedy(model, prompts, 24)
    assert len({token for row in answer.continuations for token in row}) > 20, "it says too little to compare"


@pytest.mark.parametrize(
    ("kind", "recipe", "layout"),
    [
        ("Llama", MoERecipe(num_experts=16, top_k=4, granularity=4), "mixtral"),
        ("Mistral", MoERecipe(num_experts=8), "mixtral"),
        ("Qwen3", MoERecipe(num_experts=8, top_k=4, granularity=2), "qwen3_moe"),
    ],
)
def test_an_upcycled_model_says_in_llama_cpp_what_its_dense_model_says_in_transformers(
    kind: str, recipe: MoERecipe, layout: str, made: Callable[..., Path], tmp_path: Path
) -> None:
    dense = made(kind, intermediate_size=256, **({"sliding_window": None} if kind == "Mistral" else {}))
    (tmp_path / "moe").mkdir()
    init_moe(dense, tmp_path / "moe", recipe, silent)
    assert json.loads((tmp_path / "moe" / "config.json").read_text())["model_type"] == layout
    prompts = prompts_of(dense)
    write_gguf(tmp_path / "moe", tmp_path / "model.gguf", Precision.F32)
    answer = ask(Task(file=tmp_path / "model.gguf", prompts=prompts, new_tokens=24, exact=True))
    assert answer.continuations == greedy(dense, prompts, 24) == greedy(tmp_path / "moe", prompts, 24)


def test_a_bfloat16_checkpoint_is_the_same_model_as_bfloat16(made: Callable[..., Path], tmp_path: Path) -> None:
    model = made("Mixtral", "bfloat16", num_local_experts=4, sliding_window=None, initializer_range=0.02)
    prompts = prompts_of(model)
    write_gguf(model, tmp_path / "model.gguf", Precision.BF16)
    assert ask(Task(file=tmp_path / "model.gguf", prompts=prompts, exact=True)).continuations == greedy(
        model, prompts, 16
    )


def test_the_same_model_gives_the_same_bytes_and_nothing_lies_beside_them(mixture: Path, tmp_path: Path) -> None:
    for name in ("one.gguf", "two.gguf"):
        write_gguf(mixture, tmp_path / name, Precision.Q8_0, name="cleo")
    assert (tmp_path / "one.gguf").read_bytes() == (tmp_path / "two.gguf").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"one.gguf", "two.gguf"}


@pytest.mark.parametrize("precision", list(Precision))
def test_weights_are_rounded_as_the_gguf_package_rounds_them(precision: Precision) -> None:
    import gguf
    import torch

    rows = torch.randn(300, 96, generator=torch.Generator().manual_seed(1))
    rows[0] = 0
    rows[1, :32] = torch.arange(32) - 15.5  # halves, which are rounded away from zero
    wanted = gguf.quants.quantize(rows.numpy(), gguf.GGMLQuantizationType[precision.name])
    assert np.array_equal(encode([rows[:100], rows[100:]], precision), wanted.view(np.uint8))


@pytest.mark.parametrize("left", [0.99, 0.5, 0.001, 0])
def test_a_truncated_file_is_refused(left: float, mixture: Path, tmp_path: Path) -> None:
    whole = tmp_path / "model.gguf"
    write_gguf(mixture, whole, Precision.Q8_0)
    raw = whole.read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(raw[: int(left * len(raw))])
    with pytest.raises(UnusableModel, match=r"does not read cut\.gguf"):
        ask(Task(file=cut, prompts=[[1, 2]]))
    assert ask(Task(file=whole, prompts=[[1, 2]], new_tokens=2)).continuations[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "olmo2", "architectures": ["Olmo2ForCausalLM"]}, "Olmo2ForCausalLM cannot be written"),
        ({"attention_bias": True}, "biases in attention"),
        ({"hidden_act": "gelu"}, "activation gelu"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}}, "embeddings of type yarn"),
        ({"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 128}, "window of 128"),
        # llama.cpp never makes the weights of this one's chosen experts sum to 1, and always those of the other.
        ({"model_type": "qwen2_moe", "norm_topk_prob": True}, "norm_topk_prob True"),
        ({"model_type": "qwen3_moe", "norm_topk_prob": False}, "norm_topk_prob False"),
        ({"model_type": "qwen3_moe", "norm_topk_prob": True, "decoder_sparse_step": 2}, "dense layers between"),
    ],
)
def test_an_architecture_that_is_not_covered_is_refused_by_name(
    change: dict[str, Any], told: str, made: Callable[..., Path], tmp_path: Path
) -> None:
    model = shutil.copytree(made("Llama"), tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(UnsupportedArchitecture, match=re.escape(told)):
        write_gguf(model, tmp_path / "model.gguf", Precision.Q8_0)
    assert not (tmp_path / "model.gguf").exists()


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("pre_tokenizer", {"type": "Metaspace", "replacement": "▁"}, "Metaspace"),
        ("pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}, "ByteLevel"),
        ("normalizer", {"type": "NFKC"}, "BPE"),
    ],
)
def test_a_tokenizer_that_llama_cpp_would_read_otherwise_is_refused(
    part: str, value: dict[str, Any], told: str, made: Callable[..., Path], tmp_path: Path
) -> None:
    model = shutil.copytree(made("Llama"), tmp_path / "model")
    known = json.loads((model / "tokenizer.json").read_text())
    (model / "tokenizer.json").write_text(json.dumps(known | {part: value | {"trim_offsets": True}}))
    with pytest.raises(UnsupportedArchitecture, match=told):
        write_gguf(model, tmp_path / "model.gguf", Precision.Q8_0)


@pytest.mark.parametrize("rule", ["llama-bpe", "smollm", "qwen2"])
def test_text_is_cut_into_words_by_the_rule_of_the_tokenizer(
    rule: str, made: Callable[..., Path], tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    model = shutil.copytree(made("Llama"), tmp_path / "model")
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": rule == "smollm"}
    first = {
        "llama-bpe": {"type": "Split", "pattern": {"Regex": LLAMA_3}, "behavior": "Isolated", "invert": False},
        "qwen2": {"type": "Split", "pattern": {"Regex": QWEN_2}, "behavior": "Isolated", "invert": False},
        "smollm": {"type": "Digits", "individual_digits": True},
    }
    known = json.loads((model / "tokenizer.json").read_text())
    known["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [first[rule], by_bytes]}
    known["model"]["ignore_merges"] = rule == "llama-bpe"
    known["normalizer"] = {"type": "NFC"} if rule == "qwen2" else None
    (model / "tokenizer.json").write_text(json.dumps(known))
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    wanted = [tokenizer(text).input_ids for text in TEXTS]
    assert wanted != prompts_of(made("Llama")), "the rule changes nothing here: nothing is tried"
    write_gguf(model, tmp_path / "model.gguf", Precision.F32)
    assert ask(Task(file=tmp_path / "model.gguf", texts=list(TEXTS))).tokens == wanted


@pytest.fixture(scope="module")
def sentencepiece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer as transformers has that of Llama 2: pieces in the order of their scores, every split of each."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    from cleo_model.tiny_model import docstrings

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(docstrings(), trainers.BpeTrainer(vocab_size=1500, show_progress=False))
    pieces = sorted(trained.get_vocab(), key=trained.get_vocab().__getitem__)
    ids = {
        name: at
        for at, name in enumerate(["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces])
    }
    merges = [
        split
        for piece in pieces
        for split in sorted(
            ((piece[:at], piece[at:]) for at in range(1, len(piece)) if piece[:at] in ids and piece[at:] in ids),
            key=lambda split: (ids[split[0]], ids[split[1]]),
        )
    ]
    made = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    made.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    folder = tmp_path_factory.mktemp("sentencepiece")
    made.save(str(folder / "tokenizer.json"))
    facts = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(facts))
    return folder


def test_a_sentencepiece_tokenizer_cuts_text_in_llama_cpp_as_in_transformers(
    sentencepiece: Path, made: Callable[..., Path], tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    model = shutil.copytree(made("Mistral", sliding_window=None), tmp_path / "model")
    for file in sentencepiece.iterdir():
        shutil.copyfile(file, model / file.name)
    (model / "chat_template.jinja").unlink()
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    texts = [*TEXTS, "<s>Two  spaces, and a\ttab</s> then more", "x"]
    wanted = [tokenizer(text, add_special_tokens=False).input_ids for text in texts]
    assert any(3 <= token < 259 for ids in wanted for token in ids), "no byte is needed: nothing is tried"
    write_gguf(model, tmp_path / "model.gguf", Precision.F32)
    assert ask(Task(file=tmp_path / "model.gguf", texts=texts)).tokens == wanted
    known = json.loads((model / "tokenizer.json").read_text())
    cut = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    (model / "tokenizer.json").write_text(json.dumps(known | {"normalizer": None, "pre_tokenizer": cut}))
    with pytest.raises(UnsupportedArchitecture, match=r"Metaspace \(first\)"):
        write_gguf(model, tmp_path / "model.gguf", Precision.F32)


def test_a_folder_that_holds_no_safe_or_no_whole_model_is_refused(
    mixture: Path, made: Callable[..., Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    out = tmp_path / "model.gguf"
    pickled = shutil.copytree(mixture, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(UnsafeWeights, match=r"pytorch_model\.bin"):
        write_gguf(pickled, out, Precision.Q8_0)
    lacking = shutil.copytree(mixture, tmp_path / "lacking")
    tensors = load_file(lacking / "model.safetensors")
    del tensors["model.layers.1.block_sparse_moe.experts.2.w1.weight"]
    save_file(tensors, lacking / "model.safetensors")
    with pytest.raises(UnusableModel, match=r"no tensor model\.layers\.1\.block_sparse_moe\.experts\.2\.w1"):
        write_gguf(lacking, out, Precision.Q8_0)
    with pytest.raises(UnusableModel, match="multiple of 32"):
        write_gguf(made("Llama", hidden_size=72, num_attention_heads=2, head_dim=36), out, Precision.Q8_0)
    assert [path.name for path in tmp_path.glob("*.gguf*")] == []
    assert write_gguf(mixture, out, Precision.Q8_0).tensors == 3 + 3 * 10


def test_memory_stays_that_of_one_tensor_whatever_the_size_of_the_model(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    model = made("Llama", "bfloat16", hidden_size=512, intermediate_size=2048, num_hidden_layers=20, head_dim=128)

    def anonymous() -> int:
        """Bytes of memory that are no mapped file."""
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))

    write_gguf(model, tmp_path / "first.gguf", Precision.F32)  # imports, and what the allocator keeps
    most, done, before = 0, threading.Event(), anonymous()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, anonymous() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    written = write_gguf(model, tmp_path / "model.gguf", Precision.F32)
    done.set()
    watcher.join()
    for file in tmp_path.glob("*.gguf"):
        file.unlink()
    assert written.bytes > 300e6
    assert most < 60e6, f"{most / 1e6:.0f} MB for a file of {written.bytes / 1e6:.0f} MB"
