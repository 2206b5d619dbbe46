"""GET /jobs, metadata, and the place of a job that waits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.records import job_key
from workers.contract.waits import Waits

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration


@pytest.fixture
def source(api: httpx.Client, photo: dict[str, Any]) -> str:
    return str(api.post("/sources", files=photo).json()["id"])


def made(api: httpx.Client, source: str, kind: str = "edit", **fields: Any) -> str:
    """The id of a new job."""
    answer = api.post(f"/{kind}", json={"source_id": source, **fields})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def listed(api: httpx.Client, **query: Any) -> list[str]:
    """Ids of all jobs that are listed, through all pages."""
    ids: list[str] = []
    for page in pages(api, **query):
        ids += [job["id"] for job in page]
    return ids


def pages(api: httpx.Client, **query: Any) -> Iterator[list[dict[str, Any]]]:
    while True:
        answer = api.get("/jobs", params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield body["jobs"]
        if body["next_cursor"] is None:
            return
        query["cursor"] = body["next_cursor"]


def test_jobs_are_listed_newest_first_a_page_at_a_time(api: httpx.Client, source: str) -> None:
    jobs = [made(api, source) for _ in range(7)]
    assert [len(page) for page in pages(api, limit=3)] == [3, 3, 1]
    assert listed(api, limit=3) == jobs[::-1]
    assert [len(page) for page in pages(api, limit=7)] == [7]
    first = api.get("/jobs", params={"limit": 3}).json()
    newer = made(api, source)
    after = api.get("/jobs", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [job["id"] for job in after["jobs"]] == jobs[::-1][3:6], "a page stays where it was"
    assert listed(api)[0] == newer
    assert first["jobs"][0] == api.get(f"/jobs/{jobs[-1]}").json() | {"queue": None}


def test_jobs_are_listed_by_kind_state_and_time(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    edit = made(api, source)
    time.sleep(0.01)
    between = datetime.now(UTC).isoformat()
    extract = made(api, source, "extract")
    worker.succeed(worker.claim(edit))
    assert listed(api, kind="edit") == [edit]
    assert listed(api, status="queued") == [extract]
    assert listed(api, status="succeeded") == [edit]
    assert listed(api, kind="talk") == []
    assert listed(api, created_after=between) == [extract]
    assert listed(api, created_before=between) == [edit]
    assert listed(api, created_after=between, created_before=between) == []


def test_what_has_expired_and_what_nobody_requested_by_itself_is_not_listed(
    api: httpx.Client, worker: ActedWorker, client: redis.Redis, source: str
) -> None:
    gone, there = made(api, source), made(api, source)
    worker.store.create(PreviewRequest(source_id=source, seq=1), ANONYMOUS)
    client.delete(job_key(gone))
    assert listed(api) == [there]
    assert listed(api) == [there]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "nonsense"}, "query.cursor"),
        ({"cursor": "%FF"}, "query.cursor"),
        ({"limit": 101}, "query.limit"),
        ({"status": "lost"}, "query.status"),
        ({"created_after": "yesterday"}, "query.created_after"),
        ({"created_after": "2026-01-01T00:00:00"}, "query.created_after"),
        ({"colour": "red"}, "query.colour"),
    ],
)
def test_a_wrong_query_is_refused(api: httpx.Client, query: dict[str, Any], field: str) -> None:
    problem = assert_problem(api.get("/jobs", params=query), 422, "invalid_request")
    assert problem["errors"][0]["field"] == field


def test_anothers_jobs_are_not_listed(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    keyed = alone(settings, api_keys=(SecretStr("key-of-one"), SecretStr("key-of-two")))
    one, two = ({"Authorization": f"Bearer {key}"} for key in ("key-of-one", "key-of-two"))
    with serving(keyed) as (_, api):
        job = api.post("/edit", files=photo, headers=one).json()["id"]
        assert [found["id"] for found in api.get("/jobs", headers=one).json()["jobs"]] == [job]
        assert api.get("/jobs", headers=two).json() == {"jobs": [], "next_cursor": None}
        assert_problem(api.get("/jobs"), 401, "key_missing")


def test_metadata_comes_back(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any], source: str) -> None:
    notes = {"order": "12", "who": "Zoë 😀"}
    as_json = api.post("/edit", json={"source_id": source, "metadata": notes}).json()
    as_form = api.post("/edit", files=photo, data={"metadata": json.dumps(notes)}).json()
    for job in (as_json, as_form):
        assert job["metadata"] == notes
        assert api.get(f"/jobs/{job['id']}").json()["metadata"] == notes
    worker.succeed(worker.claim(as_json["id"]))
    assert api.get(f"/jobs/{as_json['id']}").json()["metadata"] == notes
    refused = api.post("/edit", json={"source_id": source, "metadata": {"order": 12}})
    assert assert_problem(refused, 422, "invalid_request")["errors"][0]["field"] == "metadata.order"


def test_a_job_that_waits_knows_its_place(
    api: httpx.Client, worker: ActedWorker, client: redis.Redis, source: str
) -> None:
    first = api.post("/edit", json={"source_id": source}).json()
    assert first["queue"] == {"position": 1, "estimated_wait_s": 0.0}
    second = made(api, source)
    place = api.get(f"/jobs/{second}").json()["queue"]
    assert place == {"position": 2, "estimated_wait_s": None}, "no edit has been made yet"
    Waits(client, worker.queue, worker.presence).note(worker.store.get(first["id"]), 2.0)
    assert api.get(f"/jobs/{second}").json()["queue"] == {"position": 2, "estimated_wait_s": 2.0}
    record = worker.claim(first["id"])
    assert api.get(f"/jobs/{second}").json()["queue"]["position"] == 1
    assert api.get(f"/jobs/{first['id']}").json()["queue"] is None
    worker.succeed(record)


def test_edits_stand_before_long_jobs(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    talk = api.post(
        "/talk",
        data={"source_id": source},
        files={"audio": ("a.wav", b"RIFF\0\0\0\0WAVEfmt " + bytes(99), "audio/wav")},
    ).json()
    assert talk["queue"]["position"] == 1
    made(api, source)
    assert api.get(f"/jobs/{talk['id']}").json()["queue"]["position"] == 2
