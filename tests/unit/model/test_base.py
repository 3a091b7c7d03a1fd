"""Base models: resolved by their bytes, refused when they could run code or do not fit together."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from cleo_core.errors import IntegrityError, UnavailableSource, UnsafeWeights, UnusableModel
from cleo_core.progress import silent
from cleo_model.base_model import content_digest, resolve

pytestmark = pytest.mark.unit


def copy(source: Path, to: Path) -> Path:
    shutil.copytree(source, to)
    return to


def test_the_tiny_model_is_the_same_every_time(tiny_base: Path, tmp_path: Path) -> None:
    from cleo_core.digest import tree_digest

    (tmp_path / "again").mkdir()
    summary = resolve("tiny", tmp_path / "again", silent)
    assert summary.digest == tree_digest(tiny_base)[0]
    assert summary.chat_template
    assert 4_000_000 < summary.parameters < 6_000_000


def test_a_local_folder_resolves_to_the_same_bytes(tiny_base: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    resolve(str(tiny_base), tmp_path / "out", silent)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (tiny_base / "model.safetensors").read_bytes()


def test_only_files_of_a_model_are_taken_from_a_folder(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    (folder / "training_args.bin").write_bytes(b"\x80\x04.")
    (tmp_path / "out").mkdir()
    resolve(str(folder), tmp_path / "out", silent)
    assert not {"modeling_evil.py", "training_args.bin"} & {path.name for path in (tmp_path / "out").iterdir()}


def test_pickled_weights_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(UnsafeWeights, match=r"pytorch_model\.bin"):
        resolve(str(folder), tmp_path / "out", silent)


def test_a_pickle_that_calls_itself_safetensors_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weight": [0.0] * 64}, protocol=4))
    with pytest.raises(UnsafeWeights, match=r"model\.safetensors is not a safetensors file"):
        resolve(str(folder), tmp_path / "out", silent)


def test_a_truncated_weight_file_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(UnusableModel):
        resolve(str(folder), tmp_path / "out", silent)


def test_an_index_that_leads_out_of_the_folder_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    shutil.move(folder / "model.safetensors", tmp_path / "outside.safetensors")
    index = {"weight_map": {"model.norm.weight": "../outside.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UnusableModel, match=r"outside\.safetensors"):
        resolve(str(folder), tmp_path / "out", silent)


def test_a_model_that_brings_code_of_its_own_is_not_run(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "modeling_evil.EvilConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling_evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableModel):
        resolve(str(folder), tmp_path / "out", silent)
    assert not (tmp_path / "ran").exists()


def test_a_tokenizer_that_is_larger_than_the_model_is_refused(llama: object, tiny_base: Path, tmp_path: Path) -> None:
    assert callable(llama)
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableModel, match="4096 tokens"):
        resolve(str(llama(vocab_size=100)), tmp_path / "out", silent)


def test_an_id_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableSource) as caught:
        resolve("somebody/some-model", tmp_path, silent)
    assert "somebody/some-model cannot be reached" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["no such thing", "/no/such/folder", "a/b/c", "../model"])
def test_what_is_neither_folder_nor_id_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match="neither a folder"):
        resolve(name, tmp_path, silent)


def test_a_changed_file_changes_the_content_digest(tiny_base: Path, tmp_path: Path) -> None:
    folder = copy(tiny_base, tmp_path / "model")
    before = content_digest(str(folder))
    assert content_digest(str(folder)) == before
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    assert content_digest(str(folder)) != before


def cached(model: Path, cache: Path) -> Path:
    """The model as the hub's cache keeps it: a snapshot of links to blobs."""
    repository = cache / "models--owner--name"
    snapshot = repository / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    for number, file in enumerate(sorted(model.iterdir())):
        shutil.copyfile(file, repository / "blobs" / f"{number:040x}")
        (snapshot / file.name).symlink_to(f"../../blobs/{number:040x}")
    return snapshot


def test_a_snapshot_in_the_cache_of_the_hub_is_a_model(tiny_base: Path, tmp_path: Path) -> None:
    snapshot = cached(tiny_base, tmp_path)
    plain = tmp_path / "plain"
    plain.mkdir()
    digest = resolve(str(tiny_base), plain, silent).digest
    for number, place in enumerate((snapshot, snapshot.parents[1])):
        out = tmp_path / f"out{number}"
        out.mkdir()
        assert resolve(str(place), out, silent).digest == digest
        assert not any(path.is_symlink() for path in out.iterdir())
        assert content_digest(str(place)) == content_digest(str(tiny_base))


def test_a_link_out_of_the_cache_is_no_part_of_a_model(tiny_base: Path, tmp_path: Path) -> None:
    snapshot = cached(tiny_base, tmp_path)
    (tmp_path / "secret.json").write_text("{}")
    (snapshot / "generation_config.json").unlink(missing_ok=True)
    (snapshot / "generation_config.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "out").mkdir()
    with pytest.raises(IntegrityError, match=r"generation_config\.json' is a link"):
        resolve(str(snapshot), tmp_path / "out", silent)
