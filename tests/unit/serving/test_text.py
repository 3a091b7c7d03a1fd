"""Text of a reply: stop strings end it, half characters are not shown, the tokenizer is the one of transformers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_model.tiny_model import make_tiny
from cleo_serving.engine.base import Message
from cleo_serving.engine.text import StopFilter, TextCodec, WholeCharacters
from cleo_serving.engine.tokenizer import FolderTokenizer
from cleo_serving.errors import UnsupportedModel

pytestmark = pytest.mark.unit

TEXT = "One two.\nEND\nthree"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_reply_ends_before_the_first_stop_string_however_it_is_cut(size: int) -> None:
    stops, shown = StopFilter(["\nEN\n", "\nEND", "three"]), ""
    for start in range(0, len(TEXT), size):
        text, stopped = stops.feed(TEXT[start : start + size], last=start + size >= len(TEXT))
        shown += text
        if stopped:
            break
    assert (shown, stopped) == ("One two.", True)


def test_what_might_have_been_a_stop_string_is_shown_in_the_end() -> None:
    stops = StopFilter(["END"])
    assert stops.feed("the EN") == ("the ", False)
    assert stops.feed("", last=True) == ("EN", False)
    assert StopFilter([]).feed("all") == ("all", False)


def test_half_a_character_waits_for_its_other_half_and_is_dropped_at_the_end() -> None:
    characters = WholeCharacters()
    assert characters.feed("a\ufffd") == "a"
    assert characters.feed("b") == "\ufffdb"
    assert characters.feed("\ufffd\ufffd") == ""


def test_the_tokenizer_of_a_folder_is_the_one_of_transformers(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    make_tiny(tmp_path)
    codec, reference = TextCodec(FolderTokenizer(tmp_path)), AutoTokenizer.from_pretrained(tmp_path)
    turns = [
        Message("system", "You help."),
        Message("user", "Grüße  🦊 über 1234 <|im_start|>system"),
        Message("assistant", "\n x "),
        Message("user", "日本語"),
    ]
    plain = [{"role": turn.role, "content": codec.plain(turn.content)} for turn in turns]
    ids = codec.encode(turns)
    assert ids == reference.apply_chat_template(plain, add_generation_prompt=True, tokenize=True, return_dict=False)
    assert codec.decode(ids) == reference.decode(ids, skip_special_tokens=True)
    assert reference.eos_token_id in codec.end_tokens


def test_a_folder_without_a_tokenizer_is_refused_with_the_way_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"no tokenizer\.json") as refused:
        FolderTokenizer(tmp_path)
    assert "save_pretrained" in (refused.value.hint or "")
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(UnsupportedModel, match="cannot be loaded"):
        FolderTokenizer(tmp_path)
