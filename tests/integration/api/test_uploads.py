"""Files that are uploaded once and named afterwards, in every field that takes a file."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import ActedWorker, assert_problem

pytestmark = pytest.mark.integration

FILES = {
    "video": (b"\x1aE\xdf\xa3" + bytes(100), "video/webm"),
    "audio": (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100), "audio/wav"),
    "motion": (json.dumps({"space": "arkit", "frames": []}).encode(), "application/json"),
}


@pytest.fixture
def ids(api: httpx.Client, photo: dict[str, Any]) -> dict[str, str]:
    """Ids of an uploaded file of each kind."""
    found = {"picture": api.post("/sources", files=photo).json()["id"]}
    for kind, (content, media_type) in FILES.items():
        answer = api.post("/sources", files={"source": ("file", content)})
        assert (answer.status_code, answer.json()["media_type"]) == (201, media_type), answer.text
        assert (answer.json()["width"], answer.json()["height"]) == (None, None)
        found[kind] = answer.json()["id"]
    return found


@pytest.mark.parametrize("form", [True, False], ids=["form", "json"])
@pytest.mark.parametrize(
    ("route", "fields"),
    [
        ("/reenact", {"source_id": "picture", "driver_id": "video"}),
        ("/reenact", {"source_id": "picture", "driver_id": "picture"}),
        ("/reenact", {"source_id": "video", "driver_id": "motion"}),
        ("/talk", {"source_id": "picture", "audio_id": "audio"}),
        ("/talk", {"source_id": "picture", "audio_id": "video", "pose_id": "motion"}),
        ("/talk", {"source_id": "picture", "audio_id": "audio", "pose_id": "video"}),
        ("/extract", {"source_id": "video"}),
    ],
)
def test_every_file_may_be_named_by_its_id(
    api: httpx.Client, worker: ActedWorker, ids: dict[str, str], route: str, fields: dict[str, str], form: bool
) -> None:
    named = {field: ids[kind] for field, kind in fields.items()}
    body: dict[str, Any] = {"files": {k: (None, v) for k, v in named.items()}} if form else {"json": named}
    accepted = api.post(route, **body)
    assert accepted.status_code == 202, accepted.text
    request = worker.store.get(accepted.json()["id"]).request
    for field, kind in fields.items():
        assert getattr(request, field) == ids[kind]
        judged = field.replace("_id", "_kind")
        if judged in type(request).model_fields:
            assert getattr(request, judged) == kind


def test_a_file_that_was_sent_before_is_the_same_source(
    api: httpx.Client, worker: ActedWorker, ids: dict[str, str]
) -> None:
    sent = {"driver": ("d.webm", FILES["video"][0]), "source_id": (None, ids["picture"])}
    job = api.post("/reenact", files=sent).json()["id"]
    assert worker.store.get(job).request.driver_id == ids["video"]


@pytest.mark.parametrize(
    ("route", "fields", "field", "words"),
    [
        ("/edit", {"source_id": "video"}, "source_id", "POST /reenact edits the face in a video"),
        ("/reenact", {"source_id": "picture", "driver_id": "audio"}, "driver_id", "audio/wav"),
        ("/talk", {"source_id": "picture", "audio_id": "picture"}, "audio_id", "a sound or a video"),
        ("/talk", {"source_id": "audio", "audio_id": "audio"}, "source_id", "a picture"),
        ("/talk", {"source_id": "picture", "audio_id": "audio", "pose_id": "audio"}, "pose_id", "POST /extract"),
        ("/reenact", {"source_id": "picture"}, "driver", "driver_id"),
    ],
)
def test_an_id_of_another_kind_is_refused(
    api: httpx.Client, ids: dict[str, str], route: str, fields: dict[str, str], field: str, words: str
) -> None:
    answer = api.post(route, json={name: ids[kind] for name, kind in fields.items()})
    [error] = assert_problem(answer, 422, "invalid_request")["errors"]
    assert error["field"] == field
    assert words in error["message"]


def test_an_unknown_id_and_an_id_beside_its_file_are_refused(api: httpx.Client, ids: dict[str, str]) -> None:
    unknown = api.post("/reenact", json={"source_id": ids["picture"], "driver_id": "0" * 64})
    assert assert_problem(unknown, 422, "source_not_found")["errors"][0]["field"] == "driver_id"
    both = {
        "audio": ("a.wav", FILES["audio"][0]),
        "audio_id": (None, ids["audio"]),
        "source_id": (None, ids["picture"]),
    }
    problem = assert_problem(api.post("/talk", files=both), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "audio_id"
    inline = {"source_id": ids["picture"], "audio_id": ids["audio"], "pose_id": ids["motion"]}
    twice = api.post("/talk", json=inline | {"options": {"pose": {"space": "arkit", "frames": []}}})
    assert assert_problem(twice, 422, "invalid_request")["errors"][0]["field"] == "pose"


def test_content_is_what_was_uploaded(api: httpx.Client, ids: dict[str, str]) -> None:
    content, media_type = FILES["audio"]
    source = api.get(f"/v1/sources/{ids['audio']}").json()
    assert source["content_url"] == f"/v1/sources/{ids['audio']}/content"
    answer = api.get(source["content_url"], headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (206, b"RIFF", media_type)
    assert answer.headers["content-disposition"].endswith('.wav"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = api.get(source["content_url"], headers={"If-Range": answer.headers["etag"], "Range": "bytes=4-"})
    assert answer.content + again.content == content
    assert api.delete(f"/sources/{ids['audio']}").status_code == 204
    assert_problem(api.get(source["content_url"]), 410, "source_expired")
    assert_problem(api.get(f"/sources/{'0' * 64}/content"), 404, "unknown_source")
