"""`python -m workers` with the bundle that is released: real photos through real networks."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.integration.workers.conftest import ROOT, environment_of
from tests.processes import start_process
from workers.contract.faces import Faces
from workers.contract.jobs import JobStatus
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.kinds.faces import FacesRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The worker as everybody starts it; one thread, since tests share their machine."""
    environment = environment_of(settings, PORTRAIT_THREADS="1")
    process = start_process([sys.executable, "-m", "workers"], cwd=ROOT, env=environment)
    service.wait_for_worker(WorkerState.READY, seconds=100)
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def extracted(service: Service, source: str) -> dict[str, object]:
    """The one frame of a photo's extraction document."""
    record, _ = service.store.create(ExtractRequest(source_id=source), ANONYMOUS)
    service.queue.enqueue(record)
    record = service.finish(record.job.id)
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    with service.blobs.open(record.blobs[0]) as file:
        frame: dict[str, object] = json.load(file)["frames"][0]
    return frame


def test_an_edit_changes_the_face_and_not_one_pixel_elsewhere(
    service: Service, photo: str, astronaut: np.ndarray
) -> None:
    record = service.finish(service.submit(photo, controls={"expression": {"jawOpen": 0.6}}))
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    with service.blobs.open(record.blobs[0]) as file:
        picture = np.asarray(Image.open(io.BytesIO(file.read())))
    rows, columns = np.nonzero((picture != astronaut).any(-1))
    assert len(rows) > 1000
    assert rows.max() < 300, "her face is in the upper middle"
    assert columns.min() > 90
    assert columns.max() < 360


def test_an_extraction_finds_the_face(service: Service, photo: str) -> None:
    frame = extracted(service, photo)
    x0, y0, x1, y1 = frame["face"]["box"]  # type: ignore[index]
    assert 150 < (x0 + x1) / 2 < 290
    assert 60 < (y0 + y1) / 2 < 190


def test_an_extraction_gives_the_face_s_mesh_where_the_face_is(service: Service, photo: str, tmp_path: Path) -> None:
    def finished(**fields: object) -> Path:
        record = service.finish(service.start(ExtractRequest, photo, **fields))
        assert record.job.status is JobStatus.SUCCEEDED, record.job.error
        return service.result(record, tmp_path)

    with np.load(finished(format="npz", options={"landmarks": True})) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    x0, y0, x1, y1 = found["box"][0]
    landmarks = found["landmarks"][0, :468]
    assert np.ptp(landmarks, axis=0).max() == pytest.approx(max(x1 - x0, y1 - y0), rel=0.05)
    assert found["vertices"].shape == found["neutral"].shape == (found["triangles"].max() + 1, 3)
    assert len(found["part"]) == len(found["triangles"])
    skin = np.unique(found["triangles"][found["part"] == 0])
    low, high = found["vertices"][skin, :2].min(0), found["vertices"][skin, :2].max(0)
    assert (low < landmarks.min(0) + 2).all(), "the mesh covers the landmarks"
    assert (high > landmarks.max(0) - 2).all()
    text = finished(format="obj").read_text()
    assert text.count("\nv ") == len(found["vertices"])
    assert text.count("\nf ") == len(found["triangles"])


def test_the_index_of_a_face_is_what_an_edit_takes(service: Service, astronaut: np.ndarray, hopper: np.ndarray) -> None:
    both = np.concatenate([np.pad(astronaut, ((88, 0), (0, 0), (0, 0)), mode="edge"), hopper], 1)
    file = io.BytesIO()
    Image.fromarray(both).save(file, "PNG")
    group = service.add(file.getvalue())
    checked = service.finish(service.start(FacesRequest, group))
    assert checked.job.status is JobStatus.SUCCEEDED, checked.job.error
    with service.blobs.open(checked.blobs[0]) as document:
        seen = Faces.model_validate_json(document.read())
    assert (seen.width, seen.height, seen.found) == (1024, 600, 2)
    large, small = seen.faces
    assert (large.index, small.index) == (0, 1)
    assert large.size > 1.5 * small.size
    assert large.points.right_eye[0] > 512 > small.points.left_eye[0] > small.points.right_eye[0]

    for face in seen.faces:
        options = {"face": face.index}
        edited = service.finish(service.submit(group, controls={"expression": {"jawOpen": 0.6}}, options=options))
        with service.blobs.open(edited.blobs[0]) as result:
            changed = (np.asarray(Image.open(io.BytesIO(result.read()))) != both).any(-1)
        x0, y0, x1, y1 = (int(place) for place in face.box)
        assert changed[y0:y1, x0:x1].any()
        assert not changed[:, :512].any() if face is large else not changed[:, 512:].any()
        assert [warning.code for warning in edited.job.warnings] == face.warnings


def test_a_picture_without_a_face_says_so(service: Service, astronaut: np.ndarray) -> None:
    sky = io.BytesIO()
    Image.new("RGB", (256, 256), (90, 140, 220)).save(sky, "PNG")
    error = service.finish(service.submit(service.sources.add(ANONYMOUS, sky).id)).job.error
    assert error is not None
    assert (error.code, error.status) == ("no_face", 422)


def test_a_jpeg_of_another_person_is_edited_too(service: Service, hopper_jpeg: Path) -> None:
    with hopper_jpeg.open("rb") as file:
        source = service.sources.add(ANONYMOUS, io.BytesIO(file.read())).id
    options = {"paste_back": False, "output": {"format": "jpeg", "size": 256}, "label": True}
    record = service.finish(service.submit(source, controls={"pose": {"yaw": 10}}, options=options))
    assert record.job.result is not None, record.job.error
    assert (record.job.result.media_type, record.job.result.width, record.job.result.height) == ("image/jpeg", 256, 256)


def test_a_job_carries_warnings_of_what_the_photo_does_not_support(
    service: Service, photo: str, astronaut: np.ndarray
) -> None:
    fine = service.finish(service.submit(photo, controls={"expression": {"mouthSmile": 0.3}}))
    assert fine.job.warnings == []

    file = io.BytesIO()
    Image.fromarray(np.concatenate([astronaut, astronaut], 1)).resize((480, 240)).save(file, "PNG")
    group = service.add(file.getvalue())
    record = service.finish(service.submit(group, controls={"pose": {"yaw": 45}}))
    assert record.job.status is JobStatus.SUCCEEDED, record.job.error
    assert [str(warning.code) for warning in record.job.warnings] == ["several_faces", "small_face", "extreme_pose"]
    assert record.body()["warnings"][1]["face"] == 0

    made, _ = service.store.create(ExtractRequest(source_id=group), ANONYMOUS)
    service.queue.enqueue(made)
    read = service.finish(made.job.id)
    assert [str(warning.code) for warning in read.job.warnings] == ["several_faces", "small_face"]
