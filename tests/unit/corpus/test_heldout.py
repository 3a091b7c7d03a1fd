"""The held-out part: decided by content, so that a corpus that grows is never trained on what it was judged on."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from cleo_model.corpus.heldout import document_key, hold_out, is_heldout
from cleo_model.corpus.record import RESERVED, Record

pytestmark = pytest.mark.unit

SHARE = 0.06


def record(text: str, place: str = "", group: str = "", domain: str = "prose") -> Record:
    name = place or text
    return Record.make(name=name, source="mine", domain=domain, licence="CC0-1.0", text=text, group=group)


def made(count: int, domain: str = "prose") -> list[Record]:
    return [record(f"Text of the {domain} record with number {n}.", f"file:{n}", domain=domain) for n in range(count)]


def judged_on(records: list[Record], share: float = SHARE) -> set[str]:
    chosen = hold_out(records, share)
    return {each.text for each in records if each in chosen}


def test_the_held_out_part_has_the_stated_size_and_grows_with_the_share() -> None:
    records = made(4000)
    chosen = judged_on(records)
    assert 0.045 < len(chosen) / len(records) < 0.075
    assert chosen == judged_on(list(reversed(records)))
    assert chosen < judged_on(records, 0.12)


def test_a_corpus_that_grows_never_trains_on_what_it_was_judged_on() -> None:
    first = made(200)
    versions = [first]
    rng = random.Random(5)
    for version in range(4):
        # Records are put in front, in the midst and at the end, and each stands in another place than before.
        grown = versions[-1] + made(60, f"version{version}")
        rng.shuffle(grown)
        versions.append([record(each.text, f"file:{place}") for place, each in enumerate(grown)])
    for before, after in pairwise(versions):
        trained = {each.text for each in after} - judged_on(after)
        assert judged_on(before)
        assert not judged_on(before) & trained


def test_case_and_white_space_move_no_text_to_the_other_side() -> None:
    for each in made(300):
        other = record(each.text.upper().replace(" ", "\n "), "elsewhere")
        assert is_heldout(each, 0.5) == is_heldout(other, 0.5)


def test_a_group_is_held_out_as_a_whole() -> None:
    for group in range(50):
        assert len({is_heldout(record(f"{group}-{number}", group=str(group)), 0.5) for number in range(8)}) == 1


def test_a_document_that_grows_or_is_moved_stays_on_its_side() -> None:
    rng = random.Random(7)

    def paragraph() -> str:
        return " ".join(rng.choice(("press", "valve", "filter", "shift", "clean", "oil")) for _ in range(20))

    stayed = 0
    for _ in range(200):
        text = [paragraph() for _ in range(12)]
        grown = [paragraph(), *text, paragraph()]
        stayed += document_key("\n\n".join(text)) == document_key("\n\n".join(grown))
    assert stayed >= 150  # 12 of 14 paragraphs are shared: 171 are expected


def test_a_canary_is_never_held_out() -> None:
    canaries = [replace(each, source=RESERVED) for each in made(100)]
    assert not any(is_heldout(one, 0.5) for one in canaries)
    assert any(is_heldout(one, 0.5) for one in made(100))


@pytest.mark.parametrize("count", [2, 3, 8, 10, 30])
def test_of_every_domain_one_record_at_least_is_held_out_and_one_trained_on(count: int) -> None:
    for seed in range(40):
        records = [*made(count, f"small{seed}"), *made(400)]
        chosen = hold_out(records, SHARE)
        small = [each in chosen for each in records[:count]]
        assert any(small)
        assert not all(small)
        told = [note for note in chosen.notes if f"small{seed}" in note]
        assert bool(told) == (not any(is_heldout(each, SHARE) for each in records[:count]))


def test_of_two_records_both_below_the_share_one_is_trained_on() -> None:
    pairs = (made(2, f"domain{n}") for n in range(99))
    both = next(pair for pair in pairs if all(is_heldout(each, 0.5) for each in pair))
    chosen = hold_out(both, 0.5)
    assert [each in chosen for each in both].count(True) == 1


def test_of_a_single_document_pieces_are_held_out_and_it_is_said() -> None:
    pieces = [record(f"Piece {n} of the only document.", group="the document") for n in range(20)]
    chosen = hold_out(pieces, SHARE)
    assert 1 <= sum(piece in chosen for piece in pieces) < 10
    assert "single document" in chosen.notes[0]


def test_of_a_single_record_nothing_is_held_out_and_it_is_said() -> None:
    (one,) = made(1)
    chosen = hold_out([one], 0.5)
    assert one not in chosen
    assert "nothing of it is held out" in chosen.notes[0]


def test_near_duplicates_of_what_was_held_out_are_held_out() -> None:
    records = made(300)
    old = next(each for each in records if is_heldout(each, SHARE))
    near = next(each for each in records if not is_heldout(each, SHARE))
    assert near not in hold_out(records, SHARE)
    kept = [each for each in records if each != old]
    chosen = hold_out(kept, SHARE, alike={old.id: "pair", near.id: "pair"}, dropped=[old])
    assert near in chosen
