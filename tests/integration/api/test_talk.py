"""What POST /talk accepts, and what it makes of it."""

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

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100)
WEBM = b"\x1aE\xdf\xa3" + bytes(100)
DOCUMENT = {"space": "arkit", "frames": [{"time": 0.0, "coefficients": [0.0] * 59}]}


@pytest.fixture
def files(photo: dict[str, Any]) -> dict[str, Any]:
    """A multipart photo and speech."""
    return photo | {"audio": ("speech.wav", WAV, "audio/wav")}


def fields(answer: httpx.Response, code: str = "invalid_request") -> list[str]:
    return [error["field"] for error in assert_problem(answer, 422, code)["errors"]]


def test_multipart_and_json_make_the_same_request(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], files: dict[str, Any]
) -> None:
    options = {
        "seed": 3,
        "temperature": 0.7,
        "samples": 4,
        "gains": {"head": 0.5, "brows": 2, "blink": 0, "mouth": 1.1},
        "pose": DOCUMENT,
        "fps": 30,
        "face": 1,
        "paste_back": False,
        "label": True,
        "output": {"format": "webm", "size": 256},
    }
    multipart = api.post("/talk", files=files, data={"options": json.dumps(options)})
    base = {"source": base64.b64encode(photo["source"][1]).decode(), "audio": base64.b64encode(WAV).decode()}
    as_json = api.post("/talk", json=base | {"options": options})
    assert (multipart.status_code, as_json.status_code) == (202, 202), multipart.text + as_json.text
    assert multipart.headers["location"] == f"/jobs/{multipart.json()['id']}"
    assert multipart.json()["kind"] == "talk"
    first, second = (worker.store.get(answer.json()["id"]).request for answer in (multipart, as_json))
    assert first == second
    assert (first.options.seed, first.options.samples, first.options.gains.brows) == (3, 4, 2)
    assert worker.sources.open(ANONYMOUS, first.audio_id).read() == WAV
    assert first.options.pose is None, "what is large stays out of Redis"
    assert first.pose_kind == "motion"
    assert json.loads(worker.sources.open(ANONYMOUS, first.pose_id).read()) == DOCUMENT


def test_speech_waits_in_the_batch_queue(api: httpx.Client, worker: ActedWorker, files: dict[str, Any]) -> None:
    job = api.post("/talk", files=files).json()["id"]
    waiting = worker.queue.first(9)
    assert waiting == {"interactive": [], "batch": [job]}


def test_the_same_key_without_a_seed_is_the_same_job(api: httpx.Client, files: dict[str, Any]) -> None:
    first, second = (api.post("/talk", files=files, headers={"Idempotency-Key": "talk"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202), second.text
    assert first.json()["id"] == second.json()["id"]


SOUNDS = {
    "wav": WAV,
    "flac": b"fLaC" + bytes(60),
    "mp3": b"ID3\x04" + bytes(60),
    "mp3 without tags": b"\xff\xfb\x90\x64" + bytes(60),
    "ogg": b"OggS\0\x02" + bytes(22) + b"OpusHead" + bytes(60),
    "m4a": b"\0\0\0\x1cftypM4A " + bytes(60),
    "mp4": b"\0\0\0\x20ftypisom" + bytes(60),
    "webm": WEBM,
}


@pytest.mark.parametrize("data", SOUNDS.values(), ids=SOUNDS)
def test_sounds_are_recognised_by_their_bytes(api: httpx.Client, photo: dict[str, Any], data: bytes) -> None:
    assert api.post("/talk", files=photo | {"audio": ("a", data)}).status_code == 202


@pytest.mark.parametrize("data", [b"Once upon a time", b"{}", b"MThd\0\0\0\x06", b"\xff\xd8\xff\xe0 a photo"])
def test_what_cannot_be_heard_is_unsupported(api: httpx.Client, photo: dict[str, Any], data: bytes) -> None:
    problem = assert_problem(api.post("/talk", files=photo | {"audio": ("a", data)}), 415, "unsupported_media")
    assert "WAV, AIFF, FLAC, MP3, AAC, OGG or M4A" in problem["detail"]


def test_wrong_files_are_named(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], files: dict[str, Any]
) -> None:
    assert fields(api.post("/talk", files=photo)) == ["audio"]
    assert fields(api.post("/talk", files={"audio": files["audio"]})) == ["source"]
    assert fields(api.post("/talk", files=photo | {"audio": ("a", b"")}), "empty_file") == ["audio"]
    assert_problem(api.post("/talk", files=files | {"source": ("s.webm", WEBM)}), 415, "unsupported_media")
    assert_problem(api.post("/talk", files=files | {"pose": ("p", photo["source"][1])}), 415, "unsupported_media")
    both = {"options": json.dumps({"pose": DOCUMENT})}
    assert fields(api.post("/talk", files=files | {"pose": ("p.json", json.dumps(DOCUMENT))}, data=both)) == ["pose"]
    assert fields(api.post("/talk", files=files | {"driver": ("d", WEBM)})) == ["driver"]
    assert worker.queue.waiting() == 0


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"seed": -1}, "options.seed"),
    "temperature": ({"temperature": 1.6}, "options.temperature"),
    "no samples": ({"samples": 0}, "options.samples"),
    "too many samples": ({"samples": 9}, "options.samples"),
    "gain too large": ({"gains": {"head": 2.5}}, "options.gains.head"),
    "gain unknown": ({"gains": {"pose": 1}}, "options.gains.pose"),
    "pose": ({"pose": "yes"}, "options.pose"),
    "rate": ({"fps": 0}, "options.fps"),
    "two rates": ({"fps": 30, "output": {"fps": 25}}, "options.fps"),
    "a still's format": ({"output": {"format": "png"}}, "options.output.format"),
    "size of the whole photo": ({"output": {"size": 256}}, "options.output.size"),
    "style": ({"style": "angry"}, "options.style"),
    "idle beside a sound": ({"idle": 5}, "options.idle"),
    "too long a silence": ({"pad": {"before": 11}}, "options.pad.before"),
    "unknown": ({"mode": "relative"}, "options.mode"),
}


@pytest.mark.parametrize(("options", "field"), OPTIONS.values(), ids=OPTIONS)
def test_wrong_options_are_named(
    api: httpx.Client, worker: ActedWorker, files: dict[str, Any], options: dict[str, Any], field: str
) -> None:
    assert fields(api.post("/talk", files=files, data={"options": json.dumps(options)})) == [field]
    assert worker.queue.waiting() == 0


def test_a_long_track_fits_into_the_options(api: httpx.Client, worker: ActedWorker, files: dict[str, Any]) -> None:
    frame = {
        "time": 0.0,
        "coefficients": [0.123456789012345] * 59,
        "expression": dict.fromkeys(map(str, range(53)), 0.1),
    }
    track = {"space": "arkit", "frames": [frame] * 1500}
    options = json.dumps({"pose": track})
    assert len(options) > 2 * 2**20
    accepted = api.post("/talk", files=files, data={"options": options})
    assert accepted.status_code == 202, accepted.text
    assert worker.store.get(accepted.json()["id"]).request.pose_id is not None


def test_a_video_gives_its_head_poses(
    api: httpx.Client, worker: ActedWorker, files: dict[str, Any], tmp_path: Any
) -> None:
    clip = write_clip(tmp_path / "d.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 5, [k / 25 for k in range(5)])
    accepted = api.post("/talk", files=files | {"pose": clip.open("rb")})
    assert accepted.status_code == 202, accepted.text
    assert worker.store.get(accepted.json()["id"]).request.pose_kind == "video"


def test_sizes_are_judged_by_kind(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    small = alone(settings, max_upload_bytes=100_000, max_audio_bytes=150_000, max_video_bytes=200_000)
    with serving(small) as (_, http):

        def sent(start: bytes, size: int) -> httpx.Response:
            return http.post("/talk", files=photo | {"audio": ("a", start + bytes(size))})

        assert sent(WAV, 120_000).status_code == 202
        assert_problem(sent(WAV, 160_000), 413, "body_too_large")
        assert sent(WEBM, 160_000).status_code == 202
        assert_problem(sent(WEBM, 210_000), 413, "body_too_large")


def test_a_bundle_without_a_speech_model_is_known(
    api: httpx.Client, worker: ActedWorker, client: Any, files: dict[str, Any]
) -> None:
    worker.appear(speaks=False)
    problem = assert_problem(api.post("/talk", files=files), 501, "no_speech_model")
    assert "PORTRAIT_BUNDLE" in problem["detail"]
    assert worker.queue.waiting() == 0
    client.delete("{portrait}:bundles")
    assert api.post("/talk", files=files).status_code == 202, "no worker has come up yet: the one that does will tell"


def test_the_document_of_the_api_shows_the_fields(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    operation = document["paths"]["/talk"]["post"]
    body = operation["requestBody"]["content"]
    for content_type, schema in (("multipart/form-data", "TalkForm"), ("application/json", "TalkBody")):
        assert body[content_type]["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        assert set(document["components"]["schemas"][schema]["properties"]) == {
            "source", "source_id", "audio", "audio_id", "pose", "pose_id", "controls", "options",
            "source_url", "audio_url", "pose_url", "bundle", "callback", "metadata",
        }  # fmt: skip
    assert {"TalkOptions", "SpeechGains"} <= document["components"]["schemas"].keys()
    assert body["application/json"]["examples"]
    assert "501" in operation["responses"]


def test_a_face_may_be_idle_without_a_sound(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    def requested(**options: Any) -> httpx.Response:
        return api.post("/talk", files=photo, data={"options": json.dumps(options)})

    accepted = worker.store.get(requested(idle=6.5).json()["id"]).request
    assert (accepted.audio_id, accepted.options.idle) == (None, 6.5)
    assert fields(requested(idle=0.5)) == ["options.idle"]
    assert fields(requested(idle=5, pad={"after": 1})) == ["options.pad"]
    assert fields(requested(idle=100)) == ["options.idle"], "longer than clips may be"
    assert fields(requested()) == ["audio"]


def test_sliders_may_come_on_top(api: httpx.Client, worker: ActedWorker, files: dict[str, Any]) -> None:
    controls = {"expression": {"mouthSmile": 0.3}, "keyframes": [{"time": 2.0, "pose": {"yaw": 10}}]}
    answer = api.post("/talk", files=files, data={"controls": json.dumps(controls)})
    accepted = worker.store.get(answer.json()["id"]).request
    assert accepted.controls.expression == {"mouthSmile": 0.3}
    wrong = {"expression": {"mouthSmlie": 0.3}}
    assert fields(api.post("/talk", files=files, data={"controls": json.dumps(wrong)})) == [
        "controls.expression.mouthSmlie"
    ]
    raw = {"coefficients": [0.0] * 59}
    assert fields(api.post("/talk", files=files, data={"controls": json.dumps(raw)})) == ["controls.coefficients"]
