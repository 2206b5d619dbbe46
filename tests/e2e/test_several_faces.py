"""Two people in one photo, each edited or moved by itself, in one request."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WAIT = {"Prefer": "wait=60"}
SMILE = {"expression": {"mouthSmile": 0.8, "jawOpen": 0.3}}


@pytest.fixture(scope="module")
def group(astronaut: np.ndarray, hopper: np.ndarray) -> np.ndarray:
    """Grace Hopper, who is larger, to the right of Eileen Collins."""
    return np.concatenate([astronaut[:360, 60:360], hopper[60:420, 110:410]], 1)


@pytest.fixture(scope="module")
def group_png(group: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(group).save(file, "PNG")
    return file.getvalue()


def result(http: httpx.Client, route: str, group_png: bytes, fields: dict[str, Any], **files: bytes) -> np.ndarray:
    data = {name: json.dumps(value) for name, value in fields.items()}
    job = http.post(route, files={"source": group_png, **files}, data=data, headers=WAIT).json()
    assert job["status"] == "succeeded", job
    return np.asarray(Image.open(io.BytesIO(http.get(job["result"]["url"]).content)).convert("RGB"))


def test_each_face_gets_its_own_controls(http: httpx.Client, group: np.ndarray, group_png: bytes) -> None:
    second = [{"face": 1, "controls": {"expression": {"eyeBlink": 1}}}]
    one = result(http, "/edit", group_png, {"faces": second})
    both = result(http, "/edit", group_png, {"faces": [{"face": 0, "controls": SMILE}, *second]})
    moved = np.abs(both.astype(int) - group).max(-1) > 20
    assert moved[60:260, 330:560].any(), "she on the right is the larger, and smiles"
    assert moved[60:190, 100:230].any(), "she on the left blinks"
    assert (one[:, 320:] == group[:, 320:]).all(), "who is not named stays bit for bit"
    # What the other face's edit does not reach is as without it.
    np.testing.assert_array_equal(both[:, :220], one[:, :220])


def test_faces_of_a_group_make_ready_motions(http: httpx.Client, group: np.ndarray, group_png: bytes) -> None:
    faces = [{"face": 0}, {"face": 1, "driver_id": "nod"}]
    data = {"driver_id": "wink", "faces": json.dumps(faces)}
    job = http.post("/reenact", files={"source": group_png}, data=data, headers=WAIT).json()
    assert job["status"] == "succeeded", job
    frames = clip(http.get(job["result"]["url"]).content)
    assert len(frames) == 29, "a wink"
    apart = [np.abs(frame.astype(int) - frames[0]).max(-1) > 40 for frame in frames]
    assert apart[7][80:200, 380:540].any(), "she on the right winks"
    assert apart[7][60:190, 90:240].mean() > 0.02, "she on the left nods"
    assert apart[-1][:, 300:].mean() < 0.01, "and all is as it was"


def clip(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_face_that_is_not_there_is_named(http: httpx.Client, group_png: bytes) -> None:
    data = {"faces": json.dumps([{"face": 0}, {"face": 2}])}
    answer = http.post("/edit", files={"source": group_png}, data=data, headers=WAIT)
    assert (answer.status_code, answer.json()["code"]) == (422, "face_index")
    assert "shows 2 face(s)" in answer.json()["detail"]


def test_drivers_move_faces_of_a_group(
    http: httpx.Client, group: np.ndarray, group_png: bytes, hopper_jpeg: Any, photo: dict[str, Any]
) -> None:
    own = http.post("/sources", files=photo).json()["id"]
    faces = [{"face": 0}, {"face": 1, "driver_id": own, "controls": {"pose": {"yaw": 15}}}]
    alone = result(http, "/reenact", group_png, {"faces": faces[:1]}, driver=hopper_jpeg.read_bytes())
    both = result(http, "/reenact", group_png, {"faces": faces}, driver=hopper_jpeg.read_bytes())
    assert (alone[:, :200] == group[:, :200]).all()
    assert (np.abs(both[:, :240].astype(int) - group[:, :240]).max(-1) > 20).mean() > 0.02, "the left head turns"
