"""The container files say the same as the code: settings, commands, versions, and what may be in which image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import ApiSettings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILES = ["docker-compose.yml", "deploy/compose.gpu.yml"]
SETTINGS = {f"PORTRAIT_{name.upper()}" for name in ApiSettings.model_fields}


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


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
