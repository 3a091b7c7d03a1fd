"""The model card says what the reports say, and nothing in a report can dress up as part of the card."""

from __future__ import annotations

from typing import Any

import pytest

from evals.card import render

pytestmark = pytest.mark.unit


def reports() -> dict[str, Any]:
    change = {"point": 0.012, "low": -0.001, "high": 0.026, "standard_error": 0.008}
    task = {"form": "multiple_choice", "items": 94, "champion": 0.771, "candidate": 0.783, "difference": change}
    return {
        "name": "cleo",
        "lineage": {
            "stages": {"masked_corpus": {"digest": "c0ffee" * 10, "fingerprint": "f"}},
            "recipe": {
                "name": "smollm2_demo",
                "moe": {"num_experts": 4, "top_k": 2},
                "optimizer": {"lr": 2e-5},
                "tokens_per_step": 4096,
            },
            "base_model": {"digest": "ba5e" * 16, "resolved": {"origin": "SmolLM2-135M-Instruct (Apache-2.0)"}},
            "software": {"torch": "2.13.0"},
        },
        "corpus": {
            "sources": {"sotu": {"train": 900, "heldout": 60, "bytes": 2_500_000, "licence": ["public domain"]}},
            "pii": {"replaced": {"EMAIL_ADDRESS": 41, "PERSON": 1200}},
        },
        "phases": [
            {"phase": "foundation", "tokens": 32768, "loss_before": {"prose": 3.2}, "loss_after": {"prose": 3.04}}
        ],
        "evaluation": {
            "task_set": "7a5c" * 16,
            "probes": {"conduct": {"summary": "3 of 6 harmful requests refused"}},
        },
        "verdict": {
            "verdict": "NON_INFERIOR",
            "reason": "macro difference +1.20 pp",
            "plan_digest": "91a4" * 16,
            "champion_digest": "c4a3" * 16,
            "per_task": {"cleo_knowledge": {**task, "guard_violated": False}},
        },
        "gguf": {
            "precision": "q8_0",
            "bytes": 398_899_104,
            "reason": "q8_0 computes the same",
            "comparisons": [
                {
                    "precision": "q8_0",
                    "bytes": 398_899_104,
                    "loss": 3.2657,
                    "gguf_loss": 3.2662,
                    "difference": {"mean": 0.0005, "low": -0.0061, "high": 0.0071},
                    "greedy_tokens": 88,
                    "greedy_equal": 87,
                    "tokenizer_equal": True,
                }
            ],
        },
    }


def test_the_card_answers_what_a_reviewer_asks() -> None:
    card = render(**reports())
    for said in (
        "# cleo",
        "4 experts, top-2",
        "SmolLM2-135M-Instruct",
        "**NON-INFERIOR**: macro difference +1.20 pp",
        "| cleo_knowledge | score | 94 |",
        "+1.20 pp [-0.10, +2.60]",
        "| foundation | 32,768 | prose | 3.2000 | 3.0400 | -5.00 % |",
        "| sotu | 900 | 2.50 MB | public domain |",
        "EMAIL_ADDRESS 41, PERSON 1,200",
        "3 of 6 harmful requests refused",
        "`model.gguf` is the same weights for llama.cpp, in q8_0 (399 MB). q8_0 computes the same",
        "| q8_0 | 399 | 3.2657 | 3.2662 | +0.0005 [-0.0061, +0.0071] | 87 of 88 | yes |",
        "## Limits",
        "`c0ffeec0ffeec0ff`",
    ):
        assert said in card


def test_a_card_is_made_of_what_there_is() -> None:
    empty: dict[str, Any] = {"lineage": {}, "corpus": {}, "phases": [], "evaluation": {}, "verdict": {}, "gguf": {}}
    card = render(name="cleo", **empty)
    assert "## Limits" in card
    assert "None" not in card
    assert "nan" not in card


def test_text_of_a_report_cannot_become_a_link_a_script_or_a_row() -> None:
    given = reports()
    attack = "<script>x</script> [click](http://evil) | yes |\n# approved `x`"
    given["corpus"]["sources"] = {attack: {"train": 1, "bytes": 1, "licence": attack}}
    given["verdict"]["reason"] = attack
    given["verdict"]["per_task"] = {}
    card = render(**given)
    assert "<script>" not in card
    assert "[click](" not in card
    assert "\n# approved" not in card
    (row,) = (line for line in card.splitlines() if line.startswith("| &lt;script"))
    assert row.replace("\\|", "").count("|") == 5


def test_the_card_says_what_masking_is_estimated_to_have_missed() -> None:
    given = reports()
    share = {"planted": 40, "missed": 2, "low": 0.0138, "high": 0.165}
    given["corpus"]["pii"]["missed"] = {
        "overall": share,
        "types": {"PERSON": share},
        "sources": {"sotu": share},
        "second": {"sotu": {"finds": {"PERSON": 3}, "characters": 60_000}},
    }
    card = render(**given).replace("\\[", "[").replace("\\]", "]")
    assert (
        "of 40 values planted into copies of the sources' text, 2 came through masking (5.0 % [1.4 %, 16.5 %])" in card
    )
    assert "| PERSON | 1,200 | 40 | 2 | 5.0 % [1.4 %, 16.5 %] |" in card
    assert "- sotu: 2 of 40 planted values missed" in card
    assert "a second detector found 3 more in 60,000 characters" in card
    assert "estimated" not in render(**reports())
