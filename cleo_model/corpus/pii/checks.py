"""The checks of a masked corpus. One that had nothing to check says so and is not green."""

from __future__ import annotations

from cleo_core.stage.declaration import Outcome, Results
from cleo_core.stage.execution import StageResult
from cleo_model.corpus.pii.manifest import MaskingSummary
from cleo_model.corpus.pii.missed.account import MissedPii
from cleo_model.corpus.pii.missed.estimate import Estimate
from cleo_model.corpus.pii.planted import read_planted
from cleo_model.corpus.pii.residue import residue

MUCH = 0.25
"""Of a source whose share of missed values is surely above this a person is warned."""
WORST = 3


def no_residue(result: StageResult, inputs: Results) -> Outcome:
    """Whether a value that the built-in dialogues planted is left."""
    planted = read_planted(inputs["raw_corpus"].path)
    left = residue(result.path, planted)
    figures = {"found": len(left), "planted": len(planted)}
    if not planted:
        reason = (
            "There was nothing to check: only the built-in dialogues come with planted values, and they are no source "
            "of this corpus. What masking misses in it says the check what_masking_misses_is_known."
        )
        return Outcome(False, reason, figures, warns=True)
    where = ", ".join(sorted({f"{value.type} in {value.record}" for value in left})[:5])
    told = f"{len(left)} of {len(planted)} planted values survived masking: {where}."
    return Outcome(not left, told if left else f"None of {len(planted)} survived.", figures)


def misses_are_known(result: StageResult, _: Results) -> Outcome:
    """Whether it is known of every source how much masking misses in it, and that it is not surely much."""
    summary = MaskingSummary.of(result)
    missed = summary.pii.missed
    unknown = sorted(set(summary.sources) - set(missed.sources if missed else ()) - {"canaries"})
    if missed is None or not missed.overall.planted or unknown:
        reason = f"Nothing could be planted in {', '.join(unknown) or 'any source'}, so nothing is known of it."
        return Outcome(False, reason, {"planted": missed.overall.planted if missed else 0}, warns=True)
    much = {source: each for source, each in missed.sources.items() if each.low > MUCH}
    told = f"{_share(missed.overall)} of the values planted into copies came through. {_worst(missed)}"
    if much:
        told += f" Above {100 * MUCH:.0f} % for sure: {', '.join(f'{s} {_share(e)}' for s, e in sorted(much.items()))}."
    figures = {"planted": missed.overall.planted, "missed": missed.overall.missed}
    return Outcome(not much, told, figures | {s: str(e) for s, e in missed.sources.items()}, warns=bool(much))


def second_agrees(result: StageResult, _: Results) -> Outcome:
    """Whether the second detector found no more in any source than the limit allows."""
    missed = MaskingSummary.of(result).pii.missed
    characters = sum(each.characters for each in missed.second.values()) if missed else 0
    if missed is None or not characters:
        return Outcome(False, "There was nothing to check: no masked text could be read again.", warns=True)
    found = sum(sum(each.finds.values()) for each in missed.second.values())
    figures = {"found": found, "characters": characters, "limit in 100,000 characters": missed.limit}
    above = missed.above()
    if not above:
        return Outcome(True, f"{found} finds in {characters:,} characters of masked text.", figures)
    told = "; ".join(
        f"{source}: {', '.join(f'{kind} {count}' for kind, count in sorted(each.finds.items()))} in "
        f"{each.characters:,} characters, as in {', '.join(each.named)}"
        for source, each in sorted(above.items())
    )
    mend = (
        "Look at these records. What is personal and was left: add a deny list or a recognizer to the source; what is "
        "not: raise CLEO_MODEL_MISSED_LIMIT."
    )
    return Outcome(False, f"Above {missed.limit:g} finds in 100,000 characters: {told}. {mend}", figures)


def _share(estimate: Estimate) -> str:
    return f"{100 * estimate.rate:.0f} % (95 % interval {100 * estimate.low:.0f} to {100 * estimate.high:.0f} %)"


def _worst(missed: MissedPii) -> str:
    worst = sorted(missed.types.items(), key=lambda pair: (-pair[1].rate, pair[0]))[:WORST]
    return f"Most: {', '.join(f'{kind} {100 * each.rate:.0f} %' for kind, each in worst)}."
