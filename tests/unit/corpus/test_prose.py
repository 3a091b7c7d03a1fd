"""Quality is measured on running text: code, literal blocks and tables of a page of documentation do not count."""

from __future__ import annotations

import pytest
from datatrove.data import Document

from cleo_model.corpus.curate.filters import LanguageLabel, ProfileFilter
from cleo_model.corpus.curate.prose import prose_of
from cleo_model.corpus.curate.score import score

pytestmark = pytest.mark.unit

SENTENCES = (
    "The client opens a connection for every request, unless you hand it a pool that keeps them. A pool is made once "
    "and shared by all the threads of a program; it closes what nobody has used for a minute."
)
CODE = """pool = Pool(limit=8, idle=60)
with pool.client() as client:
    for path in ("/a", "/b", "/c"):
        print(client.get(path).status, client.get(path).headers["etag"])"""
INDENTED = "\n".join(f"    {line}" for line in CODE.split("\n"))
BLOCKS = {
    "a Markdown fence": f"```python\n{CODE}\n```",
    "a fence of tildes": f"~~~\n{CODE}\n~~~",
    "a fence in a list": f"- so:\n\n  ```\n  {CODE}\n  ```",
    "a literal block": f"For example::\n\n{INDENTED}",
    "a code directive": f".. code-block:: python\n   :linenos:\n\n{INDENTED}",
    "indented code": INDENTED,
    "a doctest": ">>> pool.client().get('/a').status\n200\n>>> pool.limit\n8",
    "a Markdown table": "| limit | idle | waits |\n| ---: | ---: | --- |\n| 8 | 60 | yes |\n| 16 | 30 | no |",
    "a grid table": "+-----+-----+\n| a=1 | b=2 |\n+=====+=====+\n| c=3 | d=4 |\n+-----+-----+",
    "an AsciiDoc listing": f"[source,python]\n----\n{CODE}\n----",
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_code_and_tables_are_taken_out_and_sentences_stay(kind: str) -> None:
    found = prose_of(f"Pools\n=====\n\n{SENTENCES}\n\n{BLOCKS[kind]}\n\n{SENTENCES}")
    assert found.count(SENTENCES) == 2
    assert "pool.client()" not in found
    assert "|" not in found


def test_text_that_only_looks_like_code_stays() -> None:
    kept = [
        "Parameters:\n    limit: how many connections are kept at the same time, at most.\n    idle: seconds.",
        "    Quoted from the manual: a pool that nobody closes is closed when the program ends.",
        "It costs $4 (or €3.70) - see the list of prices; ask `sales` first.",
    ]
    for text in kept:
        assert prose_of(text).replace("`", "") == text.replace("`", "")


def test_a_passage_cut_out_of_a_fence_is_read_from_its_right_side() -> None:
    assert prose_of(f"{CODE}\n```\n\n{SENTENCES}") == SENTENCES
    assert prose_of(f"{SENTENCES}\n\n```python\n{CODE}") == SENTENCES


def judged(text: str, profile: str = "general", wanted: str = "en", *, piece: bool = False) -> bool | tuple[bool, str]:
    known = {"profile": profile, "wanted": wanted, "refused": False, "near_duplicates": "drop", "piece": piece}
    (document,) = LanguageLabel().run([Document(text=text, id="a", metadata=known)])
    result: bool | tuple[bool, str] = ProfileFilter().filter(document)
    return result


def test_a_page_that_is_mostly_example_is_kept_and_a_file_of_code_is_not() -> None:
    fenced = f"```python\n{CODE}\n{CODE}\n{CODE}\n{CODE}\n```"
    for profile in ("general", "reference"):
        assert judged(f"# Pools\n\n{SENTENCES}\n\n{fenced}", profile) is True
        assert judged(f"A pool that is shared by threads:\n\n{fenced}", profile) is True
        assert judged(fenced, profile) == (False, "mostly_code")
        # A piece of a longer document is judged with the others of it.
        assert judged(fenced, profile, piece=True) is True


def test_the_language_is_that_of_the_source() -> None:
    german = (
        "Der Verein hat gestern beschlossen, die Turnhalle auch am Sonntag zu öffnen. Wer einen Schlüssel braucht, "
        "meldet sich bitte bis Freitag im Büro; dort liegt auch die Liste aus, in die sich alle eintragen, die helfen."
    )
    assert judged(german) == (False, "language_de")
    assert judged(german, wanted="de") is True
    assert judged(SENTENCES, wanted="de") == (False, "language_en")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Too short.", "too_short"),
        (SENTENCES * 1200, "too_long"),
        ("1234 5678 90 12 34 567 890 12 345 67 8901 234 56 789 " * 20, "few_letters"),
    ],
)
def test_what_no_check_could_pass_is_dropped_by_name(text: str, reason: str) -> None:
    assert judged(text) == (False, reason)


def test_the_score_tells_sentences_from_a_heap_of_repeated_words() -> None:
    good = score(SENTENCES, SENTENCES.split(), 0.95)
    heap = "buy now best price " * 30
    assert 0.7 < good <= 1
    assert score(heap, heap.split(), 0.4) < 0.6 < good
    assert score("", [], 0.9) == 0
