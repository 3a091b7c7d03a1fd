"""The curriculum: whole shares, every target where it belongs, nothing held out is trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cleo_core.progress import silent
from cleo_model import recipes
from cleo_model.errors import EmptyCorpus, MalformedRecord
from cleo_model.packing.encode import Encoder
from cleo_model.packing.mixture import Text, endless, read_texts, row_counts, shares
from cleo_model.packing.pack import build_curriculum

pytestmark = pytest.mark.unit


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base)


def chat(*said: str) -> Text:
    roles = ("user", "assistant")
    messages = tuple({"role": roles[i % 2], "content": words} for i, words in enumerate(said))
    return Text("c", "", messages, "chat", "conversation")


def test_only_what_the_assistant_says_is_a_target(tokenizer: Any) -> None:
    coded = Encoder(tokenizer)(chat("Who wrote it?", "A poet did.", "When?", "In spring."))
    spoken = tokenizer.decode([i for i, wanted in zip(coded.ids, coded.targets, strict=True) if wanted])
    assert spoken == "A poet did.<|im_end|>\nIn spring.<|im_end|>\n"
    assert "Who wrote it?" in tokenizer.decode(coded.ids)


def test_every_token_of_prose_is_a_target_and_it_ends(tokenizer: Any) -> None:
    coded = Encoder(tokenizer)(Text("p", "Some words.", (), "s", "prose"))
    assert all(coded.targets)
    assert coded.ids[-1] == tokenizer.eos_token_id


def test_a_template_that_rewrites_earlier_turns_is_trained_as_plain_text(tokenizer: Any) -> None:
    tokenizer.chat_template = "{% for m in messages %}{{ loop.length }}{{ m['content'] }}{% endfor %}"
    encode = Encoder(tokenizer)
    assert all(encode(chat("Who?", "Me.")).targets)
    assert encode.plain == {"c"}
    assert "its chat template does not fit them" in encode.notes()[0]


TURN = "<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
REFUSES = "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TURN
LEAVES_OUT = "{% for m in messages if m['role'] != 'system' %}" + TURN


@pytest.mark.parametrize("template", [REFUSES, LEAVES_OUT])
def test_a_system_message_that_the_template_does_not_know_stands_in_the_first_question(
    tokenizer: Any, template: str
) -> None:
    tokenizer.chat_template = template
    encode = Encoder(tokenizer)
    talk = Text("s", "", ({"role": "system", "content": "Be short."}, *chat("Who?", "Me.").messages), "chat", "talk")
    coded = encode(talk)
    assert "<user>Be short.\n\nWho?" in tokenizer.decode(coded.ids)
    spoken = tokenizer.decode([i for i, wanted in zip(coded.ids, coded.targets, strict=True) if wanted])
    assert spoken.startswith("Me.")
    assert "1 conversations it stands in the first question" in encode.notes()[0]


def test_a_template_that_takes_a_system_message_is_given_it(tokenizer: Any) -> None:
    encode = Encoder(tokenizer)
    talk = Text("s", "", ({"role": "system", "content": "Be short."}, *chat("Who?", "Me.").messages), "chat", "talk")
    assert "system\nBe short." in tokenizer.decode(encode(talk).ids)
    assert encode.notes() == []


def test_without_a_template_a_conversation_is_plain_text_and_it_is_said(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    encode = Encoder(tokenizer)
    assert all(encode(chat("Who?", "Me.")).targets)
    assert "it has no chat template" in encode.notes()[0]


def test_a_row_without_a_target_is_filled_again_and_counted(corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    masked = tmp_path / "masked"
    masked.mkdir()
    asked = [{"role": "user", "content": "Is it clean today? " * 400}, {"role": "assistant", "content": "It is clean."}]
    for name in ("train", "heldout"):
        rows = ({"id": f"{name}{n}", "messages": asked, "domain": "conversation", "source": "c"} for n in range(3))
        (masked / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out"
    out.mkdir()
    recipe = recipes.tiny().curriculum.with_tokens(6144)
    made = build_curriculum(masked, tiny_base, recipe, out, silent)
    for phase in recipe.phases:
        targets = np.load(out / f"{phase.name}.targets.npy")
        assert len(targets) == made.phases[phase.name].rows
        assert targets[:, 1:].any(axis=1).all()
    assert made.rows_without_targets > 20
    assert any("filled again" in note for note in made.notes)


def test_rows_per_domain_sum_to_the_whole() -> None:
    counts = row_counts({"prose": 0.35, "documentation": 0.55, "conversation": 0.10}, 7)
    assert sum(counts.values()) == 7
    assert counts["documentation"] == max(counts.values())


def test_a_missing_domain_leaves_its_share_to_the_others() -> None:
    recipe = recipes.tiny().curriculum
    found = shares(recipe, recipe.phases[1], {"prose", "documentation"})
    assert found == pytest.approx({"prose": 0.35 / 0.9, "documentation": 0.55 / 0.9})
    with pytest.raises(EmptyCorpus):
        shares(recipe, recipe.phases[1], {"poems"})


def test_the_control_run_gives_every_phase_the_same_mixture() -> None:
    recipe = recipes.tiny().curriculum.replace(shuffled_order=True)
    present = {"prose", "documentation", "conversation"}
    mixtures = [shares(recipe, phase, present) for phase in recipe.phases]
    assert mixtures[0] == mixtures[1] == mixtures[2]
    assert sum(mixtures[0].values()) == pytest.approx(1)


def test_texts_come_once_per_epoch_and_a_later_phase_goes_on_where_the_earlier_stopped() -> None:
    texts = [Text(str(i), "x", (), "s", "prose") for i in range(5)]
    whole = [text.id for (_, text), _ in zip(endless(texts, 1), range(12), strict=False)]
    assert sorted(whole[:5]) == sorted(whole[5:10]) == ["0", "1", "2", "3", "4"]
    assert whole[:5] != whole[5:10]
    rest = [text.id for (_, text), _ in zip(endless(texts, 1, skip=7), range(5), strict=False)]
    assert rest == whole[7:12]


def test_the_curriculum_is_the_same_every_time_and_fits_the_recipe(
    corpus: Path, tiny_base: Path, tmp_path: Path
) -> None:
    recipe = recipes.tiny().curriculum
    summaries = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        summaries.append(build_curriculum(corpus, tiny_base, recipe, tmp_path / name, silent))
    assert summaries[0] == summaries[1]
    for phase in recipe.phases:
        one, two = (np.load(tmp_path / name / f"{phase.name}.tokens.npy") for name in ("a", "b"))
        assert np.array_equal(one, two)
        assert one.shape == (phase.tokens // phase.sequence_length, phase.sequence_length)
    table = summaries[0].tokens_per_source
    assert table["foundation"]["speeches"] > table["advanced"]["speeches"]
    assert table["foundation"]["chat"] < table["advanced"]["chat"]
    for phase in recipe.phases:
        counted = sum(table[phase.name].values()) + summaries[0].phases[phase.name].padding
        assert counted == phase.tokens


def test_padding_is_never_a_target(corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    build_curriculum(corpus, tiny_base, recipes.tiny().curriculum, tmp_path, silent)
    sources = np.load(tmp_path / "advanced.sources.npy")
    targets = np.load(tmp_path / "advanced.targets.npy")
    assert (sources == 255).any()
    assert not targets[sources == 255].any()
    assert targets[sources != 255].any()


def test_a_corpus_that_would_be_shown_too_often_is_refused(corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(EmptyCorpus, match="more than 1 times"):
        build_curriculum(corpus, tiny_base, recipes.tiny().curriculum.replace(max_epochs=1.0), tmp_path, silent)


def test_a_line_that_is_no_record_is_named_by_its_number(tmp_path: Path) -> None:
    good = json.dumps({"id": "1", "text": "hello", "source": "s", "domain": "prose"})
    (tmp_path / "train.jsonl").write_text(f"{good}\n{{broken\n")
    with pytest.raises(MalformedRecord, match="line 2"):
        read_texts(tmp_path / "train.jsonl")
    (tmp_path / "train.jsonl").write_text(f"{good}\n")
    assert [text.id for text in read_texts(tmp_path / "train.jsonl")["prose"]] == ["1"]


def test_an_empty_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(EmptyCorpus, match="holds no text"):
        read_texts(tmp_path / "train.jsonl")
