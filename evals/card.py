"""The model card: what changed, whether it is better, what it was trained on, and what it should not be used for.

After Mitchell et al. 2019 (arXiv:1810.03993), ordered by what a reviewer asks. The card says what the reports say and
nothing else; a figure that is not there is left out, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["render"]

Json = Mapping[str, Any]
MEANING = {
    "SUPERIOR": "Better than the champion.",
    "NON_INFERIOR": "As good as the champion within the margin.",
    "INCONCLUSIVE": "Not decided: there are too few items to tell.",
    "INFERIOR": "Worse than the champion.",
    "INVALID": "Not comparable with the champion.",
}
LIMITS = (
    "It is as small as its base model: it states wrong things fluently. Check what matters.",
    "It was evaluated in English, on short items; nothing is known about other languages.",
    "The conduct probe is a dozen prompts. It is no safety evaluation; put filters of your own around the model.",
    "Personal data of the corpus was replaced by surrogates. What the base model had learned before is not removed.",
)


def render(
    *,
    name: str,
    lineage: Json,
    corpus: Json,
    phases: Sequence[Json],
    evaluation: Json,
    verdict: Json,
) -> str:
    """Return the card as Markdown.

    Args:
        name: of the model.
        lineage: `stages`, `recipe`, `base_model`, `software`.
        corpus: the corpus manifest.
        phases: the training reports, in order.
        evaluation: report.json of the evaluation.
        verdict: verdict.json of the evaluation.
    """
    parts = [
        f"# {_plain(name)}",
        _summary(lineage, verdict),
        "## Is it better?",
        _verdict(verdict),
        _tasks(verdict),
        _probes(evaluation),
        "## What changed",
        _recipe(lineage),
        _losses(phases),
        "## Trained on",
        _sources(corpus),
        "## Limits",
        _bullets(LIMITS),
        "## Where it comes from",
        _origin(lineage, evaluation, verdict),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(lineage: Json, verdict: Json) -> str:
    recipe, base = lineage.get("recipe", {}), lineage.get("base_model", {})
    moe = recipe.get("moe") or {}
    experts = moe.get("num_experts")
    kind = f"A Mixture-of-Experts model of {experts} experts, top-{moe.get('top_k')}," if experts else "A model"
    origin = base.get("resolved", {}).get("origin") or recipe.get("base_model", "an unnamed base model")
    return f"{kind} grown from {_plain(origin)}. {MEANING.get(str(verdict.get('verdict')), '')}".strip()


def _verdict(verdict: Json) -> str:
    word = _plain(str(verdict.get("verdict", "unknown"))).replace("_", "-")
    return f"**{word}**: {_plain(str(verdict.get('reason', 'no reason was given')))}"


def _tasks(verdict: Json) -> str:
    rows = []
    for name, task in (verdict.get("per_task") or {}).items():
        change, unit = task["difference"], "%" if task["form"] == "perplexity" else "pp"
        what = "bits per byte" if task["form"] == "perplexity" else "score"
        rows.append(
            [
                _plain(name),
                what,
                str(task["items"]),
                f"{task['champion']:.3f}",
                f"{task['candidate']:.3f}",
                f"{100 * change['point']:+.2f} {unit} [{100 * change['low']:+.2f}, {100 * change['high']:+.2f}]",
                "violated" if task["guard_violated"] else "kept",
            ]
        )
    return _table(["task", "measure", "items", "champion", "this model", "change (90 %)", "guard"], rows)


def _probes(evaluation: Json) -> str:
    found = evaluation.get("probes") or {}
    return _bullets(
        f"{_plain(title.replace('_', ' ').capitalize())}: {_plain(str(value.get('summary', '')))}"
        for title, value in found.items()
    )


def _recipe(lineage: Json) -> str:
    recipe = lineage.get("recipe", {})
    if not recipe:
        return ""
    optimizer = recipe.get("optimizer") or {}
    moe = recipe.get("moe") or {}
    facts = {
        "recipe": recipe.get("name"),
        "experts": moe.get("num_experts") and f"{moe['num_experts']}, top-{moe.get('top_k')}",
        "learning rate": optimizer.get("lr"),
        "tokens per step": recipe.get("tokens_per_step"),
    }
    return _bullets(f"{label}: {_plain(str(value))}" for label, value in facts.items() if value)


def _losses(phases: Sequence[Json]) -> str:
    rows = []
    for phase in phases:
        for domain, after in (phase.get("loss_after") or {}).items():
            before = (phase.get("loss_before") or {}).get(domain)
            known = isinstance(before, int | float) and math.isfinite(before) and before > 0
            rows.append(
                [
                    _plain(str(phase.get("phase", ""))),
                    f"{phase['tokens']:,}" if isinstance(phase.get("tokens"), int) else "",
                    _plain(domain),
                    f"{before:.4f}" if known else "",
                    f"{after:.4f}",
                    f"{100 * (after / before - 1):+.2f} %" if known else "",
                ]
            )
    return _table(["phase", "tokens", "held-out", "loss before", "loss after", "change"], rows)


def _sources(corpus: Json) -> str:
    rows = []
    for source, counts in (corpus.get("sources") or {}).items():
        licence = counts.get("licence", "")
        rows.append(
            [
                _plain(source),
                str(counts.get("train", counts.get("records", ""))),
                f"{counts['bytes'] / 1e6:.2f} MB" if isinstance(counts.get("bytes"), int | float) else "",
                _plain(", ".join(licence) if isinstance(licence, list) else str(licence)),
            ]
        )
    replaced = (corpus.get("pii") or {}).get("replaced") or {}
    pii = ", ".join(f"{_plain(kind)} {count:,}" for kind, count in sorted(replaced.items()))
    table = _table(["source", "records", "text", "licence"], rows)
    return "\n\n".join(part for part in (table, f"Personal data replaced by surrogates: {pii}." if pii else "") if part)


def _origin(lineage: Json, evaluation: Json, verdict: Json) -> str:
    facts = {
        "base model": (lineage.get("base_model") or {}).get("digest"),
        **{name: stage.get("digest") for name, stage in (lineage.get("stages") or {}).items()},
        "evaluated against": verdict.get("champion_digest"),
        "task set": evaluation.get("task_set"),
        "evaluation plan": verdict.get("plan_digest"),
    }
    digests = [f"{_plain(name.replace('_', ' '))}: `{str(value)[:16]}`" for name, value in facts.items() if value]
    software = [f"{_plain(name)} {_plain(str(version))}" for name, version in (lineage.get("software") or {}).items()]
    return _bullets([*digests, *([f"software: {', '.join(software)}"] if software else [])])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text of a report as text of the card: the name of a source must not become a link, a table or a script."""
    escaped = re.sub(r"([\\`*\[\]|])", r"\\\1", " ".join(text.split())[:400])
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
