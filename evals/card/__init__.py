"""The model card: what changed, whether it is better, what it was trained on, and what it should not be used for.

After Mitchell et al. 2019 (arXiv:1810.03993), ordered by what a reviewer asks; the page is the template beside this
file. The card says what the reports say and nothing else; a figure that is not there is left out, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment

__all__ = ["render"]

Json = Mapping[str, Any]


def render(
    *,
    name: str,
    lineage: Json,
    corpus: Json,
    phases: Sequence[Json],
    evaluation: Json,
    verdict: Json,
    gguf: Json,
) -> str:
    """Return the card as Markdown.

    Args:
        name: of the model.
        lineage: `stages`, `recipe`, `base_model`, `software`.
        corpus: the corpus manifest.
        phases: the training reports, in order.
        evaluation: report.json of the evaluation.
        verdict: verdict.json of the evaluation.
        gguf: gguf_report.json of the model.
    """
    # It is no HTML: `_plain` escapes each value, whatever the template does with it.
    pages = Environment(undefined=ChainableUndefined, finalize=_plain, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 # nosec B701
    pages.tests["known"] = lambda value: isinstance(value, int | float) and math.isfinite(value) and value > 0
    pages.filters["share"] = _share
    page = pages.from_string(Path(__file__).with_name("card.md.j2").read_text(encoding="utf-8"))
    text = page.render(
        name=name,
        lineage=lineage,
        corpus=corpus,
        phases=phases,
        evaluation=evaluation,
        verdict=verdict,
        gguf=gguf,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _share(found: Json) -> str:
    """A share of planted values with its interval."""
    return f"{found['missed'] / found['planted']:.1%} [{found['low']:.1%}, {found['high']:.1%}]".replace("%", " %")


def _plain(value: object) -> str:
    """Text of a report as text of the card: the name of a source must not become a link, a table or a script."""
    text = "" if value is None else " ".join(str(value).split())[:400]
    escaped = re.sub(r"([\\`*\[\]|])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
