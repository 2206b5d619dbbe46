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
import redis
import yaml
from packaging.requirements import Requirement

from service.embedded.redis_server import find_redis_server
from service.settings import ApiSettings
from tests.integration.api.conftest import answers, free_port, wait_until
from tests.processes import start_process
from workers.contract.connection import connect
from workers.contract.settings import Settings as SharedSettings

ROOT = Path(__file__).resolve().parent.parent
WORKERS = ("worker-interactive", "worker-batch", "worker-gpu")
PASSWORD = {"REDIS_PASSWORD": "secret"}
SETTINGS = {f"PORTRAIT_{name.upper()}" for name in ApiSettings.model_fields}
SHARED_SETTINGS = {f"PORTRAIT_{name.upper()}" for name in SharedSettings.model_fields}


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """What Compose makes of `${NAME:-default}` and `${NAME:?what to do}`, from the innermost on."""
    while match := re.search(r"\$\{(\w+)(?::([-?])([^${}]*))?\}", text):
        value = variables.get(match[1]) or (match[3] if match[2] == "-" else "")
        if match[2] == "?" and not value:
            raise ValueError(match[3])
        text = text.replace(match[0], value)
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


def test_compose_sets_only_settings_that_exist() -> None:
    services = compose("docker-compose.yml")["services"].values()
    named = {variable for service in services for variable in service.get("environment", {})}
    assert {variable for variable in named if variable.startswith("PORTRAIT_")} <= SETTINGS


def test_compose_lists_every_setting() -> None:
    services = compose("docker-compose.yml")["services"]
    assert set(services["api"]["environment"]) == SETTINGS, "list a new setting in docker-compose.yml"
    for worker in WORKERS:
        assert set(services[worker]["environment"]) == SHARED_SETTINGS, "list a new setting in docker-compose.yml"


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_every_setting_reaches_the_containers(place: str) -> None:
    values = {name: f"chosen {name}" for name in SETTINGS} | {"AWS_REGION": "eu-central-1"} | PASSWORD
    outside, dotenv = (values, {}) if place == "environment" else ({}, values)
    api, worker = container("api", outside, dotenv), container("worker-batch", outside, dotenv)
    # Inside, the API listens where the port is published from; what was chosen is where it is published.
    fixed = {"PORTRAIT_HOST": "0.0.0.0", "PORTRAIT_PORT": "8000", "PORTRAIT_PUBLISHED_HOST": values["PORTRAIT_HOST"]}
    expected = {name: values[name] for name in SETTINGS} | fixed
    assert {name: api.get(name) for name in SETTINGS} == expected
    theirs = {name: values[name] for name in SHARED_SETTINGS} | {"PORTRAIT_QUEUES": "batch"}
    assert {name: worker.get(name) for name in SHARED_SETTINGS} == theirs
    if place == ".env":
        assert api["AWS_REGION"] == worker["AWS_REGION"] == "eu-central-1"


def test_nothing_set_means_the_defaults() -> None:
    own = {"PORTRAIT_REDIS_URL", "PORTRAIT_STORAGE_URL", "PORTRAIT_QUEUES", "PORTRAIT_METRICS_PORT"}
    assert container("worker-batch", PASSWORD).keys() == own


def test_redis_asks_for_a_password_that_every_container_has() -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        container("api", {})
    for name in ("api", *WORKERS):
        assert container(name, PASSWORD)["PORTRAIT_REDIS_URL"] == "redis://:secret@redis:6379/0"
    redis = compose("docker-compose.yml")["services"]["redis"]
    assert substituted(redis["environment"]["REDIS_PASSWORD"], PASSWORD) == "secret"
    assert "ports" not in redis
    assert "requirepass $$REDIS_PASSWORD" in redis["command"][-1]


def test_redis_starts_as_compose_says(tmp_path: Path) -> None:
    [shell, flag, script] = compose("docker-compose.yml")["services"]["redis"]["command"]
    port = free_port()
    here = script.replace("$$", "$").replace(
        "redis-server -", f"{find_redis_server()} - --port {port} --dir {tmp_path}"
    )
    process = start_process([shell, flag, here], env={"REDIS_PASSWORD": "secret", "MAXMEMORY": "64mb"})
    try:
        with pytest.raises(redis.AuthenticationError), connect(f"redis://127.0.0.1:{port}", retries=2) as client:
            client.ping()
        with connect(f"redis://:secret@127.0.0.1:{port}") as client:
            found = client.config_get("*")
        assert (found["appendonly"], found["maxmemory-policy"], found["maxmemory"]) == ("yes", "noeviction", "67108864")
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_queues_are_taken_by_workers_of_their_own() -> None:
    assert [container(name, PASSWORD)["PORTRAIT_QUEUES"] for name in WORKERS] == [
        "interactive",
        "batch",
        "interactive,batch",
    ]


def test_containers_write_nowhere_but_where_they_must() -> None:
    for name, service in compose("docker-compose.yml")["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        # Those of our images are in the Dockerfile.
        assert ("healthcheck" in service) != ("build" in service), name


def test_profiles() -> None:
    services = compose("docker-compose.yml")["services"]
    found = {name: service.get("profiles", ["default"]) for name, service in services.items()}
    assert {profile for profiles in found.values() for profile in profiles} == {"default", "gpu", "observability", "s3"}
    assert {name for name, profiles in found.items() if "default" in profiles} == {
        "api",
        "worker-interactive",
        "worker-batch",
        "redis",
    }


def test_prometheus_scrapes_services_that_exist() -> None:
    services = compose("docker-compose.yml")["services"]
    scraped = {
        (name, job["dns_sd_configs"][0]["port"])
        for job in compose("deploy/prometheus/prometheus.yml")["scrape_configs"]
        for name in job["dns_sd_configs"][0]["names"]
    }
    port = int(container("worker-batch", PASSWORD)["PORTRAIT_METRICS_PORT"])
    assert scraped == {("api", 8000), *((name, port) for name in WORKERS)}
    assert {name for name, _ in scraped} <= set(services)


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
    assert container("api", outside | PASSWORD)["PORTRAIT_PUBLISHED_HOST"] == published_address


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
    environment = {**kept, "PYTHONPATH": str(ROOT), **container("api", outside | PASSWORD), **here}
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
    [worker] = re.findall(r"^FROM runtime AS worker-base\n(.*?)^FROM", dockerfile, re.MULTILINE | re.DOTALL)
    assert "ENV ORT_DISABLE_TELEMETRY=1\n" in worker


def test_compose_builds_the_stages_of_the_dockerfile(dockerfile: str) -> None:
    services = compose("docker-compose.yml")["services"]
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))
    built = {service["image"]: service["build"]["target"] for service in services.values() if "build" in service}
    assert built == {"portrait-api": "api", "portrait-worker": "worker", "portrait-worker-cuda": "worker-cuda"}
    assert set(built.values()) <= stages


def test_api_and_workers_have_the_folders_that_the_image_prepares(dockerfile: str) -> None:
    [blobs] = re.findall(r"PORTRAIT_STORAGE_URL=(\S+)", dockerfile)
    [cache] = re.findall(r"PORTRAIT_CACHE_DIR=(\S+)", dockerfile)
    assert f"--group=portrait {blobs} {cache}\n" in dockerfile
    assert f"NUMBA_CACHE_DIR={cache}/" in dockerfile
    services = compose("docker-compose.yml")["services"]
    assert services["api"]["volumes"] == [f"blobs:{blobs}"]
    for name in WORKERS:
        assert services[name]["volumes"] == [f"blobs:{blobs}", f"cache:{cache}"]


def test_torch_is_the_same_version_everywhere(dockerfile: str, project: dict[str, Any]) -> None:
    [image] = set(re.findall(r"TORCH_VERSION=(\S+)", dockerfile))
    [local] = re.findall(r"TORCH \?= torch==(\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert image == local
    [bounds] = [line for line in project["optional-dependencies"]["worker"] if line.startswith("torch")]
    assert bounds == "torch>=2.6,<3"


def locked(name: str) -> dict[str, str]:
    """Versions that a lock names."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^ ;]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("api", ["client", "gcs", "s3", "tracing"]),
        ("worker-cpu", ["c2pa", "client", "gcs", "s3", "tracing", "worker"]),
        ("worker-cuda", ["c2pa", "client", "gcs", "s3", "tracing", "worker"]),
    ],
)
def test_images_install_what_is_locked(project: dict[str, Any], dockerfile: str, name: str, extras: list[str]) -> None:
    assert f"pip install --require-hashes -r requirements/{name}.txt" in dockerfile
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    versions = locked(name)
    for requirement in map(Requirement, wanted):
        if requirement.name == "torch" or (name == "worker-cpu" and requirement.name == "onnxruntime-gpu"):
            continue
        assert requirement.name in versions, "run `make lock`"
        assert requirement.specifier.contains(versions[requirement.name]), "run `make lock`"


def test_no_lock_holds_cuda_by_accident() -> None:
    for name in ("api", "worker-cpu"):
        assert not [one for one in locked(name) if re.match("torch$|nvidia|triton|cuda|onnxruntime-gpu", one)]
    assert "onnxruntime" in locked("worker-cpu")
    assert "onnxruntime-gpu" in locked("worker-cuda")


def test_the_cpu_image_takes_no_torch_with_cuda(dockerfile: str) -> None:
    [stage] = re.findall(r"^FROM requirements AS worker-venv\n(.*?)^FROM", dockerfile, re.MULTILINE | re.DOTALL)
    assert 'pip install --no-deps "torch==${TORCH_VERSION}+cpu"' in stage


def test_base_dependencies_carry_no_inference_library(project: dict[str, Any]) -> None:
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in project["dependencies"]}
    assert names.isdisjoint(
        {"torch", "onnxruntime", "onnxruntime-gpu", "numpy", "scipy", "av", "safetensors", "soundfile"}
    )
