"""What POST /faces accepts, and how it answers."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from service.examples import FACES_EXAMPLE
from tests.integration.api.conftest import ActedWorker, assert_problem
from workers.contract.faces import Faces

pytestmark = pytest.mark.integration

MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(64)
DOCUMENT = Faces.model_validate(FACES_EXAMPLE)
NOBODY = DOCUMENT.model_copy(update={"found": 0, "faces": []})


@pytest.mark.parametrize("document", [DOCUMENT, NOBODY], ids=["a face", "nobody"])
def test_who_waits_gets_the_document(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], document: Faces
) -> None:
    data = document.model_dump_json().encode()
    helper = threading.Thread(target=lambda: worker.succeed(worker.claim(), data, "application/json"))
    helper.start()
    answer = api.post("/v1/faces", files=photo, headers={"Prefer": "wait=10", "Accept": "image/png"})
    helper.join()
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["preference-applied"] == "wait=10"
    assert api.get(answer.headers["content-location"]).json() == answer.json()


def test_who_does_not_wait_gets_a_job(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    source = api.post("/sources", files=photo).json()["id"]
    answer = api.post("/faces", json={"source_id": source})
    assert (answer.status_code, answer.json()["kind"]) == (202, "faces")
    assert worker.claim().request.source_id == source
    assert api.delete(answer.headers["location"]).status_code == 200


def test_a_video_is_refused(api: httpx.Client) -> None:
    assert_problem(api.post("/faces", files={"source": ("a.mp4", MP4)}), 415, "unsupported_media")
    uploaded = api.post("/sources", files={"source": ("a.mp4", MP4)}).json()["id"]
    edit = api.post("/edit", json={"source_id": uploaded})
    refused = api.post("/faces", json={"source_id": uploaded})
    assert (refused.status_code, refused.json()["code"]) == (edit.status_code, edit.json()["code"])
    assert refused.status_code in (415, 422)


def test_there_is_nothing_to_choose(api: httpx.Client, photo: dict[str, Any]) -> None:
    problem = assert_problem(api.post("/faces", files=photo, data={"options": "{}"}), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "options"
    assert_problem(api.post("/faces", json={}), 422, "invalid_request")
