"""Sources: what is declared wrongly is named, links are never followed, and a change is noticed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cleo_model.corpus.account import Account
from cleo_model.corpus.sources.builtin import content_fingerprint, read_builtin
from cleo_model.corpus.sources.files import source_files
from cleo_model.corpus.sources.source import (
    Source,
    default_sources,
    sources_from_file,
)
from cleo_model.errors import SourceError, UnsafePath
from tests.unit.corpus.conftest import read

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
        (GOOD + 'format = "docx"\n', "format 'docx'"),
        (GOOD + 'encoding = "rot13"\n', "encoding 'rot13' cannot be used"),
        (GOOD + 'on_error = "ignore"\n', "on_error 'ignore'"),
        (GOOD + "max_skipped = 2.0\n", "max_skipped 2.0"),
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
    assert [file.name for file in source_files(text_source(tmp_path))] == ["b.txt", "sub/a.md"]


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
    with pytest.raises(SourceError, match="holds no text that is read as kind text"):
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


def test_a_folder_is_accounted_for_by_suffix_and_its_dot_folders_are_not_read(tmp_path: Path) -> None:
    for name in (".git/description.txt", ".ipynb_checkpoints/a.md", "sub/.hidden.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Not text of anybody's.")
    read = ["README", "a.adoc", "a.html", "a.log", "a.markdown", "a.md", "a.mdx", "a.rst", "sub/A.MD"]
    for name in (*read, "t.csv", "c.py", "empty.md", "b.bin"):
        (tmp_path / name).write_bytes(
            b"" if name == "empty.md" else b"some text" if name != "b.bin" else b"a\x00\x00b" * 9
        )
    account = Account(name="notes")
    assert [file.name for file in source_files(text_source(tmp_path), account)] == read
    assert {why: found.examples for why, found in account.files_skipped.items()} == {
        ".bin: binary, no text": ["b.bin"],
        ".py: no format that is known; state `format` to read it": ["c.py"],
        ".csv: not of kind text; kind files reads it": ["t.csv"],
        ".md: empty": ["empty.md"],
        "dot-folder: hidden": [".git", ".ipynb_checkpoints"],
        "dot-file: hidden": ["sub/.hidden.md"],
    }
    assert account.files_seen == len(read) + 7
    assert "t.csv" in [file.name for file in source_files(text_source(tmp_path, kind="files"))]


def cached(root: Path, files: dict[str, bytes], name: str = "datasets--owner--name") -> Path:
    """A repository in the hub's cache: a snapshot of links to blobs."""
    snapshot = root / name / "snapshots" / "0123abcd"
    blobs = root / name / "blobs"
    blobs.mkdir(parents=True)
    for number, (file, data) in enumerate(files.items()):
        (blobs / f"{number:040x}").write_bytes(data)
        (snapshot / file).parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(Path(file).parts) + 1)
        (snapshot / file).symlink_to(f"{up}blobs/{number:040x}")
    (root / name / "refs").mkdir()
    (root / name / "refs" / "main").write_text("0123abcd")
    return root / name


def test_a_data_set_in_the_cache_of_the_hub_is_read_and_only_its_split(tmp_path: Path) -> None:
    rows = b'{"text": "one"}\n'
    files = {"README.md": b"# Card", "data/train-00000.jsonl": rows, "data/test-00000.jsonl": rows}
    repository = cached(tmp_path, files)
    for place in (repository, repository / "snapshots" / "0123abcd"):
        for kind in ("files", "hf"):
            account = Account(name="notes")
            found = source_files(text_source(place, kind=kind), account)
            assert [file.name for file in found] == ["data/train-00000.jsonl"]
            assert ".jsonl: not of split train" in account.files_skipped
    only = repository / "snapshots" / "0123abcd" / "data" / "test-00000.jsonl"
    assert [file.name for file in source_files(text_source(only, kind="files"))] == ["test-00000.jsonl"]
    test = source_files(text_source(repository, kind="files", split="test"))
    assert [file.name for file in test] == ["data/test-00000.jsonl"]


def test_a_link_out_of_the_cache_is_refused(tmp_path: Path) -> None:
    repository = cached(tmp_path, {"train.jsonl": b"{}"})
    (tmp_path / "secret.jsonl").write_text('{"text": "secret"}')
    (repository / "snapshots" / "0123abcd" / "more.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(UnsafePath, match=r"more\.jsonl is a link"):
        source_files(text_source(repository, kind="files"))
    # A folder that only looks like a cache does not make its links good.
    other = tmp_path / "datasets--a--b"
    (other / "blobs").mkdir(parents=True)
    (other / "train.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(UnsafePath):
        source_files(text_source(other, kind="files"))
    # Nor do blobs that are a link themselves.
    (other / "snapshots" / "1").mkdir(parents=True)
    (other / "train.jsonl").unlink()
    (other / "blobs").rmdir()
    (other / "blobs").symlink_to(tmp_path)
    (other / "snapshots" / "1" / "train.jsonl").symlink_to("../../blobs/secret.jsonl")
    with pytest.raises(UnsafePath):
        source_files(text_source(other / "snapshots" / "1", kind="files"))


def test_a_data_set_that_was_saved_to_disk_is_read(tmp_path: Path) -> None:
    import datasets

    rows = datasets.Dataset.from_dict({"text": ["one", "two"], "label": [0, 1]})
    both = datasets.DatasetDict({"train": rows, "test": rows.select([0])})
    rows.save_to_disk(str(tmp_path / "one"))
    both.save_to_disk(str(tmp_path / "both"))
    assert read(tmp_path / "one").texts == ["one", "two"]
    assert read(tmp_path / "both", "hf").texts == ["one", "two"]
    assert read(tmp_path / "both", split="test").texts == ["one"]


def test_a_data_set_by_its_path_is_local_and_by_its_id_is_not(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(GOOD.replace('"text"', '"hf"').replace('location = "notes"', 'location = "./notes"'))
    (local,) = sources_from_file(path)
    assert local.location == str(tmp_path / "notes")
    path.write_text(GOOD.replace('"text"', '"hf"').replace('location = "notes"', 'location = "owner/notes"'))
    assert sources_from_file(path)[0].location == "owner/notes"
