"""Batches and lists of the client, against a service that a test plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from client import Edit, PortraitClient, SourceId

BATCH = {
    "id": "b1",
    "status": "running",
    "total": 3,
    "counts": {"queued": 3},
    "created_at": "2026-01-01T00:00:00Z",
    "a_later_field": 1,
}


def job(number: int) -> dict[str, Any]:
    return {"id": f"j{number}", "kind": "edit", "status": "succeeded", "metadata": {"row": str(number)}}


def client_of(answers: list[httpx.Response]) -> tuple[PortraitClient, list[httpx.Request]]:
    """A client, and the requests that it sends; answers come in turn."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        sent.append(request)
        return answers.pop(0)

    return PortraitClient("http://service", transport=httpx.MockTransport(answer), sleep=lambda _: None), sent


def test_a_photo_of_many_edits_is_uploaded_once() -> None:
    source = {"id": "s1", "media_type": "image/jpeg", "bytes": 3, "expires_at": "2026-01-01T00:00:00Z"}
    client, sent = client_of([httpx.Response(201, json=source), httpx.Response(202, json=BATCH)])
    photo = b"photo"
    edits = [
        Edit(photo, {"pose": {"yaw": 5}}),
        Edit(photo, faces=[{"face": 1}]),
        Edit(SourceId("s2"), metadata={"row": "3"}),
    ]
    assert client.batch(edits, metadata={"who": "me"}).id == "b1"
    upload, batch = sent
    assert (upload.url.path, batch.url.path) == ("/v1/sources", "/v1/batches")
    assert batch.headers["idempotency-key"]
    assert json.loads(batch.content) == {
        "metadata": {"who": "me"},
        "edits": [
            {"source_id": "s1", "controls": {"pose": {"yaw": 5}}},
            {"source_id": "s1", "faces": [{"face": 1}]},
            {"source_id": "s2", "metadata": {"row": "3"}},
        ],
    }


def test_all_pages_are_read_as_far_as_they_are_wanted() -> None:
    pages = [
        {"jobs": [job(1), job(2)], "next_cursor": "c2"},
        {"jobs": [job(3), job(4)], "next_cursor": "c4"},
        {"jobs": [job(5)], "next_cursor": None},
    ]
    client, sent = client_of([httpx.Response(200, json=page) for page in pages])
    assert [found.id for found in client.jobs(kind="edit")] == ["j1", "j2", "j3", "j4", "j5"]
    assert [dict(request.url.params) for request in sent] == [
        {"kind": "edit", "limit": "100"},
        {"kind": "edit", "limit": "100", "cursor": "c2"},
        {"kind": "edit", "limit": "100", "cursor": "c4"},
    ]
    client, sent = client_of([httpx.Response(200, json=page) for page in pages])
    assert len(client.jobs(most=4)) == 4
    assert [request.url.params["limit"] for request in sent] == ["4", "2"]


def test_a_batch_is_awaited_to_its_end() -> None:
    ended = BATCH | {"status": "completed", "finished_at": "2026-01-01T00:01:00Z"}
    client, _ = client_of([httpx.Response(200, json=batch) for batch in (BATCH, BATCH, ended)])
    seen: list[str] = []
    assert client.wait_batch("b1", on_progress=lambda batch: seen.append(batch.status)).status == "completed"
    assert seen == ["running", "running", "completed"]


def test_the_results_of_a_batch_are_files_named_by_their_places(tmp_path: Path) -> None:
    ended = BATCH | {"status": "completed", "finished_at": "2026-01-01T00:01:00Z"}
    jobs = [
        job(1) | {"result": {"url": "/jobs/j1/result", "media_type": "image/png"}},
        job(2) | {"status": "failed"},
        job(3) | {"result": {"url": "/jobs/j3/result", "media_type": "video/mp4"}},
    ]
    pages = [ended, {"jobs": jobs}]
    client, _ = client_of(
        [
            *(httpx.Response(200, json=page) for page in pages),
            *(httpx.Response(200, content=data) for data in (b"a", b"b")),
        ]
    )
    assert client.save_batch("b1", tmp_path / "out") == [tmp_path / "out/0000.png", None, tmp_path / "out/0002.mp4"]
    assert (tmp_path / "out/0002.mp4").read_bytes() == b"b"


def test_an_edit_of_a_batch_names_its_bundle_and_who_is_called() -> None:
    client, sent = client_of([httpx.Response(202, json=BATCH)])
    client.batch([Edit(SourceId("s1"), bundle="next", callback="https://here/")])
    (edit,) = json.loads(sent[0].content)["edits"]
    assert edit == {"source_id": "s1", "bundle": "next", "callback": {"url": "https://here/"}}
