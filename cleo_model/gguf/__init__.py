"""GGUF: a model as one file that llama.cpp runs, and whether it is still the same model.

    config.json    ─> layout      which tensors under which names, and the shape of the network
    tokenizer.json ─> vocabulary  tokens, merges, special tokens, chat template
    *.safetensors  ─> quantize    a tensor at a time, in rows
                        └─> write ─> model.gguf
    model.gguf, *.safetensors ─> compare (llama.cpp in a child process: runner) ─> Comparison

`write` is what `cleo export --gguf` runs; `stage` declares the chain's stage, which compares what it wrote.
"""

from cleo_core.model_folder import GGUF as NAME
from cleo_model.gguf.quantize import Precision
from cleo_model.gguf.write import write_gguf

__all__ = ["NAME", "Precision", "write_gguf"]
