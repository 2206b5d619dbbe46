"""What POST /reenact and a video's POST /extract accept, and what they make of it."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest

from service.settings import ApiSettings
from tests.clips import write_clip
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from workers.contract.owners import ANONYMOUS

pytestmark = pytest.mark.integration

DOCUMENT = json.dumps({"space": "arkit", "frames": []}).encode()
WEBM = b"\x1aE\xdf\xa3" + bytes(100)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small video."""
    path = tmp_path_factory.mktemp("clips") / "driver.mp4"
    return write_clip(path, [np.full((64, 64, 3), 90, np.uint8)] * 5, [k / 25 for k in range(5)]).read_bytes()


def with_driver(photo: dict[str, Any], data: bytes) -> dict[str, Any]:
    return photo | {"driver": ("driver", data, "application/octet-stream")}


def test_multipart_and_json_make_the_same_request(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes
) -> None:
    options = {
        "mode": "absolute",
        "gains": {"mouth": 1.5, "translation": 0},
        "region": "mouth",
        "normalise_crop": False,
        "smoothing": 0.5,
        "face": 1,
        "paste_back": False,
        "label": True,
        "output": {"format": "webm", "size": 256, "fps": 30},
    }
    multipart = api.post("/reenact", files=with_driver(photo, clip), data={"options": json.dumps(options)})
    files = {"source": base64.b64encode(photo["source"][1]).decode(), "driver": base64.b64encode(clip).decode()}
    as_json = api.post("/reenact", json=files | {"options": options})
    assert (multipart.status_code, as_json.status_code) == (202, 202), multipart.text + as_json.text
    assert multipart.headers["location"] == f"/jobs/{multipart.json()['id']}"
    assert multipart.json()["kind"] == "reenact"
    first, second = (worker.store.get(answer.json()["id"]) for answer in (multipart, as_json))
    assert first.request == second.request
    assert first.request.options.gains.mouth == 1.5
    assert first.request.driver_kind == "video"
    assert worker.sources.open(ANONYMOUS, first.request.driver_id).read() == clip


def test_a_driver_of_one_face_is_checked_like_any_other(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes
) -> None:
    faces: list[dict[str, Any]] = [{"face": 0}, {"face": 1, "driver_id": "0" * 64}]

    def answer() -> httpx.Response:
        return api.post("/reenact", files=with_driver(photo, clip), data={"faces": json.dumps(faces)})

    problem = assert_problem(answer(), 422, "source_not_found")
    assert [error["field"] for error in problem["errors"]] == ["faces.1.driver_id"]
    faces[1]["driver_id"] = api.post("/sources", files={"source": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)}).json()["id"]
    problem = assert_problem(answer(), 422, "invalid_request")
    assert "this request needs a picture or a video" in problem["errors"][0]["message"]
    faces[1]["driver_id"] = api.post("/sources", files=photo).json()["id"]
    accepted = worker.store.get(answer().json()["id"]).request
    assert [each.driver_id for each in accepted.faces.root] == [None, faces[1]["driver_id"]]


def test_a_ready_motion_stands_for_a_driver(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    names = [motion["id"] for motion in api.get("/motions").json()["motions"]]
    assert {"nod", "wink", "idle"} <= set(names)
    accepted = api.post("/reenact", files=photo, data={"driver_id": "wink"})
    request = worker.store.get(accepted.json()["id"]).request
    assert (request.driver_id, request.driver_kind) == ("wink", "motion")
    assert_problem(api.post("/reenact", files=photo, data={"driver_id": "no-such"}), 422, "source_not_found")
    assert_problem(api.post("/edit", data={"source_id": "wink"}), 422, "source_not_found")


def test_a_photo_has_no_sound_of_its_own(api: httpx.Client, photo: dict[str, Any], clip: bytes) -> None:
    body = {"options": json.dumps({"sound": "source"})}
    problem = assert_problem(api.post("/reenact", files=with_driver(photo, clip), data=body), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["options.sound"]


def test_reenactments_wait_in_the_batch_queue(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes
) -> None:
    reenact = api.post("/reenact", files=with_driver(photo, clip)).json()["id"]
    video = api.post("/extract", files={"source": ("a.mp4", clip, "video/mp4")}).json()["id"]
    still = api.post("/extract", files=photo).json()["id"]
    waiting = {name: set(job_ids) for name, job_ids in worker.queue.first(9).items()}
    assert waiting == {"interactive": {still}, "batch": {reenact, video}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [(WEBM, "video"), (b"GIF89a" + bytes(20), "video"), (DOCUMENT, "motion"), (b"PK\x03\x04" + bytes(20), "motion")],
    ids=["webm", "gif", "json", "npz"],
)
def test_drivers_are_recognised_by_their_bytes(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], data: bytes, kind: str
) -> None:
    accepted = api.post("/reenact", files=with_driver(photo, data))
    assert accepted.status_code == 202, accepted.text
    assert worker.store.get(accepted.json()["id"]).request.driver_kind == kind


def test_a_picture_is_a_driver_too(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    accepted = api.post("/reenact", files=with_driver(photo, photo["source"][1]))
    assert worker.store.get(accepted.json()["id"]).request.driver_kind == "picture"


def test_an_uploaded_source_is_reenacted_by_its_id(api: httpx.Client, photo: dict[str, Any], clip: bytes) -> None:
    source = api.post("/sources", files=photo).json()["id"]
    driver = {"driver": ("d.mp4", clip, "video/mp4")}
    assert api.post("/reenact", files=driver, data={"source_id": source}).status_code == 202


def test_a_video_is_a_source_by_file_and_by_id(api: httpx.Client, worker: ActedWorker, clip: bytes) -> None:
    video = {"source": ("s.mp4", clip, "video/mp4")}
    driver = {"driver": ("d.json", DOCUMENT, "application/json")}
    uploaded = api.post("/sources", files=video).json()["id"]
    clips = {"options": json.dumps({"output": {"format": "webm"}})}
    by_file = api.post("/reenact", files=video | driver, data=clips)
    by_id = api.post("/reenact", files=driver, data=clips | {"source_id": uploaded})
    assert (by_file.status_code, by_id.status_code) == (202, 202), by_file.text + by_id.text
    first, second = (worker.store.get(answer.json()["id"]).request for answer in (by_file, by_id))
    assert first == second
    assert (first.source_kind, first.driver_kind) == ("video", "motion")


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("wrong", [{"format": "png"}, {"fps": 30}])
def test_a_video_stays_a_video_at_its_own_rate(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes, by_id: bool, wrong: dict[str, Any]
) -> None:
    files = with_driver({"source": ("s.mp4", clip)}, photo["source"][1])
    data = {"options": json.dumps({"output": wrong})}
    if by_id:
        data["source_id"] = api.post("/sources", files={"source": files.pop("source")}).json()["id"]
    problem = assert_problem(api.post("/reenact", files=files, data=data), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [f"options.output.{next(iter(wrong))}"]
    assert worker.queue.waiting() == 0


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "gain too large": ({"gains": {"mouth": 2.5}}, "options.gains.mouth"),
    "gain unknown": ({"gains": {"nose": 1}}, "options.gains.nose"),
    "region": ({"region": "ears"}, "options.region"),
    "mode": ({"mode": "funny"}, "options.mode"),
    "smoothing": ({"smoothing": 1.1}, "options.smoothing"),
    "text for a truth": ({"normalise_crop": "yes"}, "options.normalise_crop"),
    "a still's format": ({"output": {"format": "png"}}, "options.output.format"),
    "rate": ({"output": {"fps": 0}}, "options.output.fps"),
    "size of the whole photo": ({"output": {"size": 256}}, "options.output.size"),
    "unknown": ({"speed": 2}, "options.speed"),
}


@pytest.mark.parametrize(("options", "field"), OPTIONS.values(), ids=OPTIONS)
def test_wrong_options_are_named(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes, options: dict[str, Any], field: str
) -> None:
    answer = api.post("/reenact", files=with_driver(photo, clip), data={"options": json.dumps(options)})
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert worker.queue.waiting() == 0


def test_wrong_files_are_named(api: httpx.Client, photo: dict[str, Any], clip: bytes) -> None:
    driver = {"driver": ("d.mp4", clip, "video/mp4")}

    def fields(answer: httpx.Response, code: str) -> list[str]:
        return [error["field"] for error in assert_problem(answer, 422, code)["errors"]]

    assert fields(api.post("/reenact", files=photo), "invalid_request") == ["driver"]
    assert fields(api.post("/reenact", files=driver), "invalid_request") == ["source"]
    assert fields(api.post("/reenact", files=with_driver(photo, b"")), "empty_file") == ["driver"]
    document = driver | {"source": ("m.json", DOCUMENT)}
    assert_problem(api.post("/reenact", files=document), 415, "unsupported_media")
    audio = api.post("/reenact", files=with_driver(photo, clip) | {"audio": ("a.wav", b"RIFF")})
    assert fields(audio, "invalid_request") == ["audio"]


def test_sliders_may_come_on_top(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], clip: bytes) -> None:
    controls = {"mode": "absolute", "expression": {"mouthSmile": 0.3}}
    answer = api.post("/reenact", files=with_driver(photo, clip), data={"controls": json.dumps(controls)})
    assert worker.store.get(answer.json()["id"]).request.controls.mode == "absolute"
    wrong = {"keyframes": [{"time": 0, "expression": {"smile": 1}}]}
    refused = api.post("/reenact", files=with_driver(photo, clip), data={"controls": json.dumps(wrong)})
    assert_problem(refused, 422, "invalid_request")
    assert refused.json()["errors"][0]["field"] == "controls.keyframes.0.expression.smile"


@pytest.mark.parametrize("data", [b"ID3\x04" + bytes(60), b"RIFF\0\0\0\0WAVEfmt ", b"Once upon a time"])
def test_what_drives_nothing_is_unsupported(api: httpx.Client, photo: dict[str, Any], data: bytes) -> None:
    assert_problem(api.post("/reenact", files=with_driver(photo, data)), 415, "unsupported_media")


def test_sizes_are_judged_by_kind(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    small = alone(settings, max_upload_bytes=100_000, max_video_bytes=200_000)
    with serving(small) as (_, http):
        over_photo, over_video = bytes(150_000), bytes(250_000)
        assert http.post("/reenact", files=with_driver(photo, WEBM + over_photo)).status_code == 202
        assert_problem(http.post("/reenact", files=with_driver(photo, over_photo)), 413, "body_too_large")
        assert_problem(http.post("/reenact", files=with_driver(photo, WEBM + over_video)), 413, "body_too_large")
        assert_problem(http.post("/edit", files={"source": ("s", WEBM + over_photo)}), 413, "body_too_large")
        assert http.post("/extract", files={"source": ("s", WEBM + over_photo)}).status_code == 202
        assert_problem(http.post("/extract", files={"source": ("s", over_photo)}), 413, "body_too_large")


def test_a_video_is_no_portrait(api: httpx.Client, clip: bytes) -> None:
    refused = assert_problem(api.post("/edit", files={"source": ("s.mp4", clip)}), 415, "unsupported_media")
    assert "POST /reenact" in refused["detail"]
    uploaded = api.post("/sources", files={"source": ("s.mp4", clip)}).json()
    assert (uploaded["media_type"], uploaded["width"]) == ("video/mp4", None)
    problem = assert_problem(api.post("/edit", json={"source_id": uploaded["id"]}), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "source_id"
    assert "POST /reenact" in problem["errors"][0]["message"]
    assert api.post("/extract", json={"source_id": uploaded["id"]}).status_code == 202


def test_extract_writes_json_or_npz(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    accepted = api.post("/extract", params={"format": "npz"}, files=photo)
    record = worker.claim(accepted.json()["id"])
    assert record.request.format == "npz"
    worker.succeed(record, b"PK\x03\x04", "application/x-npz")
    result = api.get(f"/jobs/{record.job.id}/result")
    assert result.headers["content-type"] == "application/x-npz"
    assert f'-{record.job.id[:8]}.npz"' in result.headers["content-disposition"]
    assert_problem(api.post("/extract", params={"format": "csv"}, files=photo), 422, "invalid_request")


def test_a_mesh_is_a_photo_s(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    accepted = api.post("/extract", params={"format": "obj"}, files=photo)
    record = worker.claim(accepted.json()["id"])
    worker.succeed(record, b"v 0 0 0\n", "model/obj")
    result = api.get(f"/jobs/{record.job.id}/result")
    assert result.headers["content-type"] == "model/obj"
    assert f'-{record.job.id[:8]}.obj"' in result.headers["content-disposition"]
    of_video = api.post("/extract", params={"format": "obj"}, files={"source": ("a.webm", WEBM, "video/webm")})
    assert assert_problem(of_video, 422, "invalid_request")["errors"][0]["field"] == "format"
    options = {"options": json.dumps({"landmarks": True})}
    with_points = api.post("/extract", params={"format": "obj"}, files=photo, data=options)
    assert assert_problem(with_points, 422, "invalid_request")["errors"][0]["field"] == "options.landmarks"


def test_the_document_of_the_api_shows_the_fields(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    body = document["paths"]["/reenact"]["post"]["requestBody"]["content"]
    for content_type, schema in (("multipart/form-data", "ReenactForm"), ("application/json", "ReenactBody")):
        assert body[content_type]["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        assert set(document["components"]["schemas"][schema]["properties"]) == {
            "callback",
            "bundle",
            "metadata",
            "source",
            "source_id",
            "source_url",
            "driver",
            "driver_id",
            "driver_url",
            "controls",
            "faces",
            "options",
        }
    assert "ReenactOptions" in document["components"]["schemas"]
    assert "Gains" in document["components"]["schemas"]
    assert body["application/json"]["examples"]
