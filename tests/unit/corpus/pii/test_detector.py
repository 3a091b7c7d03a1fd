"""The detector: more evidence never masks less, lists and profiles do what they say, batches change nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleo_core.files import read_jsonl, write_jsonl
from cleo_model.corpus.pii import detect
from cleo_model.corpus.pii.detector import Detector, covered
from cleo_model.corpus.pii.entities import ENTITIES
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.patterns import direct_patterns, strict_patterns
from cleo_model.corpus.pii.policy import MaskingPolicy
from cleo_model.corpus.pii.recognizers import YamlRecognizers

pytestmark = pytest.mark.unit

VALUES = (
    "The guard is at (415) 555-2671.", "My passport number is X1234567.", "Ask Lakshmi Venkataraman.",
    "It is jo@kiosk.org.", "I live at 742 Evergreen Terrace, Springfield, OR 97403.",
    "Refund DE89 3704 0044 0532 0130 00.", "Tel. 9472 7916", "Dial 98765 43210 now.", "password: Tr0ub4dor&3",
    "My machine at 84.17.45.130 is slow.", "I was born on 12 March 1984.", "Card 4539 1488 0343 6467.",
    "She is Belgian, aged 44, from Portugal.", "Hauptstrasse 12, 10115 Berlin",
    "See linkedin.com/in/rachel-thornton-4812.", "My name is Oluwaseun.",
)  # fmt: skip
AROUND = (
    "", "Please call the office.", "It is 5 o'clock.", "Version 1.2.3 is out.", "The card was lost.", "Write to us.",
    "Text me.", "No number is known.", "He lives in Lyon.", "Order 12345 came.", "Hi there,", "Dear all,",
    "Paid 30 EUR.", "Thanks!", "See page 12.", "On 5 May we met.", "This is Python code.", "The token expired.",
    "call 12",
)  # fmt: skip


class Planned:
    """A finder that finds what it was told to."""

    name = "planned"

    def __init__(self, finds: Sequence[Find]) -> None:
        self._finds = list(finds)

    def find(self, texts: Sequence[str]) -> list[list[Find]]:
        return [[f for f in self._finds if f.end <= len(text)] for text in texts]


def strict(*more: Any, **policy: Any) -> Detector:
    finders = [direct_patterns(), strict_patterns(), *more]
    return Detector(MaskingPolicy(masking="strict", **policy), finders=finders)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(VALUES),
    st.lists(st.sampled_from(AROUND), max_size=3),
    st.lists(st.sampled_from(AROUND), max_size=3),
    st.sampled_from([" ", "\n"]),
)
def test_context_never_unmasks_a_character(value: str, before: list[str], after: list[str], joint: str) -> None:
    start = len(joint.join([*before, ""]))
    text = joint.join([*before, value, *after])
    alone, among = strict().find([value, text])
    assert alone
    assert {start + place for place in covered(alone)} <= set(covered(among))


finds = st.builds(
    lambda start, size, entity: Find(start, start + size, entity, 1.0, "planned"),
    st.integers(0, 40), st.integers(1, 20), st.sampled_from(ENTITIES),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(VALUES), st.lists(finds, max_size=6), st.lists(finds, max_size=6))
def test_another_finder_and_another_find_never_unmask_a_character(
    value: str, some: list[Find], more: list[Find]
) -> None:
    text = f"{value} {'and so on ' * 5}"
    without = covered(strict().find([text])[0])
    fewer = covered(strict(Planned(some)).find([text])[0])
    all_of_them = covered(strict(Planned([*some, *more])).find([text])[0])
    assert set(without) <= set(fewer) <= set(all_of_them)


def test_a_value_that_is_allowed_is_left_and_one_that_is_denied_goes() -> None:
    text = "Ask Lakshmi Venkataraman or Rachel Thornton about Project  Nightingale."
    policy = MaskingPolicy(allow=("lakshmi venkataraman",), deny=("project nightingale",))
    found = {text[f.start : f.end] for f in Detector(policy).find([text])[0]}
    assert "Project  Nightingale" in found
    assert {f.entity for f in Detector(policy).find(["Project Nightingale"])[0]} == {"DENIED"}
    policy = MaskingPolicy(deny=("acme",))
    assert [f.entity for f in Detector(policy).find(["Acme: jo@acme.com"])[0]] == ["DENIED", "EMAIL_ADDRESS"]
    assert not any("Lakshmi" in value for value in found)
    # The same text without the lists: the other way round.
    found = {text[f.start : f.end] for f in Detector(MaskingPolicy()).find([text])[0]}
    assert "Lakshmi Venkataraman" in found
    assert not any("Nightingale" in value for value in found)


def test_direct_leaves_what_only_strict_masks_and_kept_names_are_left() -> None:
    text = "Ask Lakshmi Venkataraman in Portugal, she is 44 years old: jo@kiosk.org"
    of = {
        name: {f.entity for f in Detector(MaskingPolicy(masking=profile), keep_names=keep).find([text])[0]}
        for name, profile, keep in (("direct", "direct", False), ("strict", "strict", False), ("kept", "direct", True))
    }  # fmt: skip
    assert of["direct"] == {"PERSON", "EMAIL_ADDRESS"}
    assert of["strict"] >= {"PERSON", "EMAIL_ADDRESS", "LOCATION", "AGE"}
    assert of["kept"] == {"EMAIL_ADDRESS"}


def test_the_assistants_own_name_is_left() -> None:
    names = [Find(7, 11, "PERSON", 1.0, "planned")]
    detector = Detector(MaskingPolicy(), finders=[Planned(names)])
    assert [len(finds) for finds in detector.find(["Hello, Cleo!", "Hello, Cloe!"])] == [0, 1]


def test_recognizers_of_ones_own_are_read_in_presidios_form() -> None:
    yaml = """
recognizers:
  - name: badge
    supported_language: en
    supported_entity: EMPLOYEE_ID
    patterns: [{name: badge, regex: 'BDG-\\d{5}', score: 0.9}, {name: weak, regex: '\\bK\\d{4}\\b', score: 0.1}]
    context: [badge]
  - name: ships
    supported_language: en
    supported_entity: PERSON
    deny_list: [Aurora Borealis]
"""
    text = "BDG-12345 went aboard Aurora Borealis. His badge K1234."
    values = {"BDG-12345", "Aurora Borealis", "K1234"}
    alone, without = YamlRecognizers(yaml).find([text, "Route K1234 is closed"])
    assert {text[f.start : f.end] for f in alone} == values
    assert {f.entity for f in alone} == {"EMPLOYEE_ID", "PERSON"}
    assert without == []
    # The policy brings them into the detector.
    found = Detector(MaskingPolicy(recognizers=yaml)).find([text])[0]
    assert {text[f.start : f.end] for f in found} >= values
    # Also under the type that it names, whatever else is seen there.
    assert {text[f.start : f.end] for f in found if f.entity == "EMPLOYEE_ID"} == {"BDG-12345", "K1234"}
    assert not any(text[f.start : f.end] in values for f in direct_patterns().find([text])[0])


def test_batches_and_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = {"b": MaskingPolicy(masking="strict"), "c": MaskingPolicy(deny=("slow",))}
    rows = [
        {
            "id": f"{'abc'[n % 3]}/{n}",
            "profile": ("general", "reference")[n % 2],
            "keep_names": not n % 5,
            "text": value,
        }
        for n, value in enumerate(VALUES * 3)
    ]
    job = {"policies": {name: policy.model_dump(mode="json") for name, policy in policies.items()}}
    seen = []
    for batch, shards in ((1, 1), (7, 3), (1000, 2)):
        scratch = tmp_path / str(batch)
        monkeypatch.setattr(detect, "BATCH", batch)
        found = {}
        for rank in range(shards):
            write_jsonl(scratch / "shards" / f"{rank:05d}.jsonl", rows[rank::shards])
            detect.detect_shard(json.loads(json.dumps({**job, "scratch": str(scratch)})), rank, lambda _: None)
            found |= {row["id"]: row for row in read_jsonl(scratch / "found" / f"{rank:05d}.jsonl")}
        seen.append([found[row["id"]] for row in rows])
    assert seen[0] == seen[1] == seen[2]
    assert sum(len(row["spans"]) for row in seen[0]) > len(rows) // 2
    assert all(row["finders"] for row in seen[0] if row["spans"])
