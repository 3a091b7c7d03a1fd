"""transformers' own `generate`, in a process of its own: what the engines of `generation` are measured against.

Reads one line of JSON per task, ``{"prompts": [[ids]], "tokens": N}``, and answers each with one,
``{"tokens": made, "seconds": …}``; the first line it writes says that the model is loaded.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    from cleo_core.compute import compute_dtype, device_kind

    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    device = device_kind()
    loader: Any = AutoModelForCausalLM
    model = loader.from_pretrained(folder, dtype=compute_dtype(device), local_files_only=True).to(device).eval()
    end = model.config.eos_token_id
    print(json.dumps({"dtype": str(model.dtype), "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        prompts, count = task["prompts"], task["tokens"]
        longest = max(map(len, prompts))
        # One batch, padded on the left: the quickest that `generate` has for several prompts.
        ids = torch.tensor([[end] * (longest - len(prompt)) + prompt for prompt in prompts], device=device)
        seen = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
        begun = time.perf_counter()
        made = model.generate(
            ids, attention_mask=seen, do_sample=False, max_new_tokens=count, min_new_tokens=count, pad_token_id=end
        )
        seconds = time.perf_counter() - begun
        print(json.dumps({"tokens": (made.shape[1] - longest) * len(prompts), "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
