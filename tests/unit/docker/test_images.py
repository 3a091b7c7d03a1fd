"""The containers as files: non-root, read-only, no capability, no open port, no secret; and what they copy exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PUBLISHED = {"api": ["127.0.0.1:8000:8000"], "dagster": ["127.0.0.1:3000:3000"]}
SECRET = re.compile(r"(?i)(password|secret|token|api_?key|private)")


def _instructions(file: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", "\n".join(line for line in file.read_text().splitlines() if not line.startswith("#")))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


@pytest.fixture(params=DOCKERFILES, ids=lambda file: file.stem)
def dockerfile(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    return _instructions(request.param)


def test_there_is_an_image_for_the_pipeline_and_one_for_serving() -> None:
    assert [file.name for file in DOCKERFILES] == ["pipeline.Dockerfile", "serving.Dockerfile"]


def test_every_instruction_is_one_that_docker_knows(dockerfile: list[tuple[str, str]]) -> None:
    known = {
        "ARG",
        "FROM",
        "ENV",
        "RUN",
        "WORKDIR",
        "COPY",
        "VOLUME",
        "USER",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert {name for name, _ in dockerfile} <= known


def test_an_image_runs_as_nobody_in_particular(dockerfile: list[tuple[str, str]]) -> None:
    last_stage = dockerfile[max(number for number, (name, _) in enumerate(dockerfile) if name == "FROM") :]
    assert [value for name, value in last_stage if name == "USER"] == ["10001:10001"]
    after_user = last_stage[[name for name, _ in last_stage].index("USER") :]
    assert not {"RUN", "COPY"} & {name for name, _ in after_user}


def test_an_image_starts_from_a_version_and_leaves_the_builder_behind(dockerfile: list[tuple[str, str]]) -> None:
    assert ("ARG", "PYTHON_IMAGE=python:3.11-slim-bookworm") in dockerfile
    assert [value for name, value in dockerfile if name == "FROM"] == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    assert any(name == "COPY" and value.startswith("--from=build /opt/cleo ") for name, value in dockerfile)


def test_an_image_holds_no_secret(dockerfile: list[tuple[str, str]]) -> None:
    for name, value in dockerfile:
        if name in ("ENV", "ARG"):
            assert not SECRET.search(value), value
        assert name != "ADD"


def test_what_an_image_copies_is_there_and_let_through(dockerfile: list[tuple[str, str]]) -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name, value in dockerfile:
        if name == "COPY" and "--from" not in value:
            for source in shlex.split(value)[:-1]:
                assert (ROOT / source).exists(), source
                assert source in let_through, source


def test_every_package_that_serving_imports_is_in_its_image_and_no_other() -> None:
    text = (ROOT / "docker" / "serving.Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (cleo_\w+|evals|orchestration) ", text, re.MULTILINE))
    assert copied == {"cleo_core", "cleo_memory", "cleo_serving"}


def test_nothing_that_was_made_here_reaches_a_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert not {"!.cleo", "!.env", "!.git", "!tests", "!.venv"} & set(lines)
    assert {"**/*.pem", "**/*.key", "**/.env*"} <= set(lines)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "network_mode", "devices", "userns_mode"} & set(service)
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert all("noexec" in mount and "nosuid" in mount for mount in service["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_published_on_loopback_or_not_at_all(name: str) -> None:
    assert SERVICES[name].get("ports", []) == PUBLISHED.get(name, [])


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_lies_in_an_environment_and_no_folder_of_the_host_is_mounted(name: str) -> None:
    service = SERVICES[name]
    assert not any(SECRET.search(variable) for variable in service.get("environment", {}))
    for mount in service["volumes"]:
        assert mount.split(":")[0] in COMPOSE["volumes"], "a named volume, never the docker socket or a folder"


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_named_with_its_version(name: str) -> None:
    from importlib.metadata import version

    assert re.fullmatch(rf"cleoai-(pipeline|serving):{re.escape(version('cleoai'))}", SERVICES[name]["image"])


def test_the_registry_has_no_way_out_and_no_port() -> None:
    assert COMPOSE["networks"]["registry"] == {"internal": True}
    assert SERVICES["mlflow"]["networks"] == ["registry"]
    assert "outside" not in SERVICES["api"]["networks"]


def test_only_the_operator_may_write_the_trust_store() -> None:
    mounts = {
        name: [mount for mount in service["volumes"] if mount.startswith("trust:")]
        for name, service in SERVICES.items()
    }
    assert mounts.pop("operator") == ["trust:/var/lib/cleo/trust"]
    assert mounts.pop("api") == ["trust:/var/lib/cleo/trust:ro"]
    assert not any(mounts.values())
    assert SERVICES["operator"]["profiles"] == ["operator"], "it runs only when it is called"


def test_who_asks_another_service_waits_until_it_is_well() -> None:
    asked = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert set(asked["dagster"]) == set(asked["dagster-daemon"]) == {"dagster-code"}
    for needed in asked.values():
        for name, how in needed.items():
            assert how == {"condition": "service_healthy"}
            assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_the_code_server_is_asked_on_the_socket_that_it_listens_on() -> None:
    from dagster._cli import cli

    service = SERVICES["dagster-code"]
    _, program, *check = service["healthcheck"]["test"]
    assert program == "dagster"
    socket = check[check.index("--socket") + 1]
    assert socket == service["entrypoint"][service["entrypoint"].index("--socket") + 1]
    told = CliRunner().invoke(cli, ["api", "grpc-health-check", "--socket", "/nowhere/code.sock"])
    assert told.exit_code == 1, "a server that does not answer is not well"


def test_the_registry_server_is_set_as_the_design_demands() -> None:
    environment = SERVICES["mlflow"]["environment"]
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    regex = environment["MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"].replace("$$", "$")
    assert re.search(regex, "models:/m-1")
    assert not re.search(regex, "file:///etc")


def test_the_example_of_settings_names_only_settings_that_there_are() -> None:
    from cleo_core.settings import all_settings

    known = {
        f"{cls.model_config.get('env_prefix', '')}{field}".upper()
        for cls in all_settings().values()
        for field in cls.model_fields
    }
    named = re.findall(r"^#? ?(CLEO_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert named
    assert {name.split("__")[0] for name in named} <= known
