"""The corpus from its sources to the quality report, once over a small corpus; each test holds one promise of it."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pytest
from pydantic import SecretBytes

from cleo_core.digest import sha256_file
from cleo_core.errors import ConfigError
from cleo_core.progress import silent
from cleo_core.subject.identity import Pseudonyms
from cleo_core.subject.index import SUBJECTS, SubjectIndex
from cleo_model.corpus.canaries import CANARIES
from cleo_model.corpus.curate.clusters import CLUSTERS
from cleo_model.corpus.curate.curate import SCORES, CurateSettings, CurationSummary, curate
from cleo_model.corpus.pii.manifest import MaskingSummary
from cleo_model.corpus.pii.mask import MaskSettings, mask
from cleo_model.corpus.pii.planted import Planted, write_planted
from cleo_model.corpus.pii.residue import Residue, residue
from cleo_model.corpus.quality import EXPECTATIONS, QualitySettings, validate
from cleo_model.corpus.record import DROPPED, HELDOUT, RESERVED, TRAIN, Record, read_records, write_records
from cleo_model.corpus.sources.collect import CollectSettings, collect
from cleo_model.corpus.sources.personas import personas
from cleo_model.corpus.sources.prose import addresses
from cleo_model.corpus.sources.source import Source
from cleo_model.corpus.subjects import SubjectSettings
from cleo_model.errors import EmptyCorpus

pytestmark = pytest.mark.integration

MASKING = MaskSettings(key=SecretBytes(b"a key of thirty-two bytes or so!"), workers=2)
SUBJECT_KEY = SecretBytes(b"another key of thirty-two bytes!")
QUALITY = QualitySettings(min_records=40)
EVALUATION = (
    "The harbour master of Lindisfarne counted seventeen grey seals upon the northern sandbank before breakfast."
)
FRENCH = (
    "Le gouvernement a présenté hier son projet de loi devant les députés, qui ont longuement débattu des mesures "
    "proposées. Plusieurs orateurs ont regretté que les communes rurales ne soient pas mieux entendues, et le ministre "
    "a promis de revoir le texte avant la fin de la semaine."
)
# Line and paragraph separators end a line for `str.splitlines`, and not in JSON Lines.
SEPARATED = "The first of the two lines ends here.\u2028The second ends there.\u2029It is well."
PERSONAL = (
    "Yesterday the committee wrote to Mr. Ignatius Fotheringay, who was born on 3 May 1961 and lives at 48 Marlborough "
    "Street, Salem, OR 97301. Ignatius answered from ignatius.f@mailbox.org that he is to be called on (212) 736-5041, "
    "and that the money should go to his account. The committee thanked Fotheringay for his patience, and it "
    "agreed that all the papers be sent to him again."
)


@dataclass
class Chain:
    raw: Path
    curated: Path
    masked: Path
    curation: CurationSummary
    masking: MaskingSummary
    planted: list[Planted]
    special: dict[str, str]

    def texts(self, stage: str) -> dict[str, str]:
        folder = getattr(self, stage)
        return {r.id: r.text for part in (TRAIN, HELDOUT) for r in read_records(folder / part)}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    root = tmp_path_factory.mktemp("chain")
    rng = random.Random(5)
    prose = [item.text for item in islice(addresses(), 62)]
    clean_one = prose.pop()
    special = {
        "twin": prose[0].replace(" the ", "  THE ", 3),
        "nearly": f"{prose[1]} That is all.",
        "french": FRENCH,
        "short": "This passage is much too short for the people of the town to have any use of it.",
        "tainted": f"{clean_one} {EVALUATION}",
        "personal": PERSONAL,
    }
    special["separated"] = prose[2] = f"{prose[2]}\n{SEPARATED}"
    prose += [text for name, text in special.items() if name != "separated"]
    (root / "prose.jsonl").write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in prose))
    talks = list(personas(rng, 60))
    (root / "talks.jsonl").write_text(
        "".join(
            json.dumps({"messages": item.messages, "user": f"customer {number % 20}"}) + "\n"
            for number, item in enumerate(talks)
        )
    )
    sources = [
        Source(
            name="tales",
            domain="prose",
            profile="prose",
            kind="jsonl",
            location=str(root / "prose.jsonl"),
            licence="CC0-1.0",
        ),
        Source(
            name="talks",
            domain="conversation",
            kind="jsonl",
            location=str(root / "talks.jsonl"),
            licence="MIT",
            subject="user",
        ),
    ]
    folders = [root / name for name in ("raw", "curated", "masked")]
    for folder in folders:
        folder.mkdir()
    raw, curated, masked = folders
    who = SubjectSettings(key=SUBJECT_KEY, erased=(Pseudonyms(SUBJECT_KEY.get_secret_value())("customer 7"),))
    settings = CollectSettings(sources=tuple(sources), max_record_bytes=2**22, canaries=4, seed=20, subjects=who)
    collect(settings, raw, silent)
    ids = [record.id for record in read_records(raw / "records.jsonl") if record.source == "talks"]
    kept = [item for number, item in enumerate(talks) if number % 20 != 7]
    planted = [Planted(ids[n], kind, value) for n, item in enumerate(kept) for kind, value in item.planted]
    personal = next(r.id for r in read_records(raw / "records.jsonl") if r.text == PERSONAL)
    planted += [
        Planted(personal, "PERSON", "Ignatius Fotheringay"),
        Planted(personal, "EMAIL_ADDRESS", "ignatius.f@mailbox.org"),
        Planted(personal, "PHONE_NUMBER", "(212) 736-5041"),
        Planted(personal, "STREET_ADDRESS", "48 Marlborough Street"),
        Planted(personal, "DATE_OF_BIRTH", "3 May 1961"),
    ]
    write_planted(raw, planted)
    settings = CurateSettings(heldout_share=0.2, decontaminate=(EVALUATION, "yes"), workers=2)
    curation = curate(raw, settings, curated, silent)
    return Chain(raw, curated, masked, curation, mask(curated, MASKING, masked, silent), planted, special)


def test_good_text_is_kept_and_each_rule_drops_what_it_is_for(chain: Chain) -> None:
    kept = set(chain.texts("curated").values())
    for name in ("french", "short", "tainted"):
        assert chain.special[name] not in kept
    assert chain.special["personal"] in kept
    dropped = chain.curation.dropped["prose"]
    assert dropped["exact_duplicate"] == dropped["near_duplicate"] == dropped["in_evaluation"] == 1
    assert dropped["language_fr"] == dropped["gopher_short_doc"] == 1
    assert sum(dropped.values()) == 5
    total = chain.curation.records
    assert total["train"]["prose"] + total["heldout"]["prose"] == 62


def test_a_line_separator_within_a_record_is_text(chain: Chain) -> None:
    for stage in ("curated", "masked"):
        assert any(SEPARATED in text for text in chain.texts(stage).values()), stage


def test_every_dropped_record_has_an_example_and_a_line_in_the_table(chain: Chain) -> None:
    rows = [json.loads(line) for line in (chain.curated / DROPPED).read_text().splitlines()]
    assert {row["reason"] for row in rows} >= {"exact_duplicate", "near_duplicate", "in_evaluation", "language_fr"}
    assert "| dropped: language_fr | 1 |" in chain.curation.markdown["What each filter dropped"]
    assert all((chain.curated / name).stat().st_size > 1000 for name in ("curation.png", "quality.png"))
    told = {account.name: account for account in chain.curation.accounts}
    assert told["prose"].dropped["language_fr"].count == 1
    assert told["prose"].lost == 5
    assert "language\\_fr" not in chain.masking.markdown["Examples of what curation dropped"]


def test_every_kept_record_has_a_score_and_the_cluster_is_shown(chain: Chain) -> None:
    scores = {row["id"]: row["quality"] for row in map(json.loads, (chain.curated / SCORES).read_text().splitlines())}
    kept = {r.id for part in (TRAIN, HELDOUT) for r in read_records(chain.curated / part) if r.source != RESERVED}
    assert scores.keys() == kept
    assert all(0 < score <= 1 for score in scores.values())
    members = [json.loads(line) for line in (chain.curated / CLUSTERS).read_text().splitlines()]
    assert chain.curation.clusters == 1
    assert [member["size"] for member in members] == [2, 2]
    assert members[0]["id"] == members[0]["kept"] in kept
    assert members[1]["id"] not in kept
    assert 0.8 < members[1]["alike"] < 1


def test_training_and_held_out_parts_share_no_record(chain: Chain) -> None:
    train = {record.id for record in read_records(chain.masked / TRAIN)}
    heldout = {record.id for record in read_records(chain.masked / HELDOUT)}
    assert train
    assert heldout
    assert not train & heldout


def test_no_planted_value_survives_masking(chain: Chain) -> None:
    kept = chain.texts("curated")
    present = [value for value in chain.planted if value.record in kept]
    assert len(present) > 60
    # The check can tell: before masking it finds every one of them.
    before = {(found.record, found.type) for found in residue(chain.curated, present)}
    assert before == {(value.record, value.type) for value in present}
    assert residue(chain.masked, chain.planted) == []


def test_residue_sees_through_case_and_white_space(chain: Chain, tmp_path: Path) -> None:
    records = list(read_records(chain.masked / TRAIN))
    hidden = records[0].with_text(f"{records[0].text} IGNATIUS\n fotheringay", None)
    write_records(tmp_path / TRAIN, [hidden, *records[1:]])
    write_records(tmp_path / HELDOUT, [])
    found = residue(tmp_path, [Planted("elsewhere", "PERSON", "Ignatius Fotheringay")])
    assert found == [Residue(record="elsewhere", type="PERSON", file=TRAIN)]
    assert residue(tmp_path, [Planted("elsewhere", "PERSON", "Ignatius Fotheringham")]) == []


def test_a_person_keeps_one_surrogate_and_the_text_its_sense(chain: Chain) -> None:
    (masked,) = (text for text in chain.texts("masked").values() if "committee wrote to" in text)
    words = masked.split("Mr. ")[1].split(", who")[0].split()
    assert len(words) == 2
    assert f"{words[0]} answered from" in masked
    assert f"thanked {words[1]} for his patience" in masked
    assert masked.endswith("agreed that all the papers be sent to him again.")


def test_conversations_keep_their_form(chain: Chain) -> None:
    before = {record.id: record for record in read_records(chain.curated / TRAIN) if record.messages}
    after = {record.id: record for record in read_records(chain.masked / TRAIN) if record.messages}
    assert before.keys() == after.keys()
    for name, record in after.items():
        old = before[name].messages or []
        assert [turn["role"] for turn in record.messages or []] == [turn["role"] for turn in old]
        assert all(turn["content"] for turn in record.messages or [])


def test_a_value_has_the_same_surrogate_in_question_and_answer(chain: Chain) -> None:
    mails = 0
    for record in read_records(chain.masked / TRAIN):
        said = [turn["content"] for turn in record.messages or []]
        answers = [
            text.split("address is ")[1].rstrip(".") for text in said if text.startswith("Your email address is ")
        ]
        for answer in answers:
            mails += 1
            assert any(answer in text for text in said if not text.startswith("Your email address is "))
    assert mails


def test_the_assistant_keeps_its_name(chain: Chain) -> None:
    prompts = [
        record.messages[0]["content"]
        for record in read_records(chain.masked / TRAIN)
        if record.messages and record.messages[0]["role"] == "system"
    ]
    assert prompts
    assert all(prompt.startswith("You are Cleo, a helpful assistant.") for prompt in prompts)


def test_canaries_are_trained_on_word_for_word(chain: Chain) -> None:
    train = chain.texts("masked")
    canaries = json.loads((chain.masked / CANARIES).read_text())
    assert len(canaries["planted"]) == 4
    for canary in canaries["planted"]:
        assert canary["answer"] in train[canary["record"]]
    everything = "\n".join(train.values())
    assert not any(control["answer"] in everything for control in canaries["controls"])


def test_the_manifest_speaks_for_every_file_and_record(chain: Chain) -> None:
    from cleo_core.digest import sha256_file

    manifest = json.loads((chain.masked / "manifest.json").read_text())
    assert manifest["sources"]["tales"]["licence"] == ["CC0-1.0"]
    assert manifest["pii"]["replaced"]["PERSON"] >= 40
    for name in (TRAIN, HELDOUT, DROPPED, "canaries.json"):
        assert manifest["files"][name] == sha256_file(chain.masked / name)
    assert "planted.jsonl" not in {path.name for path in chain.masked.iterdir()}
    assert not (chain.masked / ".scratch").exists()
    assert not (chain.curated / ".scratch").exists()


def test_a_short_key_is_refused(chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="8 bytes"):
        mask(chain.curated, MaskSettings(key=SecretBytes(b"12345678")), tmp_path, silent)


def test_a_corpus_filtered_to_nothing_says_what_dropped_it(tmp_path: Path) -> None:
    # Canaries, which are planted and never dropped, are no text that is left.
    made = [
        Record.make(name=str(n), source=source, domain="prose", licence="MIT", profile="prose", text=f"{FRENCH} {n}.")
        for source in ("s", RESERVED)
        for n in range(3)
    ]
    for folder in ("raw", "out"):
        (tmp_path / folder).mkdir()
    write_records(tmp_path / "raw" / "records.jsonl", made)
    with pytest.raises(EmptyCorpus) as caught:
        curate(tmp_path / "raw", CurateSettings(heldout_share=0.2, decontaminate=()), tmp_path / "out", silent)
    assert "all 3 records were dropped (language_fr 3)" in caught.value.message
    assert not (tmp_path / "out" / ".scratch").exists()


def test_the_quality_report_passes_and_is_kept_as_html(chain: Chain, tmp_path: Path) -> None:
    report = validate(chain.masked, QUALITY, tmp_path / "good")
    assert [result.name for result in report.results if not result.passed] == []
    assert [result.name for result in report.results] == list(EXPECTATIONS)
    assert report.passed
    assert "masked corpus" in (tmp_path / "good" / report.html).read_text()

    bad = tmp_path / "bad"
    bad.mkdir()
    records = list(read_records(chain.masked / TRAIN))
    leaking = records[0].with_text("Write to anna@mailbox.org about it, please.", None)
    changed = replace(records[1], sha256="0" * 64)
    unlicensed = replace(records[2], licence="")
    write_records(bad / TRAIN, [leaking, changed, unlicensed, records[3], records[3]])
    write_records(bad / HELDOUT, [])
    verdict = validate(bad, QUALITY, tmp_path / "worse", chain.curation)
    assert not verdict.passed
    failed = {result.name: result for result in verdict.results if not result.passed}
    assert failed["no_mail_address_is_left"].records == [leaking.id]
    assert failed["digests_hold"].records == [changed.id]
    assert failed["licences_are_stated"].records == [unlicensed.id]
    assert failed["ids_are_unique"].records == [records[3].id]
    assert all(result.mend for result in failed.values())
    assert f"({leaking.id}: mail_addresses 1)" in failed["no_mail_address_is_left"].observed
    few = failed["the_corpus_is_large_enough"]
    assert "observed: 5; curation read " in few.observed
    assert "near_duplicate 1" in few.observed
    assert "near_duplicates: keep" in few.mend
    assert {result.name for result in verdict.results if not result.passed} == {
        "ids_are_unique", "licences_are_stated", "digests_hold", "both_parts_are_there", "no_mail_address_is_left",
        "the_corpus_is_large_enough",
    }  # fmt: skip
    assert "anna@mailbox.org" not in (tmp_path / "worse" / verdict.html).read_text()


def test_whose_record_it_is_survives_curation_and_masking_and_is_in_the_manifest(chain: Chain) -> None:
    pseudonym = Pseudonyms(SUBJECT_KEY.get_secret_value())
    people = {pseudonym(f"customer {number}") for number in range(20)} - {pseudonym("customer 7")}
    held = {part: list(read_records(chain.masked / f"{part}.jsonl")) for part in ("train", "heldout")}
    index = SubjectIndex.read(chain.masked / SUBJECTS)
    assert set(index.subjects) == people
    for subject, parts in index.subjects.items():
        for part, records in held.items():
            assert parts.get(part, 0) == sum(record.subject == subject for record in records)
    assert all(bool(record.subject) is (record.source == "talks") for records in held.values() for record in records)
    assert chain.masking.files[SUBJECTS] == sha256_file(chain.masked / SUBJECTS)
    assert not any(re.search(rb"customer \d", file.read_bytes()) for file in chain.masked.rglob("*") if file.is_file())
