"""The GGUF of the chain: q8_0 where it is the same model, else bf16, else none, with the figures that say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from cleo_core.errors import UnusableModel
from cleo_core.files import write_json
from cleo_core.markdown import table
from cleo_core.model_folder import GGUF as NAME
from cleo_core.progress import Reporter
from cleo_core.stage.declaration import Outcome, Results, StageSettings, Summary
from cleo_core.stage.execution import StageResult
from cleo_model.errors import UnsupportedArchitecture
from cleo_model.gguf.compare import MARGIN, Comparison, Reference, compare
from cleo_model.gguf.quantize import Precision, Wanted
from cleo_model.gguf.sample import draw
from cleo_model.gguf.write import write_gguf

REPORT = "gguf_report.json"
TOKENS = 768
"""Held-out tokens that are compared: seconds on two cores."""


class GgufSettings(StageSettings):
    """Which GGUF is wanted, and what it is compared with what."""

    wanted: Wanted = "auto"
    tokens: int = TOKENS
    margin: float = MARGIN
    name: str = "cleo"
    """What the file calls the model."""
    llama_cpp: str = ""
    """Version of xllamacpp."""
    kernels: str = ""
    """Instruction set of the machine: it moves the last digits of both sides."""


class GgufSummary(Summary):
    """gguf_report.json: which GGUF was made, and how it compares."""

    precision: Precision | None = None
    """None: there is none, for the reason given."""
    bytes: int = 0
    reason: str
    comparisons: list[Comparison] = Field(default_factory=list)
    """Of each file that was tried, in order; the last one counts."""


def make_gguf(model: Path, curriculum: Path, settings: GgufSettings, out: Path, report: Reporter) -> GgufSummary:
    """Write `out`/model.gguf where a GGUF is the same model, and `out`/gguf_report.json in any case.

    Raises:
        LlamaCppFailed: llama.cpp is not here, crashed, or took too long.
        UnsafeWeights, UnusableModel: the folder holds no model that can be read.
    """
    summary = _made(model, curriculum, settings, out, report)
    write_json(out / REPORT, summary.model_dump(mode="json"))
    report(summary.reason)
    return summary


def _made(model: Path, curriculum: Path, settings: GgufSettings, out: Path, report: Reporter) -> GgufSummary:
    if settings.wanted == "none":
        return GgufSummary(reason="No GGUF is wanted (CLEO_MODEL_GGUF=none).")
    tried: list[Comparison] = []
    reference: Reference | None = None
    for precision in (Precision.Q8_0, Precision.BF16) if settings.wanted == "auto" else (Precision.BF16,):
        try:
            written = write_gguf(model, out / NAME, precision, report, name=settings.name)
        except UnsupportedArchitecture as error:
            return GgufSummary(reason=f"No GGUF was made: {error.message}", notes=[error.message])
        except UnusableModel:
            # Rows that do not fill the blocks of q8_0; whatever else is wrong is so in bf16, too.
            if precision is Precision.BF16:
                raise
            continue
        reference = reference or Reference(model, draw(model, curriculum, settings.tokens))
        report(f"comparing the {precision} GGUF with the safetensors")
        found = compare(written, reference, settings.margin)
        tried.append(found)
        if found.same:
            return GgufSummary(
                precision=precision,
                bytes=written.bytes,
                reason=found.sentence,
                comparisons=tried,
                markdown={"GGUF beside safetensors": figures(tried)},
            )
        (out / NAME).unlink()
    reason = " ".join(["No GGUF was kept.", *(each.sentence for each in tried)])
    return GgufSummary(
        reason=reason, notes=[reason], comparisons=tried, markdown={"GGUF beside safetensors": figures(tried)}
    )


def figures(comparisons: list[Comparison]) -> str:
    """The comparisons as a table."""
    head = ["type", "MB", "loss", "loss of the GGUF", "difference (95 %)", "greedy tokens equal", "the same model"]
    rows = (
        [
            each.precision,
            f"{each.bytes / 1e6:,.0f}",
            f"{each.loss:.4f}",
            f"{each.gguf_loss:.4f}",
            f"{each.difference.mean:+.4f} [{each.difference.low:+.4f}, {each.difference.high:+.4f}]",
            f"{each.greedy_equal} of {each.greedy_tokens}",
            "yes" if each.same else f"no: {'; '.join(each.problems)}",
        ]
        for each in comparisons
    )
    return table(head, rows, "lrrrlrl")


def same_model(result: StageResult, _: Results) -> Outcome:
    """A check: a bundle without a GGUF is whole, so that there is none is a warning."""
    found = GgufSummary.of(result)
    last = found.comparisons[-1] if found.comparisons else None
    # A plain string: Dagster takes no enumeration.
    told: dict[str, Any] = {"precision": str(found.precision or "none"), "megabytes": round(found.bytes / 1e6)}
    if last:
        told |= {
            "loss difference": last.difference.mean,
            "at most": last.difference.high,
            "greedy tokens equal": f"{last.greedy_equal} of {last.greedy_tokens}",
        }
    return Outcome(found.precision is not None, found.reason, told, warns=True)
