"""What the training benchmarks share: text of three domains, the tiny model, and training it in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cleo_core.errors import InputError
from cleo_core.progress import Reporter, silent
from cleo_model.recipe import MoERecipe, Recipe
from cleo_model.training.phase import REPORT, PhaseReport

HELDOUT = 0.06
"""Share of the text that is held out: enough for a loss that is steady to a hundredth."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every run of a benchmark starts from: folders."""

    corpus: Path
    base: Path
    domains: tuple[str, ...]

    def run(self, recipe: Recipe, out: Path, report: Reporter) -> list[PhaseReport]:
        """Upcycle, pack and train by a recipe in `out`, phase after phase; the last phase's model is in `out`/model."""
        from cleo_model.moe.upcycle import init_moe
        from cleo_model.packing.pack import build_curriculum
        from cleo_model.training.result import write_result
        from cleo_model.training.trainer import Job, Trainer

        moe, curriculum = (_made(out / name) for name in ("moe", "curriculum"))
        init_moe(self.base, moe, recipe.moe or MoERecipe(), silent)
        build_curriculum(self.corpus, self.base, recipe.curriculum, curriculum, silent)
        model, state, reports = moe, None, []
        for phase in recipe.curriculum.phases:
            place = _made(out / phase.name)
            trainer = Trainer(Job(recipe, phase.name, model, state, curriculum, place), report)
            trainer.run()
            write_result(trainer)
            reports.append(PhaseReport.model_validate_json((place / REPORT).read_text()))
            model, state = place / "model", place / "state"
        (out / "model").symlink_to(model.resolve())
        return reports


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ground(data: Path | None, out: Path, report: Reporter) -> Ground:
    """The corpus (the built-in sources, or of `data` each folder and file as a domain) and the tiny model.

    Raises:
        InputError: `data` does not have two domains.
    """
    from cleo_model.base_model import resolve
    from cleo_model.corpus.heldout import hold_out
    from cleo_model.corpus.record import HELDOUT as HELDOUT_FILE
    from cleo_model.corpus.record import RECORDS, TRAIN, read_records, write_records
    from cleo_model.corpus.sources.builtin import content_fingerprint
    from cleo_model.corpus.sources.collect import CollectSettings, collect
    from cleo_model.corpus.sources.source import Source, default_sources

    corpus, base = _made(out / "corpus"), _made(out / "base")
    sources = tuple(default_sources())
    if data:
        places = sorted(path for path in data.iterdir() if not path.name.startswith(".")) if data.is_dir() else []
        sources = tuple(
            Source(name=path.stem, domain=path.stem, location=str(path.absolute()), licence="the user's own")
            for path in places
        )
        if len(sources) < 2:
            raise InputError(
                f"{data} holds {len(sources)} domains.", hint="Give a folder with a folder or file for each domain."
            )
    settings = CollectSettings(
        sources=sources,
        contents=tuple(map(content_fingerprint, sources)),
        max_record_bytes=2**20,
        canaries=0,
        seed=0,
    )
    collect(settings, corpus, report)
    chosen = hold_out(read_records(corpus / RECORDS), HELDOUT)
    for name, wanted in ((TRAIN, False), (HELDOUT_FILE, True)):
        records = read_records(corpus / RECORDS)
        write_records(corpus / name, (record for record in records if (record in chosen) is wanted))
    (corpus / RECORDS).unlink()
    resolve("tiny", base, silent)
    return Ground(corpus, base, tuple(sorted({source.domain for source in sources})))
