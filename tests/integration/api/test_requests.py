"""What a request must hold, and what the answer is when it falls short."""

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis

from tests.integration.api.conftest import ActedWorker, assert_problem

pytestmark = pytest.mark.integration


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that declares a size and holds no pixels."""
    fields = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + fields + struct.pack(">I", zlib.crc32(fields))


def chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 2**16):
        yield data[start : start + 2**16]


FILES: dict[str, tuple[bytes, int, str]] = {
    "0 bytes": (b"", 422, "empty_file"),
    "not a picture": (b"Once upon a time there was a text file.", 415, "unsupported_media"),
    "20,000 x 20,000": (png_header(20_000, 20_000), 413, "picture_too_large"),
    "40 MB": (bytes(40_000_000), 413, "body_too_large"),
    "over the file limit, under the body limit": (bytes(33 * 2**20), 413, "body_too_large"),
}


@pytest.mark.parametrize("route", ["/edit", "/sources", "/extract"])
@pytest.mark.parametrize(("data", "status", "code"), FILES.values(), ids=FILES)
def test_files_are_judged_by_size_type_and_header(
    api: httpx.Client, route: str, data: bytes, status: int, code: str
) -> None:
    problem = assert_problem(api.post(route, files={"source": ("a.png", data, "image/png")}), status, code)
    if status == 422:
        assert problem["errors"][0]["field"] == "source"


@pytest.mark.parametrize("name", ["0 bytes", "not a picture", "20,000 x 20,000", "40 MB"])
def test_base64_files_are_judged_alike(api: httpx.Client, name: str) -> None:
    data, status, code = FILES[name]
    assert_problem(api.post("/edit", json={"source": base64.b64encode(data).decode()}), status, code)


def test_a_body_without_content_length_is_counted_while_it_is_read(api: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="source"; filename="a.png"\r\n\r\n'
    answer = api.post("/edit", content=chunks(part + bytes(40_000_000)), headers=headers)
    assert_problem(answer, 413, "body_too_large")


CONTROLS: dict[str, tuple[str, str, str]] = {
    "unknown slider": ('{"expression": {"mouthSmlie": 1}}', "controls.expression.mouthSmlie", "mouthSmile"),
    "NaN": ('{"expression": {"jawOpen": NaN}}', "controls.expression.jawOpen", "finite"),
    "Infinity": ('{"pose": {"yaw": -Infinity}}', "controls.pose.yaw", "finite"),
    "overflow": ('{"expression": {"jawOpen": 1e999}}', "controls.expression.jawOpen", "finite"),
    "out of range": ('{"expression": {"jawOpen": 1.01}}', "controls.expression.jawOpen", "1"),
    "below zero": (
        '{"mode": "absolute", "expression": {"jawOpen": -0.5}}',
        "controls.expression.jawOpen",
        "from 0 to 1",
    ),
    "pose out of range": ('{"pose": {"zoom": 2}}', "controls.pose.zoom", "1.4"),
    "text": ('{"expression": {"jawOpen": "0.5"}}', "controls.expression.jawOpen", "number"),
    "unknown key": ('{"expresion": {}}', "controls.expresion", "unknown key"),
    "shorthand with its side": (
        '{"expression": {"eyeBlink": 1, "eyeBlinkLeft": 0.5}}',
        "controls.expression.eyeBlinkLeft",
        "eyeBlink",
    ),
    "too few coefficients": ('{"coefficients": [0, 0]}', "controls.coefficients", "59"),
    "coefficient out of range": (
        json.dumps({"coefficients": [2.0] + [0] * 58}),
        "controls.coefficients.0",
        "between 0 and 1",
    ),
    "unknown slider in a keyframe": (
        '{"keyframes": [{"time": 0, "expression": {"smile": 1}}]}',
        "controls.keyframes.0.expression.smile",
        "unknown",
    ),
    "endless clip": ('{"keyframes": [{"time": 0}, {"time": 3000}]}', "controls.keyframes.1.time", "60"),
    "not an object": ("[]", "controls", "dictionary"),
}


@pytest.mark.parametrize("as_json", [False, True], ids=["multipart", "json"])
@pytest.mark.parametrize(("controls", "field", "hint"), CONTROLS.values(), ids=CONTROLS)
def test_wrong_controls_are_named(
    api: httpx.Client, photo: dict[str, Any], controls: str, field: str, hint: str, as_json: bool
) -> None:
    if as_json:
        source = base64.b64encode(photo["source"][1]).decode()
        body = f'{{"source": "{source}", "controls": {controls}}}'
        answer = api.post("/edit", content=body, headers={"content-type": "application/json"})
    else:
        answer = api.post("/edit", files=photo, data={"controls": controls})
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert hint in problem["errors"][0]["message"]
    assert field in problem["detail"]


def test_nothing_is_stored_or_queued_for_a_refused_request(
    api: httpx.Client, worker: ActedWorker, client: redis.Redis, photo: dict[str, Any]
) -> None:
    api.post("/edit", files=photo, data={"controls": '{"expression": {"nose": 1}}'})
    assert worker.queue.waiting() == 0
    assert client.keys("{portrait}:source:*") == []


BODIES: dict[str, tuple[dict[str, Any], int, str, str | None]] = {
    "nothing": ({}, 415, "unsupported_content_type", None),
    "form without source": ({"data": {"controls": "{}"}}, 422, "invalid_request", "source"),
    "json without source": ({"json": {"controls": {}}}, 422, "invalid_request", "source"),
    "unknown field": ({"data": {"sauce": "x"}}, 422, "invalid_request", "sauce"),
    "unknown field in json": ({"json": {"sauce": "x"}}, 422, "invalid_request", "sauce"),
    "source as text": ({"data": {"source": "x"}}, 422, "invalid_request", "source"),
    "controls twice": ({"data": {"controls": ["{}", "{}"]}}, 422, "invalid_request", "controls"),
    "source not base64": ({"json": {"source": "data:image/png;base64,AAAA"}}, 422, "invalid_request", "source"),
    "source a number": ({"json": {"source": 1}}, 422, "invalid_request", "source"),
    "unknown source_id": ({"json": {"source_id": "0" * 64}}, 422, "source_not_found", "source_id"),
    "unknown option": ({"json": {"options": {"speed": 1}}}, 422, "invalid_request", "options.speed"),
    "a clip's format for a still": (
        {"json": {"options": {"output": {"format": "mp4"}}}},
        422,
        "invalid_request",
        "options.output.format",
    ),
    "broken json": (
        {"content": '{"controls": ', "headers": {"content-type": "application/json"}},
        400,
        "malformed_body",
        None,
    ),
    "nested without end": (
        {"content": "[" * 10**5, "headers": {"content-type": "application/json"}},
        400,
        "malformed_body",
        None,
    ),
    "not UTF-8": ({"content": b"\xff{}", "headers": {"content-type": "application/json"}}, 400, "malformed_body", None),
    "an array": ({"json": []}, 400, "malformed_body", None),
    "broken controls": ({"data": {"controls": "{"}}, 400, "malformed_body", None),
    "broken multipart": (
        {"content": b"--x\r\nnonsense", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        400,
        "malformed_body",
        None,
    ),
    "no boundary": (
        {"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data"}},
        400,
        "malformed_body",
        None,
    ),
    "xml": (
        {"content": "<edit/>", "headers": {"content-type": "text/xml"}},
        415,
        "unsupported_content_type",
        None,
    ),
}


@pytest.mark.parametrize(("request_", "status", "code", "field"), BODIES.values(), ids=BODIES)
def test_wrong_bodies(api: httpx.Client, request_: dict[str, Any], status: int, code: str, field: str | None) -> None:
    problem = assert_problem(api.post("/edit", **request_), status, code)
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]


def test_multipart_and_json_make_the_same_request(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    controls, options = {"mode": "absolute", "pose": {"yaw": 5}}, {"output": {"format": "webp"}, "paste_back": False}
    multipart = api.post("/edit", files=photo, data={"controls": json.dumps(controls), "options": json.dumps(options)})
    source = base64.b64encode(photo["source"][1]).decode()
    as_json = api.post("/edit", json={"source": source, "controls": controls, "options": options})
    parts = {"controls": ("blob", json.dumps(controls)), "options": ("blob", json.dumps(options))}
    documents_as_files = api.post("/edit", files=photo | parts)
    requests = [worker.store.get(answer.json()["id"]).request for answer in (multipart, as_json, documents_as_files)]
    assert requests[0] == requests[1] == requests[2]
    assert requests[0].controls.pose.yaw == 5
    assert requests[0].output.format == "webp"


def test_a_source_is_uploaded_once_and_used_many_times(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    created = api.post("/sources", files=photo)
    source = created.json()
    assert created.status_code == 201
    assert created.headers["location"] == f"/sources/{source['id']}"
    assert (source["media_type"], source["width"], source["height"]) == ("image/jpeg", 512, 600)
    assert source["bytes"] == len(photo["source"][1])
    assert api.post("/sources", files=photo).json()["id"] == source["id"], "addressed by its content"
    assert api.get(created.headers["location"]).json()["id"] == source["id"]

    accepted = api.post("/edit", json={"source_id": source["id"]})
    assert accepted.status_code == 202
    assert worker.store.get(accepted.json()["id"]).request.source_id == source["id"]
    both = api.post("/edit", files=photo, data={"source_id": source["id"]})
    assert assert_problem(both, 422, "invalid_request")["errors"][0]["field"] == "source_id"

    assert api.delete(created.headers["location"]).status_code == 204
    assert_problem(api.get(created.headers["location"]), 410, "source_expired")
    assert_problem(api.delete(created.headers["location"]), 410, "source_expired")
    assert_problem(api.post("/edit", json={"source_id": source["id"]}), 422, "source_not_found")
    assert_problem(api.get("/sources/nothing"), 404, "unknown_source")
