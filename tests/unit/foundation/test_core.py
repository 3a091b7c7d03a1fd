"""Settings, digests, wheels, progress and the command line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Self

import click
import pytest
from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core import wheels
from cleo_core.cli import cleo, main
from cleo_core.digest import canonical, digest_json, digest_sorted, sha256_file, tree_digest
from cleo_core.errors import CleoError, ConfigError, IntegrityError, TrustError, UnavailableSource
from cleo_core.progress import ConsoleReporter
from cleo_core.redact import shown
from cleo_core.settings import CoreSettings, all_settings, home, load

pytestmark = pytest.mark.unit


def test_the_home_folder_is_closed_to_others() -> None:
    folder = home("data")
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_mode & 0o077 == 0


def test_a_wrong_setting_names_the_variable_its_value_and_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_ENVIRONMENT", "staging")
    assert load(CoreSettings).environment == "staging"
    monkeypatch.setenv("CLEO_ENVIRONMENT", "prod")
    with pytest.raises(ConfigError, match=r"CLEO_ENVIRONMENT is 'prod'") as caught:
        load(CoreSettings)
    assert ".env" in (caught.value.hint or "")


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    class Secretive(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="CLEO_X_")
        api_key: int = 0

    monkeypatch.setenv("CLEO_X_API_KEY", "hunter2")
    with pytest.raises(ConfigError, match="CLEO_X_API_KEY") as caught:
        load(Secretive)
    assert "hunter2" not in str(caught.value)


class Guarded(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CLEO_X_")
    url: str = ""
    kek: int = 0
    pin: SecretStr = SecretStr("")
    share: float = 0.5
    hosts: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url.startswith("ftp:"):
            raise ValueError("there is no backend for it")
        return url

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.pin.get_secret_value() == "hunter2":
            raise ValueError(f"CLEO_X_PIN does not go with {self.url}")
        return self


def test_a_rule_about_several_settings_repeats_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_X_URL", "postgres://cleo:p@ss/w0rd@db/cleo?password=sw0rdfish")
    assert load(Guarded).url.startswith("postgres://cleo")
    monkeypatch.setenv("CLEO_X_PIN", "hunter2")
    with pytest.raises(ConfigError, match="CLEO_X_PIN does not go with postgres://") as caught:
        load(Guarded)
    assert not any(secret in str(caught.value) for secret in ("hunter2", "w0rd", "p@ss", "sw0rdfish"))
    assert "db/cleo" in str(caught.value)


def test_a_wrong_url_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_X_URL", "ftp://cleo:hunter2@db/cleo")
    with pytest.raises(ConfigError, match=r"CLEO_X_URL is 'ftp://\[hidden\]@db/cleo': .*no backend") as caught:
        load(Guarded)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("variable", "value"), [("CLEO_X_KEK", "k:aHVudGVyMg=="), ("CLEO_X_SHARE", "much")])
def test_only_the_value_of_a_secret_is_hidden(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=variable) as caught:
        load(Guarded)
    assert (value in str(caught.value)) == (variable == "CLEO_X_SHARE")


def test_a_list_that_is_no_json_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_X_HOSTS", '["a", "b"]')
    assert load(Guarded).hosts == ("a", "b")
    monkeypatch.setenv("CLEO_X_HOSTS", "a,hunter2")
    with pytest.raises(ConfigError, match=r'CLEO_X_…: .*"hosts"') as caught:
        load(Guarded)
    assert "hunter2" not in str(caught.value)
    assert "JSON" in str(caught.value)


def test_the_memorys_rules_do_not_print_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_MEMORY_KEY_PROVIDER", "vault")
    monkeypatch.setenv("CLEO_MEMORY_VAULT_TOKEN", "hvs.hunter2")
    monkeypatch.setenv("CLEO_MEMORY_COLD", "postgresql://cleo:sw0rdfish@db/cleo")
    with pytest.raises(ConfigError, match="set CLEO_MEMORY_VAULT_URL") as caught:
        load(all_settings()["memory"])
    assert not any(secret in str(caught.value) for secret in ("hunter2", "sw0rdfish"))


def test_every_package_offers_its_settings() -> None:
    assert {"core", "model", "memory", "serving"} <= set(all_settings())


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'.encode()


@pytest.mark.parametrize("values", [[], ["b"], ["b", "a", "b", 'ü "', "\U0001f600", "\uffee", "", "10", "9"]])
def test_what_is_sorted_on_disk_has_the_digest_of_what_is_sorted_in_memory(values: list[str]) -> None:
    assert digest_sorted(iter(values)) == digest_json(sorted(values))


def test_a_tree_digest_changes_with_content_and_names_and_refuses_links(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a").write_text("1")
    first, files = tree_digest(folder)
    assert list(files) == ["a"]
    (folder / "a").rename(folder / "b")
    assert tree_digest(folder)[0] != first
    (folder / "a").symlink_to(folder / "b")
    with pytest.raises(IntegrityError, match="'a' is a link"):
        tree_digest(folder)


def _wheel(folder: Path) -> Path:
    file = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("demo/data.txt", "hello")
    return file


def test_a_pinned_wheel_is_unpacked_once_and_other_bytes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _wheel(tmp_path)
    monkeypatch.delenv("CLEO_ASSETS")
    monkeypatch.setattr(wheels, "_download", lambda wheel, folder: file)
    good = wheels.PinnedWheel("demo", "1.0", sha256_file(file), "MIT", "a test")
    place = wheels.fetch(good)
    assert (place / "demo" / "data.txt").read_text() == "hello"
    assert wheels.fetch(good) == place
    bad = wheels.PinnedWheel("demo", "2.0", "0" * 64, "MIT", "a test")
    with pytest.raises(IntegrityError, match="pinned is 0000"):
        wheels.fetch(bad)
    assert not (home("assets") / "demo-2.0").exists()


def test_a_wheel_that_cannot_be_had_is_one_clear_line(tmp_path: Path) -> None:
    nowhere = wheels.PinnedWheel("cleo-no-such-package-anywhere", "9.9", "0" * 64, "MIT", "a test")
    with pytest.raises(UnavailableSource, match=r"cleo-no-such-package-anywhere 9\.9 could not be downloaded"):
        wheels.fetch(nowhere, tmp_path)


def test_progress_in_a_file_is_lines_and_not_a_flood() -> None:
    out = io.StringIO()
    report = ConsoleReporter(out, every=3600)
    for step in range(100):
        report("training", step, 100, loss=1.5)
    report("training", 100, 100, loss=1.25)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].strip() == "training 100/100 (100 %)  loss 1.25"


def test_progress_counts_in_whole_numbers() -> None:
    out = io.StringIO()
    ConsoleReporter(out)("screen", 3793940, 3793940)
    ConsoleReporter(out)("GiB", 1.25, 4)
    assert [line.strip() for line in out.getvalue().splitlines()] == [
        "screen 3,793,940/3,793,940 (100 %)",
        "GiB 1.2/4 (31 %)",
    ]


@pytest.mark.parametrize(
    ("error", "code"), [(TrustError("no", hint="mend"), 5), (ConfigError("no"), 2), (CleoError("no"), 1)]
)
def test_an_error_is_one_line_with_its_mend_and_its_exit_code(
    error: CleoError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setitem(cleo.commands, "broken", broken)
    with pytest.raises(SystemExit) as caught:
        main(["broken"])
    assert caught.value.code == code
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert error.message in shown


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied", "/srv/model"), "Error [ENVIRONMENT]: Permission denied: /srv/model"),
        (OSError(28, "No space left on device"), "Error [ENVIRONMENT]: No space left on device"),
        (OSError("cannot reach http://ann:hunter2@hub/x\nat all"), "cannot reach http://[hidden]@hub/x at all"),
        (TimeoutError(), "Error [ENVIRONMENT]: TimeoutError"),
    ],
)
def test_a_fault_of_the_machine_is_one_line_and_exit_code_3(
    error: OSError, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @click.option("--well", is_flag=True)
    def opens(well: bool) -> None:
        if not well:
            raise error

    monkeypatch.setitem(cleo.commands, "opens", opens)
    with pytest.raises(SystemExit) as fine:
        main(["opens", "--well"])
    assert fine.value.code == 0
    with pytest.raises(SystemExit) as caught:
        main(["opens"])
    assert caught.value.code == 3
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_a_reader_that_goes_away_ends_a_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run([sys.executable, "-m", "cleo_core", "--help"], stdout=gone, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode == 1


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def waits() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(cleo.commands, "waits", waits)
    with pytest.raises(SystemExit) as caught:
        main(["waits"])
    assert caught.value.code == 130


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    context = click.Context(cleo)
    names = cleo.list_commands(context)
    assert {"run", "train", "evaluate", "review", "verify", "api", "infer", "interactive", "token"} <= set(names)
    assert {"config", "doctor", "memory", "keys"} <= set(names)
    for name in names:
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0
        assert f"cleo {name}" in capsys.readouterr().out.replace("Usage: cleo", ""), f"{name}: no example"


HEAVY = {
    "torch", "transformers", "dagster", "mlflow", "deepspeed", "great_expectations", "onnxruntime", "pandas", "spacy",
    "sqlalchemy", "matplotlib", "strawberry", "model_signing", "pydantic_settings",
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "needs"),
    [
        ("--help", set()),
        ("config check", set()),
        ("keys list", set()),
        ("audit list", set()),
        ("audit verify", set()),
        ("review list", set()),
        ("token --user ann", set()),
        ("stop", set()),
        ("verify 1", {"model_signing"}),
    ],
)
def test_a_command_loads_only_what_it_needs(command: str, needs: set[str]) -> None:
    script = (
        "import sys\nfrom cleo_core.cli import main\n"
        f"sys.argv = ['cleo', *{command.split()!r}]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    code = ended.code\n"
        f"print(code, *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *loaded = done.stderr.splitlines()[-1].split()
    assert set(loaded) <= (needs | {"pydantic_settings"} if command != "--help" else needs)
    assert "verify" in done.stdout or command != "--help"
    assert code == ("2" if command == "verify 1" else "0"), done.stderr  # no version is registered here


def test_a_mistyped_url_is_shown_without_its_password() -> None:
    assert shown("redis//:pa55word@host:6379/0") == "'[hidden]@host:6379/0'"
    assert shown("redis://:pa55word@host:6379/0?x=1") == "'redis://[hidden]@host:6379/0'"
    assert shown("embedded") == "'embedded'"
