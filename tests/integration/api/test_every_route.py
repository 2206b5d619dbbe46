"""Every route of the API's document, tried with what is another tenant's: it does not exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from pydantic import SecretStr
from websockets.sync.client import connect

from service.signed_urls import UrlSigner
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from tests.integration.api.contract import CONTRACT
from workers.contract.erasure import sources_of
from workers.contract.owners import owner_of

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

ONE, TWO = ({"Authorization": f"Bearer {key}"} for key in ("key-of-one", "key-of-two"))
SECRET = "s" * 32
CODES = {
    "job_id": "unknown_job",
    "source_id": "unknown_source",
    "batch_id": "unknown_batch",
    "motion": "unknown_motion",
}
"""What every route answers to what is another's, by the name of the parameter in its path."""


class Belongings(NamedTuple):
    """Ids of what tenant one has."""

    job_id: str
    source_id: str
    batch_id: str
    motion: str


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    keys = (SecretStr("key-of-one"), SecretStr("key-of-two"))
    with serving(alone(settings, api_keys=keys, signing_secret=SecretStr(SECRET))) as (_, http):
        yield http


@pytest.fixture
def belongings(keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> Belongings:
    """A source, a finished job, a batch and a motion of tenant one's."""
    source = keyed.post("/sources", files=photo, headers=ONE).json()["id"]
    job = keyed.post("/edit", json={"source_id": source}, headers=ONE).json()["id"]
    worker.succeed(worker.claim(job))
    batch = keyed.post("/batches", json={"edits": [{"source_id": source}]}, headers=ONE).json()["id"]
    worker.keep_motion("wave", owner_of("key-of-one"))
    return Belongings(job, source, batch, "wave")


def routes() -> list[tuple[str, str, str]]:
    """(method, path, name of the parameter) of every documented route about one thing; HEAD wherever GET is."""
    found = []
    for path, operations in CONTRACT.document["paths"].items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        assert len(names) <= 1, f"{path}: say here whose both are"
        methods = [method.upper() for method in operations]
        found += [(method, path, name) for name in names for method in methods]
        found += [("HEAD", path, name) for name in names if "GET" in methods]
    return found


def test_what_is_anothers_does_not_exist_on_any_route(keyed: httpx.Client, belongings: Belongings) -> None:
    tried = routes()
    assert len(tried) >= 14
    for method, template, name in tried:
        path = template.format(**belongings._asdict())
        for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}, {"Accept": "image/*"}):
            answer = keyed.request(method, path, headers=TWO | headers)
            assert answer.status_code == 404, (method, template, answer.text)
            if method == "HEAD":
                continue
            nothing = template.format(**dict.fromkeys(CODES, "0" * 32))
            unknown = assert_problem(keyed.request(method, nothing, headers=TWO | headers), 404, CODES[name])
            known = assert_problem(answer, 404, CODES[name])
            theirs = known["detail"].replace(getattr(belongings, name), "ID"), known["title"]
            assert theirs == (unknown["detail"].replace("0" * 32, "ID"), unknown["title"]), "nobody learns which"
    still_there(keyed, belongings)


def test_a_signature_opens_what_is_its_tenants_own(keyed: httpx.Client, belongings: Belongings) -> None:
    signer = UrlSigner(SECRET.encode(), 600)
    for method, template, name in routes():
        path = template.format(**belongings._asdict())
        own, foreign = (signer.signed(owner_of(key), path) for key in ("key-of-one", "key-of-two"))
        if method != "GET":
            assert keyed.request(method, own).status_code in (403, 200), method
            continue
        assert_problem(keyed.get(foreign), 404, CODES[name])
        assert keyed.get(own).status_code == 200
    still_there(keyed, belongings)


def test_lists_show_ones_own(keyed: httpx.Client, belongings: Belongings) -> None:
    assert keyed.get("/jobs", headers=TWO).json()["jobs"] == []
    assert len(keyed.get("/jobs", headers=ONE).json()["jobs"]) == 2


def test_files_are_named_only_by_their_owner(
    keyed: httpx.Client, belongings: Belongings, photo: dict[str, Any]
) -> None:
    own = keyed.post("/sources", files={"source": ("a.webm", b"\x1aE\xdf\xa3" + bytes(64))}, headers=TWO).json()["id"]
    tried = 0
    for path, operations in CONTRACT.document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if body is None:
            continue
        schema = CONTRACT.document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        for name in [name for name in schema["properties"] if name.endswith("_id")]:
            request = {"source_id": own} | {name: belongings.source_id}
            refused = keyed.post(path, json=request, headers=TWO)
            assert refused.status_code == 422, (path, name, refused.text)
            [fault] = [one for one in refused.json()["errors"] if one["field"] == name] or [None]
            tried += fault is not None and "There is no source" in fault["message"]
    assert tried >= 4
    edits = {"edits": [{"source_id": belongings.source_id}]}
    refused = assert_problem(keyed.post("/batches", json=edits, headers=TWO), 422, "invalid_request")
    assert "There is no source" in refused["errors"][0]["message"]


def test_files_inside_of_a_request_are_named_only_by_their_owner(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    def uploaded(content: bytes, key: dict[str, str]) -> str:
        return str(keyed.post("/sources", files={"source": ("a", content)}, headers=key).json()["id"])

    webm = b"\x1aE\xdf\xa3" + bytes(64)
    own, second, theirs = uploaded(webm, TWO), uploaded(webm + b"2", TWO), uploaded(webm + b"theirs", ONE)
    body = {"source_id": uploaded(photo["source"][1], TWO), "driver_id": own}
    for driver, status in ((second, 202), (theirs, 422)):
        answer = keyed.post("/reenact", json=body | {"faces": [{"face": 0, "driver_id": driver}]}, headers=TWO)
        assert answer.status_code == status, answer.text
    assert assert_problem(answer, 422, "source_not_found")["errors"][0]["field"] == "faces.0.driver_id"
    assert sources_of(worker.claim().request) == {body["source_id"], own, second}


def test_sockets_show_ones_own(keyed: httpx.Client, belongings: Belongings) -> None:
    url = f"ws://{keyed.base_url.host}:{keyed.base_url.port}"
    with connect(f"{url}/jobs/{belongings.job_id}/events", additional_headers=TWO) as socket:
        assert json.loads(socket.recv(10))["problem"]["code"] == "unknown_job"
    with connect(f"{url}/live", additional_headers=TWO) as socket:
        socket.recv(10)
        socket.send(json.dumps({"type": "wish", "seq": 1, "source_id": belongings.source_id}))
        assert json.loads(socket.recv(10))["problem"]["code"] == "source_not_found"


def test_the_same_idempotency_key_of_two_tenants_is_two_things(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    named = {"Idempotency-Key": "order 17"}
    [source] = {keyed.post("/sources", files=photo, headers=key).json()["id"] for key in (ONE, TWO)}
    for path, body in (("/edit", {"source_id": source}), ("/batches", {"edits": [{"source_id": source}]})):
        made = [keyed.post(path, json=body, headers=key | named).json()["id"] for key in (ONE, TWO, ONE, TWO)]
        assert made[:2] == made[2:]
        assert made[0] != made[1]


def still_there(api: httpx.Client, belongings: Belongings) -> None:
    """Nothing of tenant one's has changed."""
    for path in (f"/jobs/{belongings.job_id}/result", f"/sources/{belongings.source_id}/content"):
        assert api.get(path, headers=ONE).status_code == 200
    assert api.get(f"/batches/{belongings.batch_id}", headers=ONE).json()["counts"]["queued"] == 1
