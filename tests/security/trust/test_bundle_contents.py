"""What may lie in a bundle, and that a pickle cannot under any name."""

from __future__ import annotations

import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_core.model_folder import check_header
from cleo_core.provenance.contents import check_contents
from cleo_core.provenance.errors import BundleContent, BundleIncomplete, BundleLink, BundleName, BundleRefused
from tests.trust_bundles import make_bundle, safetensors

pytestmark = pytest.mark.security


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "plain")


def test_a_whole_bundle_passes(plain: Path) -> None:
    assert set(check_contents(plain)) == {
        "card.md", "config.json", "corpus_manifest.json", "eval_report.json", "lineage.json", "model.safetensors",
        "tokenizer.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model.bin", "model.pt", "model.pkl", "other.gguf", ".gitattributes", ".hidden", "model.safetensors~",
        "MODEL.SAFETENSORS", "modeling_cleo.py", "config.json ", "cönfig.json", "model-1-of-2.safetensors", "x.so",
    ],
)  # fmt: skip
def test_a_name_that_is_not_on_the_list_is_refused(plain: Path, name: str) -> None:
    check_contents(plain)
    (plain / name).write_bytes(b"{}")
    with pytest.raises(BundleName, match="may not be in a bundle"):
        check_contents(plain)


def test_a_folder_in_a_bundle_is_refused(plain: Path) -> None:
    (plain / "vocab.json").mkdir()
    with pytest.raises(BundleLink, match="folder or a special file"):
        check_contents(plain)


def test_a_link_to_the_very_same_bytes_is_refused(plain: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    (plain / "tokenizer.json").rename(target)
    (plain / "tokenizer.json").symlink_to(target)
    with pytest.raises(BundleLink, match="is a link"):
        check_contents(plain)


def test_a_hard_link_is_refused_because_it_can_be_changed_from_elsewhere(plain: Path, tmp_path: Path) -> None:
    os.link(plain / "tokenizer.json", tmp_path / "second-name")
    with pytest.raises(BundleLink, match="hard link"):
        check_contents(plain)


def test_a_pipe_is_refused_and_never_opened(plain: Path) -> None:
    (plain / "vocab.txt").unlink(missing_ok=True)
    os.mkfifo(plain / "vocab.txt")
    with pytest.raises(BundleLink, match="special file"):
        check_contents(plain)


def test_a_linked_bundle_folder_is_refused(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(plain)
    with pytest.raises(BundleIncomplete):
        check_contents(tmp_path / "alias")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "card.md", "eval_report.json", "lineage.json"])
def test_a_bundle_without_a_file_that_each_must_have_is_refused(plain: Path, name: str) -> None:
    (plain / name).unlink()
    with pytest.raises(BundleIncomplete, match=name):
        check_contents(plain)


def test_a_bundle_without_weights_is_refused(plain: Path) -> None:
    (plain / "model.safetensors").unlink()
    with pytest.raises(BundleIncomplete, match="no weights"):
        check_contents(plain)


@pytest.mark.parametrize(
    "content", [pickle.dumps({"w": [1.0]}), b"", b"GGUF", struct.pack("<4sIQQ", b"GGUF", 2, 1, 0), b"\x80\x04GGUF" * 9]
)
def test_what_only_calls_itself_gguf_is_refused(content: bytes, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", gguf=True)
    assert "model.gguf" in check_contents(bundle)
    (bundle / "model.gguf").write_bytes(content)
    with pytest.raises(BundleContent, match=r"model\.gguf"):
        check_contents(bundle)


@pytest.mark.parametrize("name", ["config.json", "card.md"])
def test_text_that_is_not_utf8_is_refused(plain: Path, name: str) -> None:
    (plain / name).write_bytes(b"\xff\xfe{}")
    with pytest.raises(BundleContent, match=name):
        check_contents(plain)


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": 1} trailing', "[" * 100_000, '"text"'])
def test_a_json_file_that_holds_no_object_is_refused(plain: Path, text: str) -> None:
    (plain / "config.json").write_text(text)
    with pytest.raises(BundleContent, match=r"config\.json"):
        check_contents(plain)


def test_a_configuration_that_asks_for_code_is_refused(plain: Path) -> None:
    (plain / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "evil--modeling.Model"}}))
    with pytest.raises(BundleContent, match="auto_map"):
        check_contents(plain)


def test_a_text_of_absurd_size_is_refused_unread(plain: Path) -> None:
    with (plain / "tokenizer.json").open("wb") as handle:
        handle.truncate(200 << 20)
    with pytest.raises(BundleContent, match="at most"):
        check_contents(plain)


def test_a_sentencepiece_model_is_let_through(plain: Path) -> None:
    (plain / "tokenizer.model").write_bytes(b"\n\x0b\n\x05<unk>")
    assert "tokenizer.model" in check_contents(plain)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": [1.0]}))


def _tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "storages")


def _header(path: Path, header: object, data: bytes = b"\0" * 16) -> None:
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def _tensor(**changes: object) -> dict[str, object]:
    return {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}}


BROKEN: dict[str, Callable[[Path], object]] = {
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"w": [1.0]})),
    "a torch archive": _zip,
    "an old torch archive": _tar,
    "empty": lambda path: path.write_bytes(b""),
    "seven bytes": lambda path: path.write_bytes(b"1234567"),
    "a header longer than the file": lambda path: path.write_bytes(struct.pack("<Q", 1 << 40) + b"{}"),
    "a pickle after the tensors": lambda path: path.write_bytes(
        safetensors(("w", "F32", [2, 2], b"\0" * 16)) + pickle.dumps("hidden")
    ),
    "a file cut short": lambda path: path.write_bytes(safetensors(("w", "F32", [2, 2], b"\0" * 16))[:-1]),
    "a gap between tensors": lambda path: _header(path, _tensor(data_offsets=[4, 20]), b"\0" * 20),
    "overlapping tensors": lambda path: _header(path, _tensor() | {"v": _tensor()["w"]}),
    "a shape that does not fit": lambda path: _header(path, _tensor(shape=[2, 3])),
    "a negative shape": lambda path: _header(path, _tensor(shape=[-2, -2])),
    "a boolean shape": lambda path: _header(path, _tensor(shape=[True, 4])),
    "an unknown type": lambda path: _header(path, _tensor(dtype="OBJECT")),
    "no tensors": lambda path: _header(path, {"__metadata__": {}}, b""),
    "a header that is a list": lambda path: _header(path, []),
    "a tensor that is a number": lambda path: _header(path, {"w": 3}),
    "a name twice": lambda path: _header(path, "{" + ",".join([json.dumps(_tensor())[1:-1]] * 2) + "}"),
    "nested beyond reason": lambda path: _header(path, '{"w":' + "[" * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_weights_that_are_no_safetensors_are_refused(plain: Path, what: str) -> None:
    check_header(plain / "model.safetensors")
    BROKEN[what](plain / "model.safetensors")
    with pytest.raises(BundleContent, match="is not a safetensors file"):
        check_contents(plain)


def test_what_the_library_writes_passes(plain: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {"a": np.zeros((3, 4), "float32"), "b": np.ones(5, "int8"), "c": np.zeros((0, 2), "float16")}
    save_file(tensors, plain / "model.safetensors", metadata={"format": "pt"})
    check_header(plain / "model.safetensors")
    check_contents(plain)


def test_weights_in_several_files_need_an_index_that_names_each(plain: Path) -> None:
    data = (plain / "model.safetensors").read_bytes()
    (plain / "model.safetensors").unlink()
    for number in (1, 2):
        (plain / f"model-0000{number}-of-00002.safetensors").write_bytes(data)
    with pytest.raises(BundleIncomplete, match="index"):
        check_contents(plain)
    index = plain / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors"}}))
    with pytest.raises(BundleContent, match="names other files"):
        check_contents(plain)
    index.write_text(json.dumps({"weight_map": {"a": "../../etc/passwd", "b": "model-00002-of-00002.safetensors"}}))
    with pytest.raises(BundleRefused):
        check_contents(plain)
    names = {f"t{n}": f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}
    index.write_text(json.dumps({"weight_map": names}))
    assert len(check_contents(plain)) == 9
