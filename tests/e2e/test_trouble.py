"""Bad pictures, lost workers, cancelled jobs, the end: each gets an answer, none takes the service down."""

import io
import json
import signal
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from tests.e2e.conftest import Embedded, start_embedded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # on a busy machine; 60 s on an idle one

WAIT = {"Prefer": "wait=60"}
LONG_CLIP = {"keyframes": [{"time": 0}, {"time": 10, "pose": {"yaw": 20}}]}


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    fields = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + fields + struct.pack(">I", zlib.crc32(fields))


PICTURES: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "no face": (lambda _: png(np.full((300, 300, 3), 90, np.uint8)), 422, "no_face"),
    "truncated": (lambda photo: photo[: len(photo) // 2], 422, "damaged_media"),
    "not a picture": (lambda _: b"Dear service, I have no picture.", 415, "unsupported_media"),
    "0 bytes": (lambda _: b"", 422, "empty_file"),
    "40 MB": (lambda photo: photo + bytes(40_000_000), 413, "body_too_large"),
    "20,000 x 20,000": (lambda _: png_header(20_000, 20_000), 413, "picture_too_large"),
}


@pytest.mark.parametrize(("make", "status", "code"), PICTURES.values(), ids=PICTURES)
def test_bad_pictures_get_one_clear_answer(
    embedded: Embedded, photo: dict[str, Any], make: Callable[[bytes], bytes], status: int, code: str
) -> None:
    worker = embedded.worker().pid
    files = {"source": ("a.png", make(photo["source"][1]), "image/png")}
    answer = embedded.http.post("/edit", files=files, headers=WAIT)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(problem["detail"]) > 20, "says what to change"
    if status == 422:
        assert problem["errors"][0]["field"] == "source"
    assert embedded.worker().pid == worker, "the worker lives on"


CONTROLS = {
    "unknown slider": ('{"expression": {"jawOpn": 0.5}}', "controls.expression.jawOpn", "jawOpen"),
    "NaN": ('{"expression": {"jawOpen": NaN}}', "controls.expression.jawOpen", "finite"),
    "out of range": ('{"pose": {"yaw": 90}}', "controls.pose.yaw", "45"),
}


@pytest.mark.parametrize(("controls", "field", "hint"), CONTROLS.values(), ids=CONTROLS)
def test_bad_controls_are_named(
    http: httpx.Client, photo: dict[str, Any], controls: str, field: str, hint: str
) -> None:
    problem = http.post("/edit", files=photo, data={"controls": controls}).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
    assert hint in problem["detail"]


def test_a_missing_field_is_named(http: httpx.Client) -> None:
    problem = http.post("/edit", data={"controls": "{}"}).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "source")


def start_clip(embedded: Embedded, photo: dict[str, Any]) -> str:
    """A job that has begun to render and will be busy for a while; its address."""
    options = {"output": {"format": "mp4", "fps": 25, "size": 256}, "paste_back": False}
    data = {"controls": json.dumps(LONG_CLIP), "options": json.dumps(options)}
    location: str = embedded.http.post("/edit", files=photo, data=data).headers["location"]
    embedded.wait(lambda: embedded.http.get(location).json()["progress"]["done"] > 0, seconds=60)
    return location


def test_a_running_job_stops_when_it_is_cancelled(embedded: Embedded, photo: dict[str, Any]) -> None:
    location = start_clip(embedded, photo)
    assert embedded.http.delete(location).status_code == 200
    embedded.wait(lambda: embedded.http.get(location).json()["status"] == "cancelled", seconds=15)
    assert embedded.http.get(f"{location}/result").json()["code"] == "job_cancelled"
    assert embedded.http.get("/health/ready").status_code == 200


def test_a_killed_worker_loses_no_job(embedded: Embedded, photo: dict[str, Any]) -> None:
    location = start_clip(embedded, photo)
    first = embedded.http.get(location).json()["started_at"]
    embedded.worker().kill()
    embedded.wait(lambda: embedded.http.get(location).json()["started_at"] != first, seconds=15)  # taken from it
    embedded.wait(lambda: embedded.http.get(location).json()["progress"]["done"] > 0, seconds=60)  # by the next one
    # A job that kills its workers is not tried for ever.
    embedded.worker().kill()
    embedded.wait(lambda: embedded.http.get(location).json()["status"] == "failed", seconds=15)
    result = embedded.http.get(f"{location}/result")
    assert (result.status_code, result.json()["code"]) == (503, "worker_lost")
    edited = embedded.http.post("/edit", files=photo, headers=WAIT)
    assert edited.json()["status"] == "succeeded", "by the next worker"


def test_ctrl_c_leaves_no_process(tmp_path: Path, photo: dict[str, Any]) -> None:
    stack = Embedded(tmp_path)
    try:
        start_clip(stack, photo)
        processes = stack.processes()
        assert len(processes) >= 4
        assert stack.stop(signal.SIGINT) == 0, stack.log
    finally:
        stack.process.kill()
    _, alive = psutil.wait_procs(processes, timeout=2)
    assert alive == []
    assert "Traceback" not in stack.log


def test_a_bundle_that_does_not_load_ends_the_stack_with_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    _, process = start_embedded(tmp_path, log, PORTRAIT_BUNDLE=str(tmp_path / "nothing"))
    try:
        assert process.wait(200) == 1
    finally:
        process.kill()
    *_, reason = log.read_text().strip().splitlines()
    assert "could not load its models" in reason
    assert "bundle.json" in reason
