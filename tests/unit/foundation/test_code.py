"""The version of the code behind a function follows everything that the function may run, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cleo_core.stage import code

pytestmark = pytest.mark.unit

FILES = {
    "ours/__init__.py": "",
    "ours/stage.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ours import hints\n"
    "LIMIT = 3\nUSED = 4\n"
    "class Summary:\n    size = 1\n"
    "def helper():\n    return 1\n\ndef build():\n    from ours.work import run\n"
    "    return [run(helper() + USED), Summary()]\n",
    "ours/work.py": '"""Does it."""\nimport click\n\n# why\ndef run(x):\n    import ours.deep\n'
    '    command = ["python", "-m", "ours.process"]\n    return x\n',
    "ours/deep.py": "from .far import value\n",
    "ours/far.py": "value = 1\n",
    "ours/process.py": "import ours.later\n",
    "ours/later.py": "x = 1\n",
    "ours/hints.py": "x = 1\n",
    "ours/unrelated.py": "x = 1\n",
    "ours/words.yaml": "a: 1\n",
    "ours/data/list.json": "[1]",
    "ours/readme.md": "text",
}


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Writes the package, with some files changed, and tells the version of the code behind its `build`."""
    monkeypatch.setattr(code, "ROOT", tmp_path)
    monkeypatch.setattr(code, "OURS", frozenset({"ours"}))
    caches: list[Any] = [each for each in vars(code).values() if hasattr(each, "cache_clear")]
    loaded = 0

    def find(changes: dict[str, str] | None = None) -> str:
        nonlocal loaded
        for each in caches:
            each.cache_clear()
        for name, text in {**FILES, **(changes or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        loaded += 1
        spec = importlib.util.spec_from_file_location("ours.stage", tmp_path / "ours" / "stage.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "ours.stage", module)
        exec(compile((tmp_path / "ours/stage.py").read_text(), spec.origin or "", "exec"), vars(module))
        import linecache

        linecache.clearcache()
        return code.code_version(module.build)

    yield find
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ours/stage.py", FILES["ours/stage.py"].replace("helper() + USED", "helper() + 1")),
        ("ours/stage.py", FILES["ours/stage.py"].replace("return 1", "return 2")),
        ("ours/work.py", FILES["ours/work.py"].replace("return x", "return x + 1")),
        ("ours/deep.py", "from .far import value as other\n"),
        ("ours/far.py", "value = 2\n"),
        ("ours/process.py", "import ours.later as sooner\n"),
        ("ours/later.py", "x = 2\n"),
        ("ours/__init__.py", "x = 1\n"),
        ("ours/words.yaml", "a: 2\n"),
        ("ours/data/list.json", "[2]"),
    ],
)
def test_a_change_of_anything_behind_the_function_changes_its_version(
    version: Callable[..., str], name: str, change: str
) -> None:
    before = version()
    assert version() == before
    assert version({name: change}) != before


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ours/unrelated.py", "x = 2\n"),
        ("ours/hints.py", "x = 2\n"),
        ("ours/readme.md", "other"),
        ("ours/stage.py", FILES["ours/stage.py"].replace("LIMIT = 3", "LIMIT = 4")),
        ("ours/work.py", FILES["ours/work.py"].replace("# why", "# because").replace("Does it.", "Does the work.")),
    ],
)
def test_comments_docstrings_and_unrelated_code_do_not_count(
    version: Callable[..., str], name: str, change: str
) -> None:
    assert version() == version({name: change})


def test_the_version_of_a_library_counts(version: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    known = code.metadata.version
    monkeypatch.setattr(code.metadata, "version", lambda name: "99" if name == "click" else known(name))
    assert version() != before


def test_constants_and_classes_beside_the_function_count_when_it_uses_them(version: Callable[..., str]) -> None:
    stage = FILES["ours/stage.py"]
    assert version() == version({"ours/stage.py": stage.replace("LIMIT = 3", "LIMIT = 5")})  # not used
    assert version() != version({"ours/stage.py": stage.replace("USED = 4", "USED = 5")})
    assert version() != version({"ours/stage.py": stage.replace("size = 1", "size = 2")})


def test_in_an_installed_copy_the_packages_beside_ours_count_by_their_version_alone(
    version: Callable[..., str], tmp_path: Path
) -> None:
    # `work` imports click: here it lies beside ours, as all packages do below site-packages.
    (tmp_path / "click").mkdir()
    (tmp_path / "click" / "__init__.py").write_text("x = 1\n")
    before = version()
    (tmp_path / "click" / "__init__.py").write_text("this is no Python\n")
    assert version() == before
