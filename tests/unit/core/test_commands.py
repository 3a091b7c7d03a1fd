"""`cleo keys|audit|config|doctor|setup`: what they say, what they refuse, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cleo_core import diagnosis, extras, wheels
from cleo_core.audit import open_log
from cleo_core.commands.audit import audit
from cleo_core.commands.config import config, unknown_variables
from cleo_core.commands.doctor import doctor
from cleo_core.commands.keys import keys
from cleo_core.commands.setup import setup
from cleo_core.crypto.errors import KeyExists, KeyMissing
from cleo_core.crypto.keys import load_private
from cleo_core.errors import CleoError, ConfigError, InputError, IntegrityError

pytestmark = pytest.mark.unit


def run(command: click.Command, *arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(command, list(arguments), input=given)
    if isinstance(result.exception, CleoError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_reviewers_key_is_encrypted_unless_told_otherwise(home: Path) -> None:
    told = run(keys, "init", "reviewer", "--name", "ada", given="horse\nhorse\n").output
    assert "Fingerprint" in told
    assert "horse" not in told
    assert load_private("reviewer", "ada", passphrase=lambda: b"horse").name == "ada"
    run(keys, "init", "reviewer", "--name", "bob", "--no-passphrase")
    assert load_private("reviewer", "bob").name == "bob"
    with pytest.raises(KeyExists):
        run(keys, "init", "reviewer", "--name", "bob", "--no-passphrase")


def test_a_key_goes_where_it_is_told(home: Path, tmp_path: Path) -> None:
    run(keys, "init", "bundle", "--name", "release", "--path", str(tmp_path / "stick" / "key.pem"))
    assert load_private("bundle", path=tmp_path / "stick" / "key.pem")
    assert not (home / "keys" / "bundle").exists()


def test_a_key_without_a_name_is_asked_for_one(home: Path) -> None:
    result = run(keys, "init", "bundle")
    assert result.exit_code == 2
    assert "--name" in result.output


def test_development_keys_and_secrets_are_made_once(home: Path) -> None:
    assert "Made 3 development keys" in run(keys, "init", "development").output
    assert "has a key already" in run(keys, "init", "development").output
    assert "Back it up" in run(keys, "init", "secret", "--name", "masking").output
    with pytest.raises(KeyExists):
        run(keys, "init", "secret", "--name", "masking")


def test_the_list_shows_each_key_its_state_and_no_private_half(home: Path) -> None:
    assert "No key is trusted yet" in run(keys, "list").output
    run(keys, "init", "development")
    run(keys, "init", "bundle", "--name", "release")
    run(keys, "rotate", "bundle", "release")
    told = run(keys, "list").output
    assert told.count("DEVELOPMENT") == 3
    assert "retired" in told
    rows = json.loads(run(keys, "list", "--json").output)
    assert {row["state"] for row in rows} == {"active", "retired"}
    assert "PRIVATE" not in json.dumps(rows)


def test_a_rotated_reviewers_key_keeps_its_passphrase(home: Path) -> None:
    run(keys, "init", "reviewer", "--name", "ada", given="horse\nhorse\n")
    before = load_private("reviewer", "ada", passphrase=lambda: b"horse").fingerprint
    run(keys, "rotate", "reviewer", "ada", given="horse\n")
    assert load_private("reviewer", "ada", passphrase=lambda: b"horse").fingerprint != before


def test_a_public_key_travels_to_another_machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(keys, "init", "reviewer", "--name", "ada", "--no-passphrase")
    mark = load_private("reviewer", "ada").fingerprint
    pem = run(keys, "export", "reviewer", "ada").output
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    (tmp_path / "ada.pub.pem").write_text(pem)
    monkeypatch.setenv("CLEO_HOME", str(tmp_path / "other"))
    assert mark in run(keys, "trust", "reviewer", "ada", str(tmp_path / "ada.pub.pem")).output
    (tmp_path / "noise").write_bytes(b"\xff\x00")
    with pytest.raises(CleoError, match="Not a public key"):
        run(keys, "trust", "reviewer", "eve", str(tmp_path / "noise"))


def test_a_retired_key_signs_nothing_more(home: Path) -> None:
    run(keys, "init", "reviewer", "--name", "ada", "--no-passphrase")
    assert "Retired" in run(keys, "retire", "reviewer", "ada").output
    assert "retired" in run(keys, "list").output
    with pytest.raises(KeyMissing):
        run(keys, "retire", "reviewer", "ada")


def test_what_is_done_to_keys_is_in_the_audit_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    assert "no audit key" in run(keys, "init", "bundle", "--name", "release").output
    assert "no audit key" not in run(keys, "init", "audit", "--name", "log").output
    run(keys, "rotate", "bundle", "release")
    told = [(record["event"], record["subject"]) for record in open_log().read()]
    assert told == [("key.created", "audit/log"), ("key.rotated", "bundle/release")]


def test_revoking_asks_first_and_names_what_it_revokes(home: Path) -> None:
    run(keys, "init", "bundle", "--name", "release")
    assert run(keys, "revoke", "bundle", "release", given="n\n").exit_code == 1
    assert "active" in run(keys, "list").output
    run(keys, "rotate", "bundle", "release")
    with pytest.raises(KeyMissing, match="Several bundle keys"):
        run(keys, "revoke", "bundle", "release", "--yes")
    mark = load_private("bundle", "release").fingerprint
    assert "Revoked" in run(keys, "revoke", "bundle", "release", "--yes", "--fingerprint", mark[:12]).output
    assert "revoked" in run(keys, "list").output
    with pytest.raises(KeyMissing, match="no trusted reviewer key 'nobody'"):
        run(keys, "revoke", "reviewer", "nobody", "--yes")


def test_the_log_is_listed_checked_and_proven(home: Path, tmp_path: Path) -> None:
    from cleo_core.audit.log import record

    for number in range(3):
        record("test.happened", "ada", f"thing/{number}", number=number)
    assert "thing/2  number=2" in run(audit, "list", "--start", "2").output
    assert json.loads(run(audit, "list", "--json", "--count", "1").output)["actor"] == "ada"
    assert "✓ 3 records" in run(audit, "verify").output
    assert json.loads(run(audit, "verify", "--json").output)["holds"] is True
    proof = tmp_path / "proof.json"
    proof.write_text(run(audit, "prove", "1").output)
    assert "record 1 is in the log" in run(audit, "verify", "--proof", str(proof)).output
    assert json.loads(run(audit, "verify", "--json", "--proof", str(proof)).output)["subject"] == "thing/1"
    proof.write_text(proof.read_text().replace("thing/1", "thing/7"))
    with pytest.raises(IntegrityError):
        run(audit, "verify", "--proof", str(proof))
    proof.write_text("not JSON")
    with pytest.raises(InputError, match="is no proof"):
        run(audit, "verify", "--proof", str(proof))


def test_a_log_that_does_not_hold_exits_with_5(home: Path) -> None:
    from cleo_core.audit.log import record

    record("test.happened", "ada", "thing")
    (home / "checkpoints" / "audit-checkpoints.jsonl").unlink()
    result = run(audit, "verify")
    assert result.exit_code == 5
    assert "✗" in result.output


def test_right_settings_pass(home: Path) -> None:
    result = run(config, "check")
    assert result.exit_code == 0, result.output
    assert "✓ core" in result.output
    assert "✓ trust" in result.output


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [("CLEO_ENVIRONMENT", "prod", "'development', 'staging' or 'production'"), ("CLEO_TRUST_APPROVAL_DAYS", "0", "1")],
)
def test_a_wrong_setting_is_named_with_its_value_and_the_mend(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = run(config, "check")
    assert result.exit_code == 2
    assert f"{variable} is '{value}'" in result.output
    assert says in result.output
    assert "Change the variable" in result.output


def test_a_misspelt_variable_is_pointed_out_with_what_was_meant(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_ENVIROMENT", "production")
    monkeypatch.setenv("CLEO_SOMETHING_ELSE", "1")
    monkeypatch.setenv("CLEO_TEST_REDIS_URL", "redis://x")
    assert unknown_variables() == [("CLEO_ENVIROMENT", "CLEO_ENVIRONMENT"), ("CLEO_SOMETHING_ELSE", "")]
    assert "Did you mean CLEO_ENVIRONMENT?" in run(config, "check").output


def test_a_home_belongs_to_one_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(config, "check").exit_code == 0
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    result = run(config, "check")
    assert result.exit_code == 2
    assert "belongs to 'development'" in result.output


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("CLEO_MODEL_NAME", "cleo-2.b", "a/b"),
        ("CLEO_MLFLOW_URI", "http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("CLEO_MLFLOW_URI", "postgresql+psycopg://mlflow/x", "ftp://mlflow"),
        ("CLEO_MODEL_RECIPE", "tiny", "smollm3"),
        ("CLEO_MODEL_SOURCES", "sources.toml", "broken.toml"),
        ("CLEO_MODEL_SOURCES", "sources.toml", "no-such.toml"),
        ("CLEO_MEMORY_EMBEDDER", "minilm", "minilm-int4"),
        ("CLEO_MEMORY_EMBEDDER", "embedder", "key.pem"),
        ("CLEO_MEMORY_CATALOGUE", "postgresql://db/cleo", "sqlite3"),
        ("CLEO_MEMORY_KEYSTORE", "postgres://db/keys", "mysql://db/keys"),
        ("CLEO_MEMORY_HOT", "rediss://cache", "memcached://cache"),
        ("CLEO_MEMORY_WARM", "mongodb+srv://docs", "docs"),
        ("CLEO_MEMORY_COLD", "embedded", "s3://bucket"),
        ("CLEO_TRUST_REVIEWER_KEY", "key.pem", "no-such.pem"),
        ("CLEO_TRUST_AUDIT_COPY", "embedder", "no-such"),
    ],
)
def test_a_setting_that_names_what_is_not_there_is_said(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, good: str, bad: str
) -> None:
    (tmp_path / "key.pem").write_text("key")
    (tmp_path / "embedder").mkdir()
    (tmp_path / "embedder" / "modules.json").write_text("[]")
    (tmp_path / "broken.toml").write_text("[[source]]\nname = 1")
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nname = "a"\ndomain = "prose"\nkind = "text"\nlocation = "a.txt"\nlicence = "MIT"\n'
    )
    monkeypatch.setenv(name, good)
    assert run(config, "check").exit_code == 0
    assert _state("settings").state == "ok"
    monkeypatch.setenv(name, bad)
    result = run(config, "check")
    assert result.exit_code == 2
    assert f"{name} is {bad!r}: " in result.output
    assert name in _state("settings").found


def test_a_wrong_backend_is_said_without_its_password(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_MEMORY_HOT", "mysql://cleo:hunter2@cache/0")
    told = run(config, "check").output
    assert "cache/0" in told
    assert "hunter2" not in told


def test_settings_are_shown_with_where_they_come_from(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_LOG_LEVEL", "DEBUG")
    (tmp_path / ".env").write_text("CLEO_MODEL_NAME=clara\n")
    shown = json.loads(run(config, "show", "--json").output)
    assert (shown["CLEO_LOG_LEVEL"]["value"], shown["CLEO_LOG_LEVEL"]["from"]) == ("DEBUG", "environment")
    assert (shown["CLEO_MODEL_NAME"]["value"], shown["CLEO_MODEL_NAME"]["from"]) == ("clara", ".env")
    assert shown["CLEO_ENVIRONMENT"]["from"] == "default"
    assert "CLEO_LOG_LEVEL" in run(config, "show").output


def test_a_secret_is_never_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import SecretStr
    from pydantic_settings import BaseSettings, SettingsConfigDict

    from cleo_core import settings

    class Secrets(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="CLEO_X_")
        api_key: str = "hunter2x"
        hidden: SecretStr = SecretStr("hunter2x")
        url: str = "postgres://cleo:hunter2x@db/cleo"
        key_size: int = 32

    monkeypatch.setattr(settings, "all_settings", lambda: {"x": Secrets})
    for arguments in (("show",), ("show", "--json")):
        told = run(config, *arguments).output
        assert "hunter2x" not in told
        assert "CLEO_X_KEY_SIZE" in told
        assert "32" in told


def _state(name: str) -> diagnosis.Finding:
    return next(finding for finding in diagnosis.diagnose() if finding.name == name)


def test_the_doctor_says_what_is_missing_and_the_mend(home: Path) -> None:
    result = run(doctor)
    assert result.exit_code == 3
    assert "✗ bundle key" in result.output
    assert "fix: cleo setup" in result.output
    rows = json.loads(run(doctor, "--json").output)
    assert {"python", "compiler", "disk", "memory", "settings", "packages", "port 8000"} <= {
        row["name"] for row in rows
    }
    assert all(row["hint"] for row in rows if row["state"] == "fault")


def test_the_doctor_looks_for_data_where_the_settings_say(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    monkeypatch.setenv("CLEO_ASSETS", str(shared))
    assert _state("data").state == "fault"
    for wheel in wheels.PINNED:
        (shared / f"{wheel.name}-{wheel.version}").mkdir(parents=True)
    assert _state("data").state == "ok"
    monkeypatch.delenv("CLEO_ASSETS")
    assert wheels.PINNED[0].name in _state("data").found


def test_keys_once_made_are_found_and_loose_ones_are_named(home: Path) -> None:
    run(keys, "init", "development")
    assert _state("reviewer key").state == "ok"
    run(keys, "init", "reviewer", "--name", "ada", given="horse\nhorse\n")
    assert _state("reviewer key").found == "ada, developer (development)"
    (home / "keys" / "reviewer" / "ada.pem").chmod(0o644)
    assert any("chmod 600" in finding.hint for finding in diagnosis.diagnose())


def test_development_keys_do_not_count_in_production(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(keys, "init", "development")
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    found = _state("reviewer key")
    assert found.state == "fault"
    assert found.hint == "cleo keys init reviewer --name NAME"


FAULTS: dict[str, tuple[str, str, Any, str]] = {
    "an old Python": ("python", "sys.version_info", (3, 10, 4, "final", 0), "PYTHON=python3.11"),
    "no compiler": ("compiler", "shutil.which", lambda name: None, "apt-get install g++"),
    "a full disk": ("disk", "DISK", 1 << 60, "CLEO_HOME"),
    "little memory": ("memory", "MEMORY", 1 << 60, "--recipe tiny"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_each_lack_of_the_machine_has_its_mend(home: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    name, target, value, mend = FAULTS[what]
    assert _state(name).state == "ok"
    monkeypatch.setattr(f"cleo_core.diagnosis.{target}", value)
    found = _state(name)
    assert found.state != "ok"
    assert mend in found.hint


def test_a_port_in_use_is_said(home: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(diagnosis, "PORTS", {port: "API"})
            assert _state(f"port {port}").state == "warning"


def test_packages_that_are_missing_or_of_another_version_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PackageNotFoundError

    class Told:
        requires = ("click>=8.1", "click>=99", "no-such-package", "no-such-extra; extra == 'nothing'")

    assert _state("packages").state == "ok"
    monkeypatch.setattr(diagnosis, "distribution", lambda name: Told)
    found = _state("packages")
    assert found.state == "fault"
    assert "missing: no-such-package;" in found.found
    assert "click" in found.found
    assert "no-such-extra" not in found.found

    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(diagnosis, "distribution", absent)
    assert _state("packages").hint == "make setup"


def test_a_wrong_setting_is_a_finding_not_a_crash(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_TRUST_APPROVAL_DAYS", "never")
    found = _state("settings")
    assert found.state == "fault"
    assert "CLEO_TRUST_APPROVAL_DAYS" in found.found


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is downloaded or compiled; what would have been is listed."""
    from cleo_core.commands import setup as module

    asked: list[str] = []
    monkeypatch.setattr(wheels, "fetch", lambda wheel: asked.append(wheel.name))

    class Entry:
        name, extras = "model", ["pipeline"]

        def load(self) -> Any:
            return lambda report: asked.append("operators")

    class Absent(Entry):
        name, extras = "other", ["nothing"]

    monkeypatch.setattr(module, "entry_points", lambda group: [Absent(), Entry()])
    monkeypatch.setitem(extras.EXTRAS, "nothing", "no_such_module")
    return asked


def test_setup_fetches_makes_keys_with_a_plain_warning_and_can_be_run_again(home: Path, offline: list[str]) -> None:
    result = run(setup)
    assert "DEVELOPMENT keys" in result.output
    assert "whoever uses this account can approve" in result.output
    assert offline == [*(wheel.name for wheel in wheels.PINNED), "operators"]
    again = run(setup)
    assert "DEVELOPMENT" not in again.output
    assert again.exit_code == 0


def test_setup_makes_no_keys_in_production(home: Path, offline: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_ENVIRONMENT", "production")
    assert "No keys are made in production" in run(setup).output
    assert not (home / "keys").exists()


def test_a_wheel_that_cannot_be_had_ends_setup_with_its_reason(
    home: Path, offline: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(wheel: Any) -> None:
        raise ConfigError("no connection")

    monkeypatch.setattr(wheels, "fetch", unreachable)
    with pytest.raises(ConfigError, match="no connection"):
        run(setup)
