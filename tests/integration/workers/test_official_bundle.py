"""`python -m workers` with a bundle made of files of the official layout: every kind of job in the space bfm.

The weights are random, so this is no test of faces; it tests that the 73 numbers get through."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from models.coefficients import BFM
from models.importers.pirender.convert import import_pirender
from models.importers.pirender.resnet import ResNetConfig
from tests import pirender_reference
from tests.clips import write_clip
from tests.integration.workers.conftest import ROOT, environment_of
from tests.processes import start_process
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
SMALL = ResNetConfig(width=4, blocks=(1, 1, 1, 1))


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker with such a bundle."""
    folder = tmp_path_factory.mktemp("official")
    resnet = pirender_reference.resnet_state(SMALL.width, SMALL.blocks)
    paths = pirender_reference.write_files(folder, pirender_reference.renderer_state(pirender_reference.TINY), resnet)
    bundle = import_pirender(**paths, out=folder / "bundle", preset="paper-debug", network=SMALL)
    environment = environment_of(settings, PORTRAIT_THREADS="1", PORTRAIT_BUNDLE=str(bundle.folder))
    process = start_process([sys.executable, "-m", "workers"], cwd=ROOT, env=environment)
    service.wait_for_worker(WorkerState.READY, seconds=300)
    yield
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def content(service: Service, record: JobRecord) -> bytes:
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    with service.blobs.open(record.blobs[0]) as file:
        data: bytes = file.read()
    return data


def test_the_sliders_are_those_of_the_space(service: Service) -> None:
    document = service.presence.sliders()
    assert document["bundle"]["name"] == "bundle"
    assert document == json.loads(json.dumps(BFM.document())) | {"bundle": document["bundle"]}
    for preset in document["presets"].values():
        assert check_controls(Controls.model_validate(preset), document, max_clip_seconds=10) == []


def test_an_edit_goes_through_the_networks(service: Service, photo: str, astronaut: np.ndarray) -> None:
    controls = {"mode": "absolute", "expression": {"exp_0": -0.8, "exp_63": 0.5}, "pose": {"yaw": 20}}
    assert check_controls(Controls.model_validate(controls), service.presence.sliders(), max_clip_seconds=10) == []
    record = service.finish(service.submit(photo, controls=controls), seconds=200)
    picture = np.asarray(Image.open(io.BytesIO(content(service, record))))
    changed = (picture != astronaut).any(-1)
    assert 1000 < changed.sum() < changed.size / 2, "the square, and nothing around it"
    assert record.job.result is not None
    assert record.job.result.space == "bfm"


def test_an_extraction_comes_back_as_a_driver_and_as_raw_coefficients(service: Service, photo: str) -> None:
    record = service.finish(service.start(ExtractRequest, photo), seconds=200)
    document = json.loads(content(service, record))
    vector = document["frames"][0]["coefficients"]
    assert len(vector) == len(document["names"]) == 73
    still = service.finish(service.submit(photo, controls={"coefficients": vector}), seconds=200)
    content(service, still)
    frames = [document["frames"][0] | {"time": time} for time in (0.0, 0.04)]
    motion = json.dumps(document | {"fps": 25, "frames": frames}).encode()
    driven = service.reenact(photo, motion, kind="motion", paste_back=False)
    assert driven.job.result is not None, driven.job.error
    assert (driven.job.result.frames, driven.job.result.space) == (2, "bfm")


def test_a_video_drives_the_portrait(service: Service, photo: str, astronaut: np.ndarray, tmp_path: Path) -> None:
    pictures = [np.roll(astronaut, shift, axis=1) for shift in (0, 6, 12)]
    driver = write_clip(tmp_path / "driver.mp4", pictures, [0.0, 0.04, 0.08]).read_bytes()
    record = service.reenact(photo, driver, mode="absolute", normalise_crop=True)
    assert record.job.result is not None, record.job.error
    assert record.job.result.frames == 3
    refused = service.reenact(photo, driver, region="mouth").job.error
    assert refused is not None
    assert "bfm" in refused.detail
