"""The datatrove pipelines of curation, as one worker runs them on its shard.

    shards ─> exact duplicates ─> language ─> profile ─> decontamination ─> screened, with MinHash signatures
                                                                                └─> near duplicates ─> kept
Every step leaves its verdicts beside (`verdicts`). The same functions are run by processes of this machine or by tasks
of a Ray cluster (`cleo_model.corpus.shards`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig
from numpy.typing import NDArray

from cleo_model.corpus.curate.filters import LanguageLabel, ProfileFilter
from cleo_model.corpus.curate.overlap import DecontaminationFilter, Overlap
from cleo_model.corpus.curate.verdicts import NEAR, VerdictWriter
from cleo_model.corpus.curate.words import ngram_hashes, words_of
from cleo_model.corpus.shards import Progress, read_shard

HASHES = HashConfig(hash_fc="sha1")
"""For grouping, not for security; datatrove's default calls xxhash in a way that its version 4 no longer takes."""
MINHASH = MinhashConfig(hash_config=HASHES)
"""14 buckets of 8 hashes over 5-grams: finds pairs that are 80 % alike 92 times in 100."""
VERDICTS = "verdicts"


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


class Signatures(MinhashDedupSignature):  # type: ignore[misc]  # datatrove is untyped
    """datatrove's, over words that the step before has made already and n-grams that numpy hashes."""

    def get_shingles(self, text: str) -> NDArray[np.uint64]:
        return ngram_hashes(words_of(text), self.config.n_grams).reshape((-1, 1))


class NearDuplicates(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Writes about every document whether it is kept, which near-duplicates it is one of, and how many these are.

    datatrove's filter leaves a cluster out where none of its documents in the shard goes.
    """

    name, type = "near duplicates", "dedup"

    def __init__(self, clusters: str, verdicts: str) -> None:
        super().__init__()
        self.clusters = Path(clusters)
        self.verdicts = verdicts

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        gone = set(self._numbers(rank, "remove").tolist())
        cluster, size = self._pairs(rank, "clusters"), self._pairs(rank, "sizes")
        with VerdictWriter(self.verdicts) as writer:
            for place, document in enumerate(data):
                document.metadata |= {"cluster": cluster.get(place, -1), "size": size.get(place, 1)}
                if place in gone and document.metadata["near_duplicates"] == "drop":
                    document.metadata["filter_reason"] = NEAR
                writer.write(document, rank)
                yield document

    def _pairs(self, rank: int, kind: str) -> dict[int, int]:
        """Of each document, by its place, the number that belongs to it."""
        pairs = self._numbers(rank, kind).reshape(-1, 2)
        return dict(zip(pairs[:, 0].tolist(), pairs[:, 1].tolist(), strict=True))

    def _numbers(self, rank: int, kind: str) -> NDArray[np.uint32]:
        path = self.clusters / f"{rank:06d}.{kind}"
        return np.fromfile(path, dtype="<u4") if path.is_file() else np.empty(0, dtype=np.uint32)


def _content(document: Document) -> str:
    return " ".join(document.text.casefold().split())


EXACT = ExactDedupConfig(content_getter=_content, hash_config=HASHES)
"""Documents are the same when they differ in case and white space only."""


def screen_shard(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Language, profile, decontamination; and the MinHash signatures of what is left."""
    folders = Folders(job["scratch"])

    def dropped(step: str, reason: str = "") -> VerdictWriter:
        return VerdictWriter(folders[f"{VERDICTS}/{step}"], reason)

    InProcess(
        [
            ShardReader(folders["shards"]),
            Count(progress),
            ExactDedupFilter(folders["exact/duplicates"], EXACT, exclusion_writer=dropped("exact", "exact_duplicate")),
            LanguageLabel(),
            ProfileFilter(exclusion_writer=dropped("profile")),
            DecontaminationFilter(folders["index"], exclusion_writer=dropped("decontamination")),
            JsonlWriter(folders["screened"], compression=None),
            Signatures(folders["minhash/signatures"], MINHASH),
        ],
        folders["logs/screen"],
        int(job["ranks"]),
    ).run([rank])


def find_exact(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Index what is to be kept out, and find documents that are the same (one rank)."""
    folders = Folders(job["scratch"])
    Overlap.of(json.loads(Path(job["eval_texts"]).read_text(encoding="utf-8"))).save(Path(folders["index"]))
    signatures = ExactDedupSignature(folders["exact/signatures"], EXACT)
    InProcess([ShardReader(folders["shards"]), signatures], folders["logs/exact"], int(job["ranks"])).run()
    find = ExactFindDedups(folders["exact/signatures"], folders["exact/duplicates"], EXACT)
    InProcess([find], folders["logs/exact-find"]).run()


def find_near(job: dict[str, Any], rank: int, progress: Progress) -> None:
    """Find documents that are nearly the same, and give all but one of each cluster up (one rank)."""
    folders = Folders(job["scratch"])
    buckets = MinhashDedupBuckets(folders["minhash/signatures"], folders["minhash/pairs"], config=MINHASH)
    InProcess([buckets], folders["logs/buckets"], MINHASH.num_buckets).run()
    known = {"save_cluster_id": True, "save_cluster_size": True}
    cluster = MinhashDedupCluster(folders["minhash/pairs"], folders["minhash/remove"], config=MINHASH, **known)
    InProcess([cluster], folders["logs/cluster"]).run()
    last = NearDuplicates(folders["minhash/remove"], folders[f"{VERDICTS}/near"])
    InProcess([ShardReader(folders["screened"]), last], folders["logs/near"], int(job["ranks"])).run()
