"""Sources: what is declared wrongly is named, links are never followed, and a change is noticed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cleo_model.corpus.sources.builtin import content_fingerprint, read_builtin
from cleo_model.corpus.sources.source import (
    Source,
    default_sources,
    source_files,
    sources_from_file,
)
from cleo_model.errors import SourceError, UnsafePath

pytestmark = pytest.mark.unit

GOOD = '[[source]]\nname = "notes"\ndomain = "prose"\nkind = "text"\nlocation = "notes"\nlicence = "CC0-1.0"\n'


def text_source(location: Path, **changes: Any) -> Source:
    values = {"name": "notes", "domain": "prose", "kind": "text", "location": str(location), "licence": "CC0-1.0"}
    return Source(**{**values, **changes})


def test_a_toml_and_a_yaml_file_declare_the_same_sources(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "sources.toml", tmp_path / "sources.yaml"
    toml.write_text(GOOD + "keep_names = true\nlimit_bytes = 10\n")
    yaml.write_text(
        "sources:\n- {name: notes, domain: prose, kind: text, location: notes, licence: CC0-1.0, keep_names: true, "
        "limit_bytes: 10}\n"
    )
    (source,) = sources_from_file(toml)
    assert sources_from_file(yaml) == [source]
    assert source.location == str(tmp_path / "notes")
    assert source.keep_names
    assert source.limit_bytes == 10


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[[source]\n", "not valid TOML"),
        ("", "no list of sources"),
        ("source = []\n", "lists no source"),
        ("source = [1]\n", "source 1: A source is a table of fields, not 1"),
        (GOOD.replace('licence = "CC0-1.0"\n', ""), "lacks the field 'licence'"),
        (GOOD + 'colour = "red"\n', "unknown field 'colour'"),
        (GOOD.replace('"prose"', '"po et-ry"'), "domain 'po et-ry'"),
        (GOOD + 'profile = "poem"\n', "profile 'poem'"),
        (GOOD.replace('"text"', '"pickle"'), "kind 'pickle'"),
        (GOOD.replace('"notes"', '"../up"', 1), "'../up' cannot be used"),
        (GOOD.replace('"notes"', '"canaries"', 1), "'canaries' cannot be used"),
        (GOOD.replace('"CC0-1.0"', '" "'), "licence ' ' cannot be used"),
        (GOOD + "limit_bytes = -1\n", "limit_bytes -1"),
        (GOOD + 'limit_bytes = "1"\n', "limit_bytes '1' cannot be used"),
        (GOOD + GOOD, "two sources named 'notes'"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(content)
    with pytest.raises(SourceError) as caught:
        sources_from_file(path)
    assert named in caught.value.message
    assert caught.value.hint


def test_a_missing_list_of_sources_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.toml cannot be read"):
        sources_from_file(tmp_path / "none.toml")


def test_a_yaml_file_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(f"!!python/object/apply:os.system ['touch {tmp_path}/ran']\n")
    with pytest.raises(SourceError, match="not valid YAML"):
        sources_from_file(path)
    assert not (tmp_path / "ran").exists()


def test_files_of_a_folder_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "sub/a.md", "ignored.png"):
        (tmp_path / name).write_text("text")
    assert [name for name, _ in source_files(text_source(tmp_path))] == ["b.txt", "sub/a.md"]


@pytest.mark.parametrize("kind", ["file", "folder", "fifo", "root"])
def test_a_link_or_special_file_in_a_source_is_refused(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "fine.txt").write_text("fine")
    assert len(source_files(text_source(inside))) == 1
    location = inside
    if kind == "file":
        (inside / "link.txt").symlink_to(outside / "secret.txt")
    elif kind == "folder":
        (inside / "link").symlink_to(outside)
    elif kind == "fifo":
        os.mkfifo(inside / "pipe.txt")
    else:
        location = tmp_path / "elsewhere"
        location.symlink_to(inside)
    with pytest.raises(UnsafePath) as caught:
        source_files(text_source(location))
    assert caught.value.hint


def test_a_folder_without_a_file_of_the_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no \.txt"):
        source_files(text_source(tmp_path))
    with pytest.raises(SourceError, match="is not there"):
        source_files(text_source(tmp_path / "none"))


def test_the_fingerprint_follows_the_bytes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    before = content_fingerprint(text_source(tmp_path))
    assert content_fingerprint(text_source(tmp_path)) == before
    path.write_text("two")
    assert content_fingerprint(text_source(tmp_path)) != before


def test_the_built_in_sources_have_fingerprints_of_their_own() -> None:
    prints = [content_fingerprint(source) for source in default_sources()]
    assert len({str(value) for value in prints}) == len(prints) == 4
    assert all(source.licence and source.origin for source in default_sources())


def test_an_unknown_built_in_source_is_named() -> None:
    source = text_source(Path("bible"), kind="builtin")
    with pytest.raises(SourceError, match="'bible'"):
        next(read_builtin(source, 1))
    with pytest.raises(SourceError, match="'bible'"):
        content_fingerprint(source)
