"""The recipe of the token classifier: labels stay exact, the export computes the model, a run ends in weights."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForTokenClassification

from cleo_core.progress import silent
from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.fit import recipe as recipes
from cleo_model.corpus.pii.fit.__main__ import main
from cleo_model.corpus.pii.fit.base import Base, unpack_4bit, widened
from cleo_model.corpus.pii.fit.encode import encode, word_labels
from cleo_model.corpus.pii.fit.figures import Score, score
from cleo_model.corpus.pii.fit.fill import fill, makers
from cleo_model.corpus.pii.fit.forms import Form, forms, slots
from cleo_model.corpus.pii.fit.graph import graph
from cleo_model.corpus.pii.fit.labels import FROM_RAMPART, LABELS
from cleo_model.corpus.pii.fit.mixture import Mixture
from cleo_model.corpus.pii.fit.noise import CASES, CHANGES
from cleo_model.corpus.pii.fit.recipe import Recipe, fit
from cleo_model.corpus.pii.fit.sample import Sample, with_spans
from cleo_model.corpus.pii.fit.train import Budget
from cleo_model.corpus.pii.token_classifier import MODEL, TokenClassifier
from cleo_model.corpus.pii.tokens import Vocabulary

pytestmark = pytest.mark.unit

FORM = Form("en", "{honorific} {family} ({email}) lives at {street_full}; {name_list} do not. {unknown} {version}")


def tiny() -> Base:
    """A model of Rampart's form with next to nothing in it."""
    torch.manual_seed(0)
    names = sorted({name for names in FROM_RAMPART.values() for name in names})
    config = BertConfig(
        vocab_size=19_730, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        id2label=dict(enumerate(names)), label2id={name: number for number, name in enumerate(names)},
    )  # fmt: skip
    return Base(BertForTokenClassification(config).eval(), MODEL / "tokenizer.json")


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_filled_form_knows_what_each_of_its_characters_is(seed: int) -> None:
    sample = fill(FORM, Random(seed))
    assert len(sample.owner) == len(sample.text)
    kinds = [label for _, _, label in sample.spans()]
    assert kinds[:4] == ["TITLE", "PERSON", "EMAIL_ADDRESS", "STREET_ADDRESS"]
    assert len(kinds) >= 6
    assert set(kinds[4:]) == {"PERSON"}
    assert "{unknown}" in sample.text  # braces that hold no slot are text


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt"])
def test_every_slot_can_be_drawn_in_every_language(language: str) -> None:
    drawn = makers(Random(3), language)
    for slot in slots():
        for _ in range(5):
            value = drawn[slot]()
            assert value.text.strip() if isinstance(value, Sample) else value.strip()


@pytest.mark.parametrize("change", [change for change, _ in (*CASES, *CHANGES)])
def test_noise_loses_track_of_no_character(change: object) -> None:
    for seed in range(20):
        before = fill(FORM, Random(seed))
        after = change(before, Random(seed))  # type: ignore[operator]
        assert len(after.owner) == len(after.text)
        assert {label for *_, label in after.spans()} == {label for *_, label in before.spans()}


def test_the_first_word_of_each_person_begins_one() -> None:
    sample = with_spans("Ann Lee, Bo Ek", [(0, 7, "PERSON"), (9, 14, "PERSON")])
    words = Vocabulary(MODEL / "tokenizer.json").words(sample.text)
    labels = [LABELS[number] for number in word_labels(sample, [(word.start, word.end) for word in words])]
    assert labels == ["B-PERSON", "PERSON", "O", "B-PERSON", "PERSON"]


def test_a_long_sample_becomes_windows_that_fit() -> None:
    sample = Sample().add("Nobody was there. " * 200).add("Ann", "PERSON")
    windows = list(encode(sample, Vocabulary(MODEL / "tokenizer.json"), longest=64))
    assert all(len(window.ids) == len(window.cases) == len(window.labels) <= 64 for window in windows)
    assert sum(LABELS.index("B-PERSON") in window.labels for window in windows) == 1


def test_forms_that_choose_thresholds_are_never_trained_on() -> None:
    kept = {form.text for form in forms() if form.held_out}
    learned = Mixture([], 1)
    assert kept
    assert kept.isdisjoint(form.text for form in (*learned.english, *learned.others))


def test_the_same_seed_draws_the_same_texts() -> None:
    first, again, other = (
        [sample.text for sample in islice(Mixture([], seed), 30)] for seed in (5, 5, 6)
    )  # fmt: skip
    assert first == again != other


def test_four_bits_are_unpacked_low_half_first() -> None:
    packed = np.array([[[0x21, 0x43]]], np.uint8)
    scales, zeros = np.array([0.5], np.float32), np.array([0x01], np.uint8)
    assert unpack_4bit(packed, scales, zeros, 1, 4, 4).tolist() == [[0.0, 0.5, 1.0, 1.5]]
    assert unpack_4bit(packed, scales, None, 1, 3, 4).tolist() == [[-3.5, -3.0, -2.5]]


def test_at_the_start_case_changes_next_to_nothing() -> None:
    model = widened(tiny().model)
    ids = torch.arange(100, 130)[None]
    plain, cased = (model.eval()(input_ids=ids, token_type_ids=torch.full_like(ids, case)).logits for case in (0, 2))
    assert (plain - cased).abs().max() < 0.05


def test_the_graph_computes_what_the_model_does() -> None:
    model = widened(tiny().model).eval()
    ids = torch.randint(100, 19_000, (2, 30), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 20:] = 0
    expected = model(input_ids=ids, attention_mask=mask, token_type_ids=ids % 4).logits.detach().numpy()
    session = onnxruntime.InferenceSession(graph(model).SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {"input_ids": ids.numpy(), "token_type_ids": (ids % 4).numpy(), "attention_mask": mask.int().numpy()}
    (found,) = session.run(None, feed)
    assert np.abs(found[0] - expected[0]).max() < 1e-4
    assert np.abs(found[1, :20] - expected[1, :20]).max() < 1e-4


def test_a_score_counts_words_and_leaves_out_what_training_takes_no_side_on() -> None:
    sample = with_spans(
        "Ann met Bo in Bern, said Cy.", [(0, 3, "PERSON"), (8, 10, "PERSON"), (14, 18, "LOCATION"), (25, 27, "IGNORED")]
    )
    finds = [Find(0, 7, "PERSON"), Find(25, 27, "PERSON")]
    assert score([sample], [finds], frozenset(["PERSON"])) == Score(found=1, missed=1, false=1)
    assert score([sample], [finds], frozenset(["PERSON", "LOCATION"])) == Score(found=1, missed=2, false=1)


def test_the_recipe_ends_in_weights_that_the_finder_loads(tmp_path: Path) -> None:
    recipe = Recipe(rounds=(Budget(tokens=6_000, batch_tokens=256),), real=0, judged=20)
    fit(recipe, tmp_path / "made", silent, base=tiny())
    classifier = TokenClassifier(tmp_path / "made")
    assert classifier.card.labels == LABELS
    assert len(classifier.find(["Ann lives here.", ""])) == 2
    notice = (tmp_path / "made" / "README.md").read_text(encoding="utf-8")
    assert "National Design Studio" in notice
    assert "| de |" in notice


def test_the_command_runs_from_start_to_end_on_a_small_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "from_rampart", tiny)  # Rampart's weights would be fetched
    small = ["--tokens", "3000", "--real", "0", "--judged", "10", "--out", str(tmp_path / "made")]
    result = CliRunner().invoke(main, small)
    assert result.exit_code == 0, result.output
    assert "to ship them" in result.output
    assert TokenClassifier(tmp_path / "made").card.labels == LABELS
