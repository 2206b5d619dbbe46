"""The container files say the same as the code: settings, commands, versions, and what may be in which image."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import ApiSettings
from tests.integration.api.conftest import answers, free_port, wait_until
from workers.contract.settings import Settings as SharedSettings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILES = ["docker-compose.yml", "deploy/compose.gpu.yml"]
SETTINGS = {f"PORTRAIT_{name.upper()}" for name in ApiSettings.model_fields}
SHARED_SETTINGS = {f"PORTRAIT_{name.upper()}" for name in SharedSettings.model_fields}


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """What Compose makes of `${NAME:-default}`, from the innermost on."""
    while match := re.search(r"\$\{(\w+):-([^${}]*)\}", text):
        text = text.replace(match[0], variables.get(match[1]) or match[2])
    return text


def container(service: str, outside: Mapping[str, str], dotenv: Mapping[str, str] | None = None) -> dict[str, str]:
    """A container's environment, by Compose's rules: a listed variable without a value has the one outside, or none.

    Args:
        outside: the environment that Compose runs in.
        dotenv: the file `.env`: Compose takes it for `outside` where that says nothing, and `env_file` names it too.
    """
    described = compose("docker-compose.yml")["services"][service]
    assert described["env_file"] == [{"path": ".env", "required": False}]
    project = {**(dotenv or {}), **outside}
    listed = described["environment"]
    given = {
        name: project.get(name) if value is None else substituted(str(value), project) for name, value in listed.items()
    }
    unlisted = {name: value for name, value in (dotenv or {}).items() if name not in listed}
    return unlisted | {name: value for name, value in given.items() if value is not None}


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        loaded: dict[str, Any] = tomllib.load(file)["project"]
    return loaded


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_compose_sets_only_settings_that_exist(name: str) -> None:
    services = compose(name)["services"].values()
    assert {variable for service in services for variable in service.get("environment", {})} <= SETTINGS


def test_compose_lists_every_setting() -> None:
    services = compose("docker-compose.yml")["services"]
    assert set(services["api"]["environment"]) == SETTINGS, "list a new setting in docker-compose.yml"
    assert set(services["worker"]["environment"]) == SHARED_SETTINGS, "list a new setting in docker-compose.yml"


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_every_setting_reaches_the_containers(place: str) -> None:
    values = {name: f"chosen {name}" for name in SETTINGS} | {"AWS_REGION": "eu-central-1"}
    outside, dotenv = (values, {}) if place == "environment" else ({}, values)
    api, worker = container("api", outside, dotenv), container("worker", outside, dotenv)
    # Inside, the API listens where the port is published from; what was chosen is where it is published.
    fixed = {"PORTRAIT_HOST": "0.0.0.0", "PORTRAIT_PORT": "8000", "PORTRAIT_PUBLISHED_HOST": values["PORTRAIT_HOST"]}
    expected = {name: values[name] for name in SETTINGS} | fixed
    assert {name: api.get(name) for name in SETTINGS} == expected
    assert {name: worker.get(name) for name in SHARED_SETTINGS} == {name: values[name] for name in SHARED_SETTINGS}
    if place == ".env":
        assert api["AWS_REGION"] == worker["AWS_REGION"] == "eu-central-1"


def test_nothing_set_means_the_defaults() -> None:
    assert container("worker", {}).keys() == {"PORTRAIT_REDIS_URL", "PORTRAIT_STORAGE_URL"}


@pytest.mark.parametrize(
    ("outside", "published_address", "port"),
    [
        ({}, "127.0.0.1", "8000"),
        ({"BIND": "0.0.0.0", "PORT": "80"}, "0.0.0.0", "80"),
        ({"PORTRAIT_HOST": "192.0.2.1", "PORTRAIT_PORT": "9000"}, "192.0.2.1", "9000"),
        ({"BIND": "127.0.0.1", "PORTRAIT_HOST": "192.0.2.1"}, "127.0.0.1", "8000"),
    ],
    ids=["defaults", "BIND", "settings", "both"],
)
def test_the_api_knows_where_it_is_published(outside: dict[str, str], published_address: str, port: str) -> None:
    [mapping] = compose("docker-compose.yml")["services"]["api"]["ports"]
    assert substituted(mapping, outside) == f"{published_address}:{port}:8000"
    assert container("api", outside)["PORTRAIT_PUBLISHED_HOST"] == published_address


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outside", "status"),
    [
        ({"BIND": "0.0.0.0"}, None),
        ({"BIND": "0.0.0.0", "PORTRAIT_API_KEYS": "x"}, 401),
        ({"BIND": "0.0.0.0", "PORTRAIT_ALLOW_ANONYMOUS": "true"}, 503),
        ({}, 503),
    ],
    ids=["open", "keys", "wanted", "loopback"],
)
def test_the_api_of_the_containers_serves_no_stranger(
    outside: dict[str, str], status: int | None, tmp_path: Path
) -> None:
    # The container's environment, except for what only a container has: this process listens on loopback alone.
    here = {
        "PORTRAIT_HOST": "127.0.0.1",
        "PORTRAIT_PORT": str(free_port()),
        "PORTRAIT_REDIS_URL": f"unix://{tmp_path}/nobody.sock",
        "PORTRAIT_STORAGE_URL": str(tmp_path),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTRAIT_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), **container("api", outside), **here}
    command = [sys.executable, "-m", "service"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: process.poll() is not None or answers(int(here["PORTRAIT_PORT"])), seconds=60)
        if status is None:
            _, output = process.communicate(timeout=20)
            assert process.returncode == 1
            assert "PORTRAIT_API_KEYS" in output
            assert output.count("\n") == 1, "one sentence, no traceback"
        else:
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{here['PORTRAIT_PORT']}/sliders", timeout=20)
            assert refused.value.code == status  # 503: served, but there is no Redis
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_dockerfile_sets_only_settings_that_exist(dockerfile: str) -> None:
    assert set(re.findall(r"PORTRAIT_[A-Z_]+", dockerfile)) <= SETTINGS


def test_the_worker_image_reports_to_nobody(dockerfile: str) -> None:
    [worker] = re.findall(r"^FROM runtime AS worker\n(.*?)^FROM", dockerfile, re.MULTILINE | re.DOTALL)
    assert "ENV ORT_DISABLE_TELEMETRY=1\n" in worker


def test_compose_builds_the_stages_of_the_dockerfile(dockerfile: str) -> None:
    services = compose("docker-compose.yml")["services"]
    assert set(services) == {"api", "worker", "redis"}
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))
    assert {services[name]["build"]["target"] for name in ("api", "worker")} == {"api", "worker"} <= stages


def test_api_and_workers_share_the_folder_that_the_image_prepares(dockerfile: str) -> None:
    [folder] = re.findall(r"PORTRAIT_STORAGE_URL=(\S+)", dockerfile)
    services = compose("docker-compose.yml")["services"]
    assert services["api"]["volumes"] == services["worker"]["volumes"] == [f"blobs:{folder}"]


def test_torch_is_the_same_version_everywhere(dockerfile: str, project: dict[str, Any]) -> None:
    [image] = re.findall(r"TORCH_VERSION=(\S+)", dockerfile)
    [local] = re.findall(r"TORCH \?= torch==(\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert image == local
    [bounds] = [line for line in project["optional-dependencies"]["worker"] if line.startswith("torch")]
    assert bounds == "torch>=2.6,<3"


def test_base_dependencies_carry_no_inference_library(project: dict[str, Any]) -> None:
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in project["dependencies"]}
    assert names.isdisjoint(
        {"torch", "onnxruntime", "onnxruntime-gpu", "numpy", "scipy", "av", "safetensors", "soundfile"}
    )
