"""The benchmark command: both forms of data, the figures by their names, and input that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import shadow
from benchmarks.__main__ import main, names
from benchmarks.questions import read
from benchmarks.result import Result
from cleo_memory.session.detectors import UPSET, words

pytestmark = pytest.mark.integration

TURNS = [
    ("t1", "Ann", "I adopted a kitten called Miso last Friday."),
    ("t2", "Ben", "How lovely! Does she sleep well?"),
    ("t3", "Ann", "She sleeps on the piano."),
    ("t4", "Ben", "I sold my car to a neighbour."),
]
NEUTRAL = {
    "conversations": [
        {
            "id": "c1",
            "turns": [
                {"id": id, "speaker": speaker, "text": text, "session": "s1", "at": "2023-05-08T10:00:00"}
                for id, speaker, text in TURNS
            ],
            "questions": [
                {"question": "What is Ann's kitten called?", "evidence": ["t1"], "category": "pets"},
                {"question": "What did Ben sell?", "evidence": ["t4"], "category": "things"},
            ],
        }
    ]
}
LOCOMO = [
    {
        "sample_id": "x-1",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Ben",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": speaker, "dia_id": f"D1:{place}", "text": text}
                for place, (_, speaker, text) in enumerate(TURNS, 1)
            ],
        },
        "qa": [
            {"question": "What is Ann's kitten called?", "evidence": ["D1:1; D01:03"], "category": 1},
            {"question": "What did Ben buy?", "evidence": ["D1:4"], "category": 5},
            {"question": "Nothing known?", "evidence": [], "category": 4},
        ],
    }
]


def run(tmp_path: Path, data: object, *more: str) -> tuple[int, dict[str, object]]:
    given, out = tmp_path / "data.json", tmp_path / "out.json"
    given.write_text(data if isinstance(data, str) else json.dumps(data))
    code = main(["retrieval", "--data", str(given), "--no-peers", "--json", str(out), *more])
    return code, json.loads(out.read_text()) if out.exists() else {}


def test_the_neutral_form_is_measured_against_the_usual_ways(tmp_path: Path) -> None:
    code, found = run(tmp_path, NEUTRAL)
    assert code == 0
    assert set(found) >= {"name", "machine", "figures", "against", "ratios"}
    figures = found["figures"]
    assert isinstance(figures, dict)
    assert figures["questions"] == 2
    assert figures["recall@5"] == figures["recall@10"] == 100
    assert {"mrr", "recall@10 pets", "recall@5 things"} <= set(figures)
    against = found["against"]
    assert isinstance(against, dict)
    assert {"dense", "bm25", "rrf"} <= set(against)


def test_locomo_is_read_with_its_oddities(tmp_path: Path) -> None:
    given = tmp_path / "locomo.json"
    given.write_text(json.dumps(LOCOMO))
    (case,) = read(given)
    (question,) = case.questions
    assert question.evidence == {"D1:1", "D1:3"}
    assert question.category == "multi-hop"
    assert case.documents[0].at == 1683554160.0


def test_corrected_evidence_is_measured_beside_the_raw(tmp_path: Path) -> None:
    corrections = tmp_path / "corrections.json"
    corrections.write_text(
        json.dumps([{"conversation": "c1", "question": "What did Ben sell?", "evidence": ["t2", "t4"]}])
    )
    code, found = run(tmp_path, NEUTRAL, "--corrections", str(corrections))
    figures = found["figures"]
    assert code == 0
    assert isinstance(figures, dict)
    assert {"recall@5", "recall@5 corrected", "mrr corrected"} <= set(figures)


@pytest.mark.parametrize(
    "data", ["", "[]", "{}", '{"conversations": [{"turns": 3}]}', json.dumps(NEUTRAL).replace('["t4"]', '["t9"]')]
)
def test_data_of_another_form_is_one_line_and_no_traceback(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run(tmp_path, data)
    assert code == 2
    assert not found
    assert "Error [INPUT]" in capsys.readouterr().err


def test_a_ratio_above_one_is_in_our_favour() -> None:
    better_by_two = {
        "recall@10": (80.0, 40.0),
        "search_50k_p50_ms": (5.0, 10.0),
        "add_p50_ms_50k": (1.0, 2.0),
        "disk_mb_1000x100": (10, 20),
        "seconds_total": (3.0, 6.0),
        "curriculum_seconds": (3.0, 6.0),
        "text_hits": (1, 2),
        "grouped_adds_per_s": (4000, 2000),
        "grouped_adds_per_s_1k": (4000, 2000),
    }
    ours = {name: pair[0] for name, pair in better_by_two.items()} | {"memories_50k": 50_000}
    theirs = {name: pair[1] for name, pair in better_by_two.items()} | {"memories_50k": 50_000, "version": "1.0"}
    assert Result("x", ours, {"peer": theirs}).ratios == {"peer": dict.fromkeys(better_by_two, 2.0)}


def test_every_benchmark_is_listed() -> None:
    assert {"retrieval", "memory"} <= set(names())


def test_the_detectors_are_judged_on_words_that_they_do_not_know() -> None:
    written = shadow.written()
    angry = [
        session.turns[-2][1]
        for form, session in written
        if form != "words of the list" and session.planted == "escalation"
    ]
    assert len(angry) > 15
    assert [text for text in angry if UPSET & set(words(text))] == []
    assert {session.planted for _, session in written} == {None, *shadow.DETECTORS}
