"""A worker with a key signs what it makes, whatever kind of job made it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import c2pa
import pytest

from tests.certificates import signing_chain
from workers.contract.code_version import code_version
from workers.contract.jobs import JobStatus
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.presence import WorkerState

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

KEYFRAMES = {"keyframes": [{"time": 0}, {"time": 0.2, "expression": {"jawOpen": 0.5}}]}


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Environment variables of a worker that signs."""
    chain, key, _ = signing_chain()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    return {
        "PORTRAIT_C2PA_KEY": str(tmp_path / "key.pem"),
        "PORTRAIT_C2PA_CERTIFICATES": str(tmp_path / "chain.pem"),
    }


def test_pictures_and_clips_are_signed_and_name_their_source(
    service: Service,
    photo: str,
    start_worker: Callable[..., subprocess.Popen[bytes]],
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    start_worker(**variables)
    service.wait_for_worker(WorkerState.READY)
    requests: dict[str, dict[str, Any]] = {
        "image/jpeg": {"options": {"output": {"format": "jpeg"}}},
        "video/mp4": {"controls": KEYFRAMES},
        "image/gif": {"controls": KEYFRAMES, "options": {"output": {"format": "gif"}}},
    }
    for media_type, fields in requests.items():
        record = service.finish(service.submit(photo, **fields))
        assert record.job.status is JobStatus.SUCCEEDED, record.job.error
        if media_type == "image/gif":
            assert "sign_s" not in record.job.metrics
            continue
        with service.result(record, tmp_path).open("rb") as file:
            report = json.loads(c2pa.Reader(media_type, file).json())
        assert report["validation_state"] == "Valid"
        statement = report["manifests"][report["active_manifest"]]
        assert statement["ingredients"][0]["format"] == "image/png", "the photo's"
        assert statement["claim_generator_info"][0]["version"] == code_version(None)
        assert record.job.metrics["sign_s"] > 0
    extracted = service.finish(service.start(ExtractRequest, photo))
    assert extracted.job.status is JobStatus.SUCCEEDED


def test_a_worker_whose_key_cannot_sign_does_not_start(
    start_worker: Callable[..., subprocess.Popen[bytes]], variables: dict[str, str]
) -> None:
    Path(variables["PORTRAIT_C2PA_KEY"]).write_text("no key")
    assert start_worker(**variables).wait(60) == 1
