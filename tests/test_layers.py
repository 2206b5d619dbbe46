"""What importing a layer really loads. import-linter reads the statements; this looks at a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "onnxruntime", "numpy", "scipy", "av", "soundfile", "safetensors", "models"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `statement`."""
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import service.app",
        "import service.embedded.stack",
        "import workers.contract.jobs, workers.contract.queue, workers.contract.store, workers.contract.blobs",
    ],
)
def test_the_api_loads_no_inference_library(statement: str) -> None:
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_models_load_neither_http_nor_queue() -> None:
    loaded = loaded_by("import models.portrait")
    assert "torch" in loaded
    assert loaded.isdisjoint({"fastapi", "starlette", "redis", "rq", "service", "workers"})
    assert loaded.isdisjoint({"numba", "cv2", "matplotlib", "onnx", "typer"}), "those belong to training alone"
