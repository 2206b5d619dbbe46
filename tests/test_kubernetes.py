"""The Helm chart: what it renders is valid Kubernetes, and says the same as the code and the images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import ApiSettings

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "helm"
HELM = shutil.which("helm", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
SETTINGS = {f"PORTRAIT_{name.upper()}" for name in ApiSettings.model_fields}
OWN_KINDS = {"ScaledObject", "PodMonitor"}  # of KEDA and the Prometheus operator; Kubernetes has no schema of theirs
VERSIONS = ("1.27", "1.36")  # the oldest that the chart takes, and a new one

BUCKET = "storageUrl=s3://bucket/portraits"
RENDERED = {
    "defaults": (BUCKET,),
    "gpu": (BUCKET, "workers.gpu.enabled=true", "workers.batch.enabled=false"),
    "everything": (
        BUCKET,
        "workers.gpu.enabled=true",
        "podMonitor.enabled=true",
        "keda.enabled=false",
        "image.registry=registry.example",
        "ingress.enabled=true",
        "ingress.host=portraits.example",
        "ingress.tlsSecretName=tls",
        "settings.PORTRAIT_RATE_LIMIT=60",
    ),
}

pytestmark = pytest.mark.skipif(HELM is None, reason="no helm: `make` installs it on Linux")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert HELM is not None
    return subprocess.run([HELM, *arguments], cwd=CHART, capture_output=True, text=True, timeout=60)


@cache
def rendered(name: str) -> list[dict[str, Any]]:
    values = [part for value in RENDERED[name] for part in ("--set", value)]
    answer = helm("template", "portrait", ".", "--namespace", "faces", *values)
    assert answer.returncode == 0, answer.stderr
    return [document for document in yaml.safe_load_all(answer.stdout) if document]


def of_kind(name: str, kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in rendered(name) if one["kind"] == kind}


def pods(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for deployment, one in of_kind(name, "Deployment").items():
        yield deployment, one["spec"]["template"]


def environment(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}


def test_helm_finds_no_fault() -> None:
    answer = helm("lint", "--strict", "--set", BUCKET, ".")
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RENDERED)
def test_everything_rendered_is_valid(name: str, version: str) -> None:
    documents = [one for one in rendered(name) if one["kind"] not in OWN_KINDS]
    assert len(documents) >= 9
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("name", RENDERED)
def test_what_selects_pods_finds_them(name: str) -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods(name)]
    selectors = [
        *(one["spec"]["selector"] for one in of_kind(name, "Service").values()),
        *(one["spec"]["selector"]["matchLabels"] for one in of_kind(name, "PodDisruptionBudget").values()),
        *(one["spec"]["podSelector"]["matchLabels"] for one in of_kind(name, "NetworkPolicy").values()),
        *(one["spec"]["selector"]["matchLabels"] for one in of_kind(name, "PodMonitor").values()),
    ]
    assert len(selectors) >= 6
    for selector in selectors:
        assert any(selector.items() <= found.items() for found in labels), selector
    assert len(of_kind(name, "PodDisruptionBudget")) == len(labels)


@pytest.mark.parametrize("name", RENDERED)
def test_pods_set_settings_that_exist_and_run_without_rights(name: str) -> None:
    for deployment, pod in pods(name):
        [container] = pod["spec"]["containers"]
        assert environment(pod).keys() <= SETTINGS, deployment
        assert environment(pod)["PORTRAIT_STORAGE_URL"] == "s3://bucket/portraits"
        assert container["envFrom"] == [{"secretRef": {"name": "portrait"}}]
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert pod["spec"]["securityContext"]["runAsUser"] == 10001
        assert not pod["spec"]["automountServiceAccountToken"]
        rights = container["securityContext"]
        assert (rights["readOnlyRootFilesystem"], rights["capabilities"]) == (True, {"drop": ["ALL"]})
        assert container["resources"]["limits"]["memory"]
        assert {"readinessProbe", "livenessProbe", "startupProbe"} <= container.keys()
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "useradd --uid 10001" in dockerfile
    for image in {pod["spec"]["containers"][0]["image"] for _, pod in pods(name)}:
        target = re.sub(r"^(?:.*/)?portrait-([\w-]+):.*$", r"\1", image)
        assert f" AS {target}\n" in dockerfile


def test_stopping_pods_have_the_time_that_their_settings_promise() -> None:
    for _, pod in pods("gpu"):
        grace, settings = pod["spec"]["terminationGracePeriodSeconds"], environment(pod)
        promised = float(settings.get("PORTRAIT_DRAIN_S") or 0) + float(settings.get("PORTRAIT_SHUTDOWN_S") or 0)
        [container] = pod["spec"]["containers"]
        promised += float(container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [0, 0])[1])
        assert promised > 0
        assert grace >= promised + 5


def test_workers_are_scaled_by_the_wait_of_their_queues() -> None:
    scaled = of_kind("gpu", "ScaledObject")
    assert scaled.keys() == {name for name, _ in pods("gpu") if "worker" in name}
    for name, pod in pods("gpu"):
        if name not in scaled:
            continue
        triggers = scaled[name]["spec"]["triggers"]
        queues = [
            re.findall(r'portrait_queue_oldest_seconds\{queue="(\w+)"', one["metadata"]["query"]) for one in triggers
        ]
        assert queues == [[queue] for queue in environment(pod)["PORTRAIT_QUEUES"].split(",")]
        assert scaled[name]["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in of_kind("gpu", "Deployment")[name]["spec"], "KEDA alone sets it"
    assert all("replicas" in one["spec"] for one in of_kind("everything", "Deployment").values())


def test_a_gpu_worker_gets_a_gpu_and_its_image() -> None:
    gpu = dict(pods("gpu"))["portrait-worker-gpu"]
    [container] = gpu["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert environment(gpu)["PORTRAIT_DEVICE"] == "cuda"
    assert "portrait-worker-cuda:" in container["image"]
    interactive = dict(pods("gpu"))["portrait-worker-interactive"]["spec"]["containers"][0]
    assert "nvidia.com/gpu" not in interactive["resources"]["limits"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((), "storageUrl"),
        ((BUCKET, "workers.batch.minReplicas=0"), "minReplicas"),
        ((BUCKET, "workers.batch.queues=fast"), "queues"),
        ((BUCKET, "settings.PORTRAIT_QUEUES=batch"), "PORTRAIT_QUEUES"),
        ((BUCKET, "ingress.enabled=true"), "ingress.host names the host"),
    ],
)
def test_values_that_cannot_work_are_refused(values: tuple[str, ...], message: str) -> None:
    answer = helm("template", "portrait", ".", *[part for value in values for part in ("--set", value)])
    assert answer.returncode != 0
    assert message in answer.stderr
