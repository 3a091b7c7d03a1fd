"""What curation promises beside its filters: evaluation is kept out, clusters are shown, licences hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cleo_model.choices import check_licences
from cleo_model.corpus.curate.clusters import Clusters, clusters_table
from cleo_model.corpus.curate.curate import JudgedCorpus
from cleo_model.corpus.curate.overlap import Overlap
from cleo_model.corpus.curate.verdicts import judged, read_verdicts
from cleo_model.corpus.curate.words import ngram_hashes, words_of
from cleo_model.corpus.licences import LicencePolicy
from cleo_model.corpus.mail import left_addresses
from cleo_model.corpus.record import RESERVED, Record, write_records
from cleo_model.corpus.sources.source import Source, default_sources
from cleo_model.errors import RefusedLicence

pytestmark = pytest.mark.unit

ASKED = (
    "The harbour master of Lindisfarne counted seventeen grey seals upon the northern sandbank before breakfast.",
    "Who keeps bees in winter?",
    "yes",
)


def record(name: str, text: str, source: str = "s") -> Record:
    return Record.make(name=name, source=source, domain="prose", licence="MIT", text=text)


def test_an_evaluation_text_is_found_inside_a_longer_one_and_by_its_number(tmp_path: Path) -> None:
    Overlap.of(ASKED).save(tmp_path)
    overlap = Overlap.load(tmp_path)
    assert overlap.find(f"It was said: {ASKED[0].upper()} So it was.") == [0]
    assert overlap.find("They asked who keeps bees, in winter; nobody knew.") == [1]
    assert overlap.find("The harbour master counted seals, and yes, it was before breakfast.") == []


def test_the_share_of_an_item_that_stands_in_the_training_text_is_told() -> None:
    half = " ".join(ASKED[0].split()[:13])
    shares = Overlap.of(ASKED).shares([half, "nothing of it"], len(ASKED))
    assert 0.2 < shares[0] < 1
    assert shares[1:] == [0, 0]
    assert Overlap.of(ASKED).shares([" and ".join(ASKED)], len(ASKED))[:2] == [1, 1]


def test_words_are_told_apart_in_scripts_without_spaces() -> None:
    assert words_of("Zoë’s 12 cafés") == words_of("zoe s 7 cafes")
    assert words_of("猫を好む") == ["猫", "を", "好", "む"]
    grams = ngram_hashes(words_of("a b c d e f"), 5)
    assert len(grams) == 2
    assert np.array_equal(grams, ngram_hashes(words_of("A b. c d e f"), 5))
    assert len(ngram_hashes(words_of("a b"), 5)) == 0


def test_verdicts_come_in_the_order_of_the_records_whatever_step_wrote_them(tmp_path: Path) -> None:
    records = [record("a", "one"), record("c", "two", RESERVED), record("b", "three"), record("d", "four")]
    write_records(tmp_path / "records.jsonl", records)
    for step, lines in {
        "near": '{"number": 0, "reason": ""}\n{"number": 3, "reason": "near_duplicate"}\n',
        "profile": '{"number": 2, "reason": "too_short"}\n',
    }.items():
        (tmp_path / "verdicts" / step).mkdir(parents=True)
        (tmp_path / "verdicts" / step / "00000.jsonl").write_text(lines)
    found = list(judged(tmp_path / "records.jsonl", tmp_path / "verdicts"))
    assert [(one.text, verdict.reason) for one, verdict in found] == [
        ("one", ""), ("two", ""), ("three", "too_short"), ("four", "near_duplicate"),
    ]  # fmt: skip
    assert [verdict.number for verdict in read_verdicts(tmp_path / "verdicts")] == [0, 2, 3]


def test_a_document_that_is_text_keeps_its_pieces_of_code_and_one_of_code_goes(tmp_path: Path) -> None:
    pieces = [("guide", False), ("guide", True), ("dump", True), ("dump", True)]
    made = [
        Record.make(name=str(n), source="s", domain="prose", licence="MIT", text=f"piece {n}", group=group)
        for n, (group, _) in enumerate(pieces)
    ]
    write_records(tmp_path / "records.jsonl", made)
    (tmp_path / "verdicts" / "near").mkdir(parents=True)
    lines = (f'{{"number": {n}, "code": {str(code).lower()}}}\n' for n, (_, code) in enumerate(pieces))
    (tmp_path / "verdicts" / "near" / "00000.jsonl").write_text("".join(lines))
    found = [verdict.reason for _, verdict in JudgedCorpus(tmp_path / "records.jsonl", tmp_path / "verdicts")]
    assert found == ["", "", "mostly_code", "mostly_code"]


def test_a_cluster_shows_which_record_was_kept_and_how_alike_the_others_are(tmp_path: Path) -> None:
    first = "The parcel of Tuesday has not come yet, so I would like to know where it is and when I may expect it."
    texts = [first, first.replace("Tuesday", "Friday"), first.replace("I may expect it", "it will be here")]
    write_records(tmp_path / "records.jsonl", [record(str(n), text) for n, text in enumerate(texts)])
    (tmp_path / "verdicts" / "near").mkdir(parents=True)
    (tmp_path / "verdicts" / "near" / "00000.jsonl").write_text(
        "".join(
            f'{{"number": {n}, "reason": "{"" if n == 1 else "near_duplicate"}", "cluster": 0, "size": 3}}\n'
            for n in range(3)
        )
    )
    clusters = Clusters(tmp_path / "verdicts")
    for one, verdict in judged(tmp_path / "records.jsonl", tmp_path / "verdicts"):
        clusters.see(one, verdict)
    members = list(clusters.members())
    kept = record("1", texts[1]).id
    assert clusters.count == 1
    assert [member.kept for member in members] == [kept] * 3
    assert (members[0].id, members[0].alike, members[0].size) == (kept, 1.0, 3)
    assert all(0.3 < member.alike < 1 for member in members[1:])
    assert "parcel" not in clusters_table(members, texts=False)
    assert "parcel" in clusters_table(members, texts=True)


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False), ("our own", False), ("CC-BY-SA-4.0", False), ("MIT OR CC-BY-NC-4.0", False),
        ("CC-BY-NC-4.0", True), ("cc-by-nd-3.0", True), ("All rights reserved", True), ("unknown", True),
        ("MIT AND CC-BY-NC-SA-4.0", True), ("CC-BY-NC-4.0 OR CC-BY-ND-4.0", True),
    ],
)  # fmt: skip
def test_a_licence_that_forbids_the_use_is_refused_by_default(licence: str, refused: bool) -> None:
    assert (LicencePolicy().refuses(licence) is not None) is refused


def test_a_list_of_allowed_licences_refuses_all_others_and_denied_ones_stay_denied() -> None:
    policy = LicencePolicy(allowed=("MIT", "CC0-*", "GPL-*"), denied=("GPL-3.0*",))
    assert policy.refuses("cc0-1.0") is None
    assert "not one of the allowed" in (policy.refuses("Apache-2.0") or "")
    assert "denied by 'GPL-3.0*'" in (policy.refuses("GPL-3.0-only") or "")


def test_a_source_under_a_refused_licence_is_named_with_the_mend() -> None:
    check_licences(tuple(default_sources()), LicencePolicy())
    source = Source(name="poems", domain="prose", kind="text", location="poems", licence="CC-BY-NC-4.0")
    with pytest.raises(RefusedLicence, match=r"Source 'poems' is under 'CC-BY-NC-4\.0': .* denied by") as caught:
        check_licences((source,), LicencePolicy())
    assert "CLEO_MODEL_LICENCES" in (caught.value.hint or "")
    check_licences((source,), LicencePolicy(denied=()))


@pytest.mark.parametrize("text", ["left-pad@1.2.0", "deploy@node1.internal", "actions/checkout@v4.0.1", "logo@2x.png",
                                  "anna@example.org", "anna@mail.example.com", "a @ b.org"])  # fmt: skip
def test_what_is_no_persons_address_is_not_counted(text: str) -> None:
    assert left_addresses(f"See {text}, please.") == 0


@pytest.mark.parametrize("text", ["anna@mailbox.org", "Anna.O'Neil+x@sub.uni-köln.de", "j@bbc.co.uk"])
def test_an_address_of_a_person_is_counted(text: str) -> None:
    assert left_addresses(f"Write to {text}.") == 1
