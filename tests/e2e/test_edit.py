"""A photo goes in over HTTP and comes out edited."""

import base64
import io
import json
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from models.bundle import DEFAULT_BUNDLE, open_bundle
from tests.e2e.conftest import Embedded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # on a busy machine; 30 s on an idle one

SMILE = {"expression": {"mouthSmile": 0.8, "jawOpen": 0.3}}


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def changed(before: np.ndarray, after: np.ndarray) -> tuple[float, slice, slice]:
    """Share of pixels that differ, and the rows and columns they lie in."""
    where = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    return where.mean(), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def test_an_edited_photo_comes_back_at_once(http: httpx.Client, photo: dict[str, Any], astronaut: np.ndarray) -> None:
    headers = {"Prefer": "wait=60", "Accept": "image/*"}
    answer = http.post("/edit", files=photo, data={"controls": json.dumps(SMILE)}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    edited = pixels(answer.content)
    assert edited.shape == astronaut.shape, "at the photo's own resolution"
    changed_fraction, rows, columns = changed(astronaut, edited)
    assert 0.01 < changed_fraction < 0.5
    # Her face is in the upper left half of the middle; the rest of a lossless picture stays bit-identical.
    assert rows.stop < 400
    assert columns.start > 50
    assert columns.stop < 420


def test_transparency_goes_in_and_comes_out(http: httpx.Client, astronaut: np.ndarray) -> None:
    cut_out = Image.fromarray(astronaut)
    cut_out.putalpha(Image.radial_gradient("L").point(lambda level: 255 if level < 180 else 0).resize((512, 512)))
    file = io.BytesIO()
    cut_out.save(file, "PNG")
    source = http.post("/sources", files={"source": file.getvalue()}).json()["id"]

    def result(route: str, kind: str, controls: dict[str, Any]) -> bytes:
        body = {"source_id": source, "controls": controls, "options": {"output": {"format": kind}}}
        job = http.post(route, json=body, headers={"Prefer": "wait=60"}).json()
        assert job["status"] == "succeeded", job
        return http.get(job["result"]["url"]).content

    for kind in ("png", "webp"):
        with Image.open(io.BytesIO(result("/edit", kind, SMILE))) as edited:
            assert edited.mode == "RGBA"
            assert (edited.getpixel((2, 2))[3], edited.getpixel((256, 256))[3]) == (0, 255)
    with Image.open(io.BytesIO(result("/edit", "jpeg", SMILE))) as flat:
        assert min(flat.getpixel((2, 2))) > 250, "white where nothing was"
    clip = result("/edit", "webm", {"keyframes": [{"time": 0}, {"time": 0.08, "expression": {"jawOpen": 0.3}}]})
    with av.open(io.BytesIO(clip)) as container:
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        frames = [frame for packet in container.demux(video=0) for frame in decoder.decode(packet)]
        assert {frame.format.name for frame in frames} == {"yuva420p"}
        assert frames[-1].to_ndarray(format="rgba")[256, 256, 3] > 250


def test_the_job_tells_its_way(http: httpx.Client, photo: dict[str, Any]) -> None:
    accepted = http.post("/edit", files=photo, data={"controls": json.dumps(SMILE)})
    assert accepted.status_code == 202
    events: list[tuple[str, dict[str, Any]]] = []
    with http.stream("GET", f"{accepted.headers['location']}/events") as stream:
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    assert {name for name, _ in events[:-1]} <= {"progress"}
    assert events[-1][0] == "done"
    job = events[-1][1]
    assert job == http.get(accepted.headers["location"]).json()
    assert job["status"] == "succeeded"
    assert {"queue_s", "decode_s", "extract_s", "render_s", "encode_s"} <= job["metrics"].keys()
    assert (job["result"]["width"], job["result"]["height"], job["result"]["space"]) == (512, 512, "arkit")
    result = http.get(job["result"]["url"])
    assert result.status_code == 200
    assert pixels(result.content).shape == (512, 512, 3)


def test_json_and_multipart_give_the_same_picture(http: httpx.Client, photo: dict[str, Any]) -> None:
    headers = {"Prefer": "wait=60", "Accept": "image/*"}
    multipart = http.post("/edit", files=photo, data={"controls": json.dumps(SMILE)}, headers=headers)
    body = {"source": base64.b64encode(photo["source"][1]).decode(), "controls": SMILE}
    as_json = http.post("/edit", json=body, headers=headers)
    assert as_json.status_code == 200
    assert np.array_equal(pixels(multipart.content), pixels(as_json.content))


def test_an_uploaded_source_is_edited_by_its_id(http: httpx.Client, photo: dict[str, Any]) -> None:
    source = http.post("/sources", files=photo).json()
    options = {"paste_back": False, "output": {"format": "jpeg", "size": 256}}
    request = {"source_id": source["id"], "controls": {"pose": {"yaw": 15}}, "options": options}
    answer = http.post("/edit", json=request, headers={"Prefer": "wait=60", "Accept": "image/jpeg"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert pixels(answer.content).shape == (256, 256, 3)


def test_extracted_coefficients_can_be_sent_back(http: httpx.Client, photo: dict[str, Any]) -> None:
    extracted = http.post("/extract", files=photo, headers={"Prefer": "wait=60"})
    assert extracted.status_code == 200
    (frame,) = extracted.json()["frames"]
    assert len(frame["coefficients"]) == len(extracted.json()["names"]) == 59
    controls = {"coefficients": frame["coefficients"]}
    answer = http.post("/edit", files=photo, data={"controls": json.dumps(controls)}, headers={"Prefer": "wait=60"})
    assert answer.json()["status"] == "succeeded"


def test_keyframes_make_a_clip(http: httpx.Client, photo: dict[str, Any]) -> None:
    controls = {"keyframes": [{"time": 0}, {"time": 0.4, "expression": {"mouthSmile": 1}}]}
    options = {"output": {"format": "mp4", "fps": 10, "size": 128}, "paste_back": False}
    data = {"controls": json.dumps(controls), "options": json.dumps(options)}
    answer = http.post("/edit", files=photo, data=data, headers={"Prefer": "wait=60"})
    result = answer.json()["result"]
    assert (result["media_type"], result["frames"], result["width"]) == ("video/mp4", 5, 128)
    clip = http.get(result["url"])
    assert clip.headers["content-type"] == "video/mp4"
    assert clip.content[4:8] == b"ftyp"


def test_the_service_tells_what_it_is(embedded: Embedded) -> None:
    ready = embedded.http.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["state"] in ("ready", "busy"), "a job's end is reported a moment before the worker is free"
    sliders = embedded.http.get("/sliders").json()
    assert (sliders["space"], sliders["coefficients"], len(sliders["expression"])) == ("arkit", 59, 53)
    assert sliders["bundle"] == open_bundle(DEFAULT_BUNDLE).manifest.identity.model_dump()
    assert embedded.http.get("/docs").status_code == 200
