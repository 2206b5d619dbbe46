"""POST /faces as a job of a real worker process around the stand-in."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from workers.contract.faces import Faces
from workers.contract.kinds.faces import FacesRequest

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

StartWorker = Callable[..., subprocess.Popen[bytes]]


def seen(service: Service, source: str) -> Faces:
    record = service.finish(service.start(FacesRequest, source))
    assert record.job.result is not None, record.job.error
    assert record.job.result.media_type == "application/json"
    with service.blobs.open(record.blobs[0]) as file:
        document = Faces.model_validate_json(file.read())
    assert document.bundle == record.job.bundle
    return document


def test_a_job_writes_its_document(service: Service, photo: str, start_worker: StartWorker) -> None:
    start_worker(STANDIN_MUTE="1")
    document = seen(service, photo)
    assert (document.width, document.height, document.found) == (512, 512, 1)
    [face] = document.faces
    assert (face.index, face.box, face.warnings) == (0, [1, 2, 3, 4], ["small_face"])
    assert face.verdicts.edit.verdict == "usable"
    assert face.verdicts.talk is None, "this worker does not speak"

    # A camera's picture lies on its side; its EXIF orientation says so, and sizes are those of the upright one.
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x112] = 6
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)).save(file, "JPEG", exif=exif)
    document = seen(service, service.add(file.getvalue()))
    assert (document.width, document.height) == (40, 60)


def test_nobody_is_no_error(service: Service, start_worker: StartWorker) -> None:
    start_worker()
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 90, 90)).save(file, "PNG")
    document = seen(service, service.add(file.getvalue()))
    assert (document.width, document.height, document.found, document.faces) == (64, 48, 0, [])
