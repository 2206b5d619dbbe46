"""Which device the extractor's sessions compute on, on machines with a GPU and without."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest

from models.extractor.session import providers

CPU = ["CPUExecutionProvider"]
GPU = "CUDAExecutionProvider"


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with GPUs and the package for them; only what tells so is simulated."""
    exists = Path.exists
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [GPU, *CPU])
    monkeypatch.setattr(Path, "exists", lambda path: path == Path("/dev/nvidiactl") or exists(path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return monkeypatch


@pytest.mark.parametrize(("device", "number"), [("auto", 0), ("cuda", 0), ("cuda:1", 1)])
def test_the_requested_gpu_is_used(gpus: pytest.MonkeyPatch, device: str, number: int) -> None:
    assert providers(device) == [(GPU, {"device_id": number}), *CPU]


def test_cpu_stays_off_every_gpu(gpus: pytest.MonkeyPatch) -> None:
    assert providers("cpu") == CPU


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_hidden_gpus_are_left_alone(gpus: pytest.MonkeyPatch, hidden: str) -> None:
    gpus.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert providers("auto") == CPU


def test_without_a_device_or_the_package_the_cpu_computes(gpus: pytest.MonkeyPatch) -> None:
    gpus.setattr(onnxruntime, "get_available_providers", lambda: CPU)
    assert providers("auto") == CPU
