"""lm-eval as a library: a model folder and a task set in, one score per item out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from lm_eval import evaluator
from lm_eval.tasks import TaskManager

from cleo_core.compute import DtypeChoice, compute_dtype, device_kind, kernels
from cleo_core.digest import digest_json, sha256_file
from cleo_core.errors import UnusableModel
from cleo_core.files import write_jsonl
from cleo_core.model_folder import MODEL_FILES, weight_files
from cleo_core.progress import Reporter, silent
from cleo_core.settings import home
from cleo_model.moe.frozen_experts import share_equal_experts
from evals.protocol import TaskSpec
from evals.scorer import SharedPrefixLM
from evals.scores import ItemScore, Scores, TaskScores
from evals.tasks.forms import Item, write_yaml
from evals.tasks.sealed import TaskSet


class LoadedModel:
    """A model ready to be scored, and what identifies it."""

    def __init__(self, folder: Path, lm: SharedPrefixLM, digest: str, dtype: str) -> None:
        self.folder = folder
        self.lm = lm
        self.digest = digest
        self.dtype = dtype
        tokenizer = lm.tokenizer
        self.tokenizer_digest = tokenizer_digest(tokenizer)
        self.template_digest = digest_json({"chat_template": tokenizer.chat_template})

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.lm.model.parameters())

    @property
    def chats(self) -> bool:
        return bool(self.lm.tokenizer.chat_template)

    def _prompt(self, text: str) -> str:
        if not self.chats:
            return f"{text}\n"
        turn = [{"role": "user", "content": text}]
        return str(self.lm.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))

    def answers(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Log-likelihood of each answer to its prompt, in the model's chat form."""
        requests = []
        for prompt, answer in pairs:
            asked = self.lm.tok_encode(self._prompt(prompt), add_special_tokens=False)
            requests.append((None, asked, self.lm.tok_encode(answer, add_special_tokens=False)))
        return [value for value, _ in self.lm._loglikelihood_tokens(requests)]

    @torch.inference_mode()
    def replies(self, prompts: Sequence[str], tokens: int) -> list[str]:
        """Greedy replies of at most so many tokens, all prompts in one batch."""
        tokenizer, model = self.lm.tokenizer, self.lm.model
        asked = [self.lm.tok_encode(self._prompt(prompt), add_special_tokens=False) for prompt in prompts]
        width = max(map(len, asked))
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.lm.eot_token_id
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in asked], device=self.lm.device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in asked], device=self.lm.device)
        out = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, pad_token_id=pad
        )
        return [str(tokenizer.decode(row[width:], skip_special_tokens=True)).strip() for row in out]


def model_digest(folder: Path) -> str:
    """Digest of everything that decides a model's scores: weights, configuration, tokenizer.

    Raises:
        UnusableModel: it is no folder with a configuration and whole safetensors weights.
        UnsafeWeights: its weights are pickles.
    """
    weight_files(folder)
    files = {path.name: path for pattern in MODEL_FILES for path in folder.glob(pattern) if path.is_file()}
    return digest_json({name: sha256_file(path) for name, path in sorted(files.items())})


def tokenizer_digest(tokenizer: Any) -> str:
    """Digest of what the tokenizer does, whatever file layout it was saved in."""
    special = {name: str(value) for name, value in sorted(tokenizer.special_tokens_map.items())}
    special.pop("pad_token", None)  # the harness picks one
    if backend := getattr(tokenizer, "backend_tokenizer", None):
        value = json.loads(backend.to_str())
        value.pop("padding", None)
        value.pop("truncation", None)
        return digest_json({"tokenizer": value, "special": special})
    return digest_json({"vocabulary": tokenizer.get_vocab(), "special": special})


def environment() -> dict[str, str]:
    """What beside model and items may move a score in its last digits."""
    names = ("torch", "transformers", "lm-eval", "tokenizers")
    return {
        **{name: version(name) for name in names},
        "machine": platform.machine(),
        "kernels": kernels(),
        "device": device_kind(),
    }


def load_model(
    folder: Path, dtype: DtypeChoice = "auto", report: Reporter = silent, device: str | None = None
) -> LoadedModel:
    """Load a causal language model for scoring, from local safetensors only.

    Raises:
        UnusableModel: the folder holds no such model, or its weights do not fit its configuration.
    """
    digest = model_digest(folder)
    device = device or environment()["device"]
    kind = compute_dtype(device, dtype)
    report(f"loading {folder.name}")
    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    quiet.set_verbosity_error()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        causal: Any = transformers.AutoModelForCausalLM
        model, notes = causal.from_pretrained(
            folder,
            config=config,
            dtype=kind,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="sdpa",
            output_loading_info=True,
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        # transformers raises a dozen kinds for a broken folder; the reader needs one line that names it.
        first = str(error).strip().split("\n")[0][:200]
        raise UnusableModel(f"{folder} cannot be loaded as a causal language model: {first}") from None
    if missing := sorted(notes["missing_keys"]) + sorted(str(key) for key in notes["mismatched_keys"]):
        raise UnusableModel(f"{folder} lacks weights its config.json asks for, the first is {missing[0]}.")
    model = model.to(device).eval().requires_grad_(False)
    share_equal_experts(model)
    lm = SharedPrefixLM(
        pretrained=model,
        tokenizer=tokenizer,
        softmax_dtype="float32",
        batch_size=100_000,  # windows handed over at once; what runs at once is bounded by tokens, see the scorer
        report=report,
    )
    return LoadedModel(folder, lm, digest, str(kind).removeprefix("torch."))


def score(loaded: LoadedModel, tasks: TaskSet, *, limit: int | None = None) -> Scores:
    """Score a model on every task of the set.

    Args:
        limit: only the first so many items of each task. Such scores are for looking, the gate refuses them.
    """
    started = time.perf_counter()
    cpu = time.process_time()
    chosen = {spec: tasks.items(spec)[:limit] for spec in tasks.tasks}
    with tempfile.TemporaryDirectory(dir=home("tmp"), prefix="eval-") as scratch:
        results = _run(loaded.lm, chosen, Path(scratch))
    found = {}
    for spec, items in chosen.items():
        samples = {sample["doc"]["id"]: sample for sample in results["samples"][spec.name]}
        found[spec.name] = TaskScores(
            spec=spec,
            items=[_item_score(spec, item, samples[item["id"]]) for item in items],
            metrics=_metrics(results["results"][spec.name]),
        )
    return Scores(
        model_digest=loaded.digest,
        tokenizer_digest=loaded.tokenizer_digest,
        template_digest=loaded.template_digest,
        dtype=loaded.dtype,
        environment=environment(),
        task_set=tasks.digest,
        limit=limit,
        tasks=found,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
        requests=sum(len(sample["resps"]) for task in results["samples"].values() for sample in task),
    )


def _run(lm: SharedPrefixLM, chosen: dict[TaskSpec, list[Item]], scratch: Path) -> dict[str, Any]:
    for spec, items in chosen.items():
        write_jsonl(scratch / f"{spec.name}.jsonl", items)
        write_yaml(spec, scratch, str(scratch / f"{spec.name}.jsonl"), cache=str(scratch / "cache"))
    # Its progress bars would tear ours apart. What goes wrong comes as an exception.
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        manager = TaskManager(include_path=str(scratch), include_defaults=False)
        loaded = manager.load([spec.name for spec in chosen])
        results = evaluator.evaluate(lm=lm, task_dict=loaded, bootstrap_iters=0, log_samples=True)
    if results is None:
        raise UnusableModel("The harness gave no results: it was started as one of several ranks.")
    return dict(results)


def _item_score(spec: TaskSpec, item: Item, sample: dict[str, Any]) -> ItemScore:
    """Turn lm-eval's responses into the item's score; see `evals.scores` for what it means."""
    responses = [response[0] for response in sample["resps"]]
    correct: bool | None
    if spec.form in ("multiple_choice", "partial"):
        values = [float(value) for value, _ in responses]
        finite = all(math.isfinite(value) for value in values)
        top = max(values)
        share = math.exp(values[item["gold"]] - top) / sum(math.exp(value - top) for value in values) if finite else 0.0
        correct = bool(sample["acc"])
    elif spec.form == "last_word":
        value, greedy = responses[0]
        finite = math.isfinite(value)
        share = math.exp(min(0.0, value)) if finite else 0.0
        correct = bool(greedy)
    else:
        value = responses[0] if isinstance(responses[0], float) else responses[0][0]
        finite, share, correct = math.isfinite(value), float(value), None
    size = len(item["text"].encode()) if spec.form == "perplexity" else 1
    return ItemScore(
        id=item["id"],
        hash=digest_json(item)[:16],
        cluster=item["cluster"],
        value=share if finite else None,
        correct=correct,
        bytes=size,
    )


def _metrics(result: dict[str, Any]) -> dict[str, float]:
    return {
        name.removesuffix(",none"): float(value)
        for name, value in result.items()
        if name.endswith(",none") and "_stderr" not in name and isinstance(value, int | float)
    }
