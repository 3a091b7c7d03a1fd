"""Base models: resolved by their bytes, refused when they could run code or do not fit together."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_core.errors import IntegrityError, ModelError, UnavailableSource, UnsafeWeights, UnusableModel
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


@pytest.fixture
def sharded(tiny_base: Path, tmp_path: Path) -> Path:
    """The tiny model in several weight files, with an index."""
    from cleo_core.model_folder import INDEX
    from cleo_model.shards import Form, open_shards
    from cleo_model.weights import read_tensors

    folder = copy(tiny_base, tmp_path / "sharded")
    tensors = read_tensors(tiny_base)
    (folder / "model.safetensors").unlink()
    with open_shards(folder, [Form.of(name, tensor) for name, tensor in tensors.items()], 4 << 20) as write:
        for name, tensor in tensors.items():
            write(name, tensor)
    assert (folder / INDEX).is_file()
    return folder


FIRST = "model-00001-of-00003.safetensors"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269060552\n"


def missing(folder: Path) -> None:
    (folder / FIRST).unlink()


def truncated(folder: Path) -> None:
    (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:-1000])


def without_index(folder: Path) -> None:
    (folder / "model.safetensors.index.json").unlink()


def pickled(folder: Path) -> None:
    without_index(folder)
    for file in folder.glob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))


def weights_by_pointer(folder: Path) -> None:
    (folder / FIRST).write_text(POINTER)


def tokenizer_by_pointer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(POINTER)


def added_tokens(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[PAD]"], special_tokens=True)
    tokenizer.save_pretrained(folder)


def another_vocabulary(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 32_000}))


def another_width(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 700}))


def one_layer_more(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 7}))


@pytest.mark.parametrize(
    ("broken", "told", "mend"),
    [
        (missing, FIRST, "Fetch the model again"),
        (truncated, FIRST, "Fetch or export the model again"),
        (without_index, "model.safetensors.index.json", "Fetch the model again"),
        (pickled, "model-00001-of-00003.bin", "Convert them to safetensors"),
        (weights_by_pointer, f"{FIRST} is a Git LFS pointer", "lfs pull"),
        (tokenizer_by_pointer, "tokenizer.json is a Git LFS pointer", "lfs pull"),
        (added_tokens, "has 4097 tokens, the model only 4096", "resize_token_embeddings"),
        (another_vocabulary, "an embedding of 4096 tokens, but vocab_size of config.json is 32000", "same model"),
        (another_width, "[704, 256]; by config.json it is [700, 256]", "same model"),
        (one_layer_more, "model.layers.6.", "same model"),
    ],
)
@pytest.mark.parametrize("place", ["folder", "cache"])
def test_a_checkpoint_that_is_not_whole_is_refused_with_the_mend(
    broken: Callable[[Path], None], told: str, mend: str, place: str, sharded: Path, tmp_path: Path
) -> None:
    (tmp_path / "control").mkdir()
    resolve(str(cached(sharded, tmp_path / "good") if place == "cache" else sharded), tmp_path / "control", silent)
    broken(sharded)
    folder = cached(sharded, tmp_path / "bad") if place == "cache" else sharded
    (tmp_path / "out").mkdir()
    with pytest.raises(ModelError) as caught:
        resolve(str(folder), tmp_path / "out", silent)
    assert told in caught.value.message
    assert mend in str(caught.value.hint)


def test_a_half_downloaded_snapshot_is_refused_by_the_file_that_is_not_there(sharded: Path, tmp_path: Path) -> None:
    snapshot = cached(sharded, tmp_path / "cache")
    blob = (snapshot / FIRST).resolve()
    blob.rename(blob.with_name(f"{blob.name}.incomplete"))
    (tmp_path / "out").mkdir()
    with pytest.raises(ModelError, match=FIRST):
        resolve(str(snapshot), tmp_path / "out", silent)
    blob.with_name(f"{blob.name}.incomplete").rename(blob)
    assert resolve(str(snapshot), tmp_path / "out", silent).parameters > 4_000_000
