"""A portrait makes a video's motion, over HTTP, with the bundle that is released."""

import json
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from tests.clips import beep, heard, onset, shown, write_clip
from tests.e2e.conftest import follow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

COUNT = 12
FPS = 25


@pytest.fixture(scope="module")
def driver(http: httpx.Client, hopper: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Grace Hopper moving from left to right in front of a camera, and a beep."""
    frames = [np.roll(hopper, 2 * k, axis=1) for k in range(COUNT)]
    path = tmp_path_factory.mktemp("drivers") / "driver.mp4"
    sound = beep(COUNT / FPS, 0.2)
    return write_clip(path, frames, [k / FPS for k in range(COUNT)], sounds=[sound]).read_bytes()


@pytest.fixture(scope="module")
def http(embedded: Any) -> httpx.Client:
    client: httpx.Client = embedded.http
    return client


def test_a_driver_moves_a_portrait(
    http: httpx.Client, photo: dict[str, Any], driver: bytes, astronaut: np.ndarray, tmp_path: Path
) -> None:
    accepted = http.post("/reenact", files=photo | {"driver": ("driver.mp4", driver, "video/mp4")})
    assert accepted.status_code == 202, accepted.text

    states = follow(http, accepted.headers["location"])

    job = states[-1]
    assert job["status"] == "succeeded", job["error"]
    stages = [state["progress"]["stage"] for state in states]
    assert stages[-1] == "done"
    assert "extract" in stages
    assert "render" in stages
    assert job["progress"] == {"done": COUNT, "total": COUNT, "fps": None, "eta_s": None, "stage": "done"}
    assert (job["result"]["frames"], job["result"]["seconds"]) == (COUNT, COUNT / FPS)
    assert (job["result"]["width"], job["result"]["height"]) == (512, 512)
    assert job["metrics"]["frames_without_face"] == 0
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(http.get(job["result"]["url"]).content)
    times, _ = shown(clip)
    assert times == pytest.approx([k / FPS for k in range(COUNT)], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(0.2, abs=0.02)


def test_a_videos_coefficients_drive_as_the_video_does(
    http: httpx.Client, photo: dict[str, Any], driver: bytes
) -> None:
    extracted = http.post("/extract", files={"source": ("d.mp4", driver)}, headers={"Prefer": "wait=60"})
    document = extracted.json()
    assert (extracted.status_code, len(document["frames"]), document["fps"]) == (200, COUNT, FPS)
    x = [frame["pose"]["x"] for frame in document["frames"]]
    assert x[-1] - x[0] > 0.02, "she moves to the right"
    assert all(frame["face"]["score"] > 0.5 for frame in document["frames"])

    options = {"output": {"format": "webm", "size": 128}, "paste_back": False}
    files = photo | {"driver": ("motion.json", extracted.content, "application/json")}
    answer = http.post(
        "/reenact",
        files=files,
        data={"options": json.dumps(options)},
        headers={"Prefer": "wait=60", "Accept": "video/*"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/webm"), answer.text


def test_a_video_keeps_its_frames_but_for_the_face(
    http: httpx.Client, driver: bytes, hopper_jpeg: Path, hopper: np.ndarray, tmp_path: Path
) -> None:
    extracted = http.post("/extract", files={"source": hopper_jpeg.open("rb")}, headers={"Prefer": "wait=60"}).json()
    frame = extracted["frames"][0]
    del frame["coefficients"]
    frame["expression"] = dict.fromkeys(frame["expression"], 0) | {"jawOpen": 0.6}
    frame["pose"] |= {"yaw": 0, "pitch": 0, "roll": 0}
    files = {"source": ("d.mp4", driver), "driver": ("open.json", json.dumps(extracted))}

    job = follow(http, http.post("/reenact", files=files).headers["location"])[-1]

    assert job["status"] == "succeeded", job["error"]
    assert (job["result"]["frames"], job["result"]["seconds"]) == (COUNT, COUNT / FPS)
    assert job["metrics"]["source_frames_without_face"] == job["metrics"]["source_frames_missing"] == 0
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(http.get(job["result"]["url"]).content)
    assert onset(*heard(clip)) == pytest.approx(0.2, abs=0.02), "the clip's own sound"
    with av.open(str(clip)) as container:
        frames = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    for index, picture in enumerate(frames):
        changed = np.abs(picture.astype(int) - np.roll(hopper, 2 * index, axis=1)).mean(-1)
        assert changed[-80:].mean() < 5, "far from the face there is nothing but the codec's noise"
        mouth = changed[210:290, 215 + 2 * index : 325 + 2 * index]
        assert mouth.mean() > 2 * changed[-80:].mean(), index


def test_a_driver_without_a_face_says_so(http: httpx.Client, photo: dict[str, Any], tmp_path: Path) -> None:
    grey = [np.full((96, 128, 3), 128, np.uint8)] * 5
    data = write_clip(tmp_path / "grey.mp4", grey, [k / FPS for k in range(5)]).read_bytes()
    answer = http.post("/reenact", files=photo | {"driver": ("g.mp4", data)}, headers={"Prefer": "wait=60"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_face")
    assert answer.json()["errors"][0]["field"] == "driver"


def test_a_stored_motion_moves_a_portrait_with_its_sound(
    http: httpx.Client, photo: dict[str, Any], driver: bytes, tmp_path: Path
) -> None:
    made = http.post("/motions", data={"name": "slides"}, files={"driver": ("driver.mp4", driver, "video/mp4")})
    assert follow(http, made.headers["location"])[-1]["status"] == "succeeded"
    assert "slides" in [motion["id"] for motion in http.get("/motions").json()["motions"] if not motion["shipped"]]

    accepted = http.post("/reenact", files=photo, data={"driver_id": "slides"})
    job = follow(http, accepted.headers["location"])[-1]

    assert job["status"] == "succeeded", job["error"]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(http.get(job["result"]["url"]).content)
    assert shown(clip)[0] == pytest.approx([k / FPS for k in range(COUNT)], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(0.2, abs=0.02)
    assert http.delete("/motions/slides").status_code == 204
