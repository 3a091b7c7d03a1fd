"""The index: whatever way it came about, it answers as if it had been built at once from what it holds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleo_memory.errors import SegmentDamaged, VectorMismatch
from cleo_memory.search import Document, Filter, Match, Segment, UserIndex
from cleo_memory.search.scan import ZERO, cosines, dequantize, quantize

pytestmark = pytest.mark.unit

DIM = 16
WORDS = ["river", "bank", "loan", "boat", "paddle", "money", "teller", "water"]
WORDS += ["fish", "garden", "rose", "tulip", "train", "ticket", "station"]
QUESTIONS = ["Where is the boat on the river?", "Did Ann buy a ticket?", "Which money did the bank lend?", "roses"]


def vector(text: str) -> NDArray[np.float32]:
    drawn = np.random.default_rng(sum(text.encode()) + len(text)).standard_normal(DIM).astype(np.float32)
    return drawn / np.float32(np.linalg.norm(drawn))


def document(number: int, **changes: object) -> Document:
    chosen = np.random.default_rng(number)
    given = {
        "id": f"m{number}",
        "text": " ".join(chosen.choice(WORDS, 5)) + ("?" if number % 4 == 0 else "."),
        "speaker": "Ann" if number % 2 else "Ben",
        "conversation": None if number % 7 == 0 else f"talk {number // 10}",
        "at": 1.7e9 + 3600.0 * number,
    }
    return Document(**(given | changes))  # type: ignore[arg-type]  # the keys are those of Document


def segment(documents: list[Document]) -> Segment:
    return Segment.build(documents, np.stack([vector(each.text) for each in documents]))


def answers(index: UserIndex, **where: object) -> list[list[tuple[str, float]]]:
    chosen = Filter(**where) if where else None  # type: ignore[arg-type]  # likewise
    found = [index.search(question, vector(question), limit=8, where=chosen) for question in QUESTIONS]
    return [[(match.id, round(match.score, 3)) for match in matches] for matches in found]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [document(number) for number in range(120)]


def test_one_by_one_answers_like_all_at_once(documents: list[Document]) -> None:
    whole, grown = UserIndex.load(DIM, [segment(documents)]), UserIndex(DIM)
    for each in documents:
        grown.add(Segment.build([each]))
        grown.attach([each.id], vector(each.text)[None])
    assert answers(grown) == answers(whole)
    assert any(answers(whole))


def test_stored_segments_answer_like_the_index_they_came_from(documents: list[Document]) -> None:
    index = UserIndex.load(DIM, [segment(documents)])
    index.remove(["m3", "m50"])
    stored = [part.to_bytes() for part in index.segments(size=17)]
    assert answers(UserIndex.load(DIM, map(Segment.from_bytes, stored))) == answers(index)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 25)), max_size=40))
def test_any_order_of_adding_and_removing_ends_where_a_fresh_index_begins(steps: list[tuple[bool, int]]) -> None:
    index, held = UserIndex(DIM), dict[str, Document]()
    for add, number in steps:
        each = document(number)
        held.pop(each.id, None)
        if add:
            index.add(segment([each]))
            held[each.id] = each
        else:
            index.remove([each.id])
    fresh = UserIndex.load(DIM, [segment(list(held.values()))]) if held else UserIndex(DIM)
    assert len(index) == len(held)
    assert answers(index) == answers(fresh)


def test_a_long_document_is_found_by_any_of_its_windows_until_it_is_removed() -> None:
    documents = [document(number, conversation=None, speaker=None) for number in range(5)]
    windows = [np.stack([vector(f"{each.id} {n}") for n in range(3)]) for each in documents]
    windows[2] = np.zeros((0, DIM), np.float32)  # a short one
    stored = Segment.build(documents, np.stack([vector(each.text) for each in documents]), windows).to_bytes()
    index = UserIndex.load(DIM, [Segment.from_bytes(stored)])
    grown = UserIndex(DIM)
    for each, own in zip(documents, windows, strict=True):
        grown.add(Segment.build([each]))
        grown.attach([each.id], vector(each.text)[None], [own])
    for held in (index, grown, UserIndex.load(DIM, map(Segment.from_bytes, [s.to_bytes() for s in index.segments(2)]))):
        best = held.search("xqz", vector("m3 1"))[0]
        assert (best.id, best.window) == ("m3", 1)
        assert held.search("xqz", vector(documents[2].text))[0].window is None
    index.remove(["m3"])
    assert len(index.columns.windows.row) == 9
    assert all(match.id != "m3" for match in index.search("xqz", vector("m3 1")))
    assert index.search("xqz", vector("m4 2"))[0].window == 2


def test_a_removed_memory_leaves_no_word_and_no_number_behind() -> None:
    index = UserIndex.load(DIM, [segment([document(1), document(2, text="the canary sang xylophone")])])
    assert "m2" in {match.id for match in index.search("xylophone", None)[:1]}
    index.remove(["m2"])
    (kept,) = index.segments()
    assert "xylophon" not in kept.terms
    assert b"xylophon" not in kept.to_bytes()
    assert b"river" in kept.to_bytes() or kept.terms  # the other one is still there
    assert (index.columns.vectors[1] == ZERO).all()
    assert not (index.columns.vectors[0] == ZERO).all()


def test_after_many_removals_the_index_shrinks(documents: list[Document]) -> None:
    index = UserIndex.load(DIM, [segment([document(number) for number in range(2000)])])
    before = index.nbytes
    index.remove(f"m{number}" for number in range(1500))
    assert index.nbytes < before
    assert len(index) == 500
    assert answers(index) == answers(UserIndex.load(DIM, [segment([document(number) for number in range(1500, 2000)])]))


def test_the_same_id_again_replaces_what_was_there() -> None:
    index = UserIndex.load(DIM, [segment([document(1, text="a boat"), document(2)])])
    index.add(segment([document(1, text="a tulip")]))
    assert len(index) == 2
    assert index.search("tulip", None)[0].id == "m1"
    twice = UserIndex.load(DIM, [segment([document(1, text="a boat"), document(1, text="a tulip")])])
    assert len(twice) == 1
    assert twice.search("boat", None)[0].parts.get("words", 0) == 0


def test_a_memory_without_a_vector_is_found_by_its_words() -> None:
    index = UserIndex.load(DIM, [segment([document(number) for number in range(20)])])
    index.add(Segment.build([Document(id="new", text="the zeppelin landed")]))
    assert index.unembedded() == ["new"]
    assert index.search("When did the zeppelin land?", vector("zeppelin"))[0].id == "new"
    index.attach(["new", "gone"], np.stack([vector("a"), vector("b")]))
    assert index.unembedded() == []


def test_the_scan_is_within_a_thousandth_of_the_exact_cosine() -> None:
    drawn = np.random.default_rng(1).standard_normal((500, 384)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    question = vectors[7] + vectors[8]
    question /= np.linalg.norm(question)
    numbers, scales = quantize(vectors)
    found = cosines(numbers, scales, question)
    assert np.abs(found - vectors @ question).max() < 0.005
    assert float(np.sqrt(np.mean((found - vectors @ question) ** 2))) < 0.001
    again = quantize(dequantize(numbers, scales).astype(np.float16))
    assert (again[0] == numbers).all()
    assert not cosines(*quantize(np.zeros((3, 384))), question).any()
    assert cosines(numbers[:0], scales[:0], question).shape == (0,)


def test_filters_let_through_what_they_say(documents: list[Document]) -> None:
    index = UserIndex.load(DIM, [segment([*documents, document(900, kind="preference", valid_to=1.8e9)])])

    def found(**where: object) -> set[str]:
        return {match.id for match in index.search("river", vector("river"), limit=500, where=Filter(**where))}  # type: ignore[arg-type]

    every = {each.id for each in documents} | {"m900"}
    assert found() == every
    assert found(kinds=["preference"]) == {"m900"}
    assert found(kinds=["nothing"]) == set()
    assert found(speakers=["Ann"]) == {each.id for each in documents if each.speaker == "Ann"}
    assert found(conversations=["talk 3"]) == {each.id for each in documents if each.conversation == "talk 3"}
    middle = 1.7e9 + 3600 * 60
    assert found(since=middle, kinds=["conversation"]) == {f"m{number}" for number in range(60, 120)}
    assert found(until=middle) == {f"m{number}" for number in range(60)}
    assert "m900" in found(valid_at=1.79e9)
    assert "m900" not in found(valid_at=1.81e9)
    index.close_validity("m5", 1.75e9)
    assert "m5" not in found(valid_at=1.76e9)
    assert "m5" in found()


def test_the_parts_of_a_score_add_up_to_it(documents: list[Document]) -> None:
    index = UserIndex.load(DIM, [segment(documents)])
    for question in [*QUESTIONS, "When did Ann fish?", "How many roses did Ben plant?"]:
        matches: list[Match] = index.search(question, vector(question))
        assert len(matches) == 10
        assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
        for match in matches:
            assert sum(match.parts.values()) == pytest.approx(match.score, abs=2e-3)


@pytest.mark.parametrize(
    "query", ["", "   ", "the of and", "\x00", "💥", "字", "a" * 100_000, "(((" * 1000, "Ann " * 5000]
)
def test_odd_questions_are_answered_or_find_nothing(documents: list[Document], query: str) -> None:
    index = UserIndex.load(DIM, [segment(documents)])
    assert len(index.search(query, vector(query))) == 10
    assert UserIndex(DIM).search(query, vector(query)) == []
    assert index.search(query, None, limit=0) == []


def test_vectors_of_another_length_are_refused() -> None:
    index = UserIndex.load(DIM, [segment([document(1)])])
    with pytest.raises(VectorMismatch):
        index.add(Segment.build([document(2)], np.zeros((1, DIM + 1), np.float32)))
    with pytest.raises(VectorMismatch):
        index.attach(["m1"], np.zeros((1, DIM - 1), np.float32))
    with pytest.raises(VectorMismatch):
        Segment.build([document(2)], np.zeros((2, DIM), np.float32))
    assert len(index) == 1
    index.add(segment([document(2)]))
    assert len(index) == 2


def test_damaged_bytes_are_refused_and_whole_ones_are_not(documents: list[Document]) -> None:
    whole = segment(documents).to_bytes()
    assert len(Segment.from_bytes(whole)) == len(documents)
    damaged = [
        b"",
        whole[:5],
        whole[:-1],
        whole + b"\0",
        b"X" + whole[1:],
        whole[:200],
        whole.replace(b'"analysis":', b'"analysiz":'),
    ]
    damaged.append(whole.replace(b'"analysis":', b'"analysis":9'))
    for data in damaged:
        with pytest.raises(SegmentDamaged):
            Segment.from_bytes(data)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_flipped_byte_never_gets_an_index_into_trouble(data: st.DataObject) -> None:
    whole = bytearray(segment([document(number) for number in range(6)]).to_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        index = UserIndex.load(DIM, [Segment.from_bytes(bytes(whole))])
    except SegmentDamaged:
        return
    index.search(QUESTIONS[0], vector(QUESTIONS[0]))
    index.segments()


def test_searching_while_another_thread_adds_and_removes(documents: list[Document]) -> None:
    index, faults, ended = UserIndex.load(DIM, [segment(documents)]), list[BaseException](), threading.Event()

    def search() -> None:
        try:
            while not ended.is_set():
                answers(index)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(200, 500):
        index.add(segment([document(number)]))
        index.remove([f"m{number - 3}"])
    ended.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(index) == 120 + 3


def test_a_wiped_index_is_empty(documents: list[Document]) -> None:
    index = UserIndex.load(DIM, [segment(documents)])
    held = index.columns.vectors
    index.wipe()
    assert len(index) == 0
    assert (held == ZERO).all()
    assert index.search("river", vector("river")) == []
