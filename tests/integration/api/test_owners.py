"""Jobs and sources belong to the key that made them; for every other key they do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

ONE, TWO = ({"Authorization": f"Bearer {key}"} for key in ("key-of-one", "key-of-two"))


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of an API with two keys."""
    with serving(alone(settings, api_keys=(SecretStr("key-of-one"), SecretStr("key-of-two")))) as (_, http):
        yield http


def test_anothers_job_does_not_exist(keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = keyed.post("/edit", files=photo, headers=ONE).headers["location"]
    record = worker.claim()
    for _ in range(2):  # while it runs, and when it has ended
        for method, path in (
            ("GET", location),
            ("GET", f"{location}/result"),
            ("GET", f"{location}/events"),
            ("DELETE", location),
        ):
            foreign = assert_problem(keyed.request(method, path, headers=TWO), 404, "unknown_job")
            nothing = path.replace(record.job.id, "0" * 32)
            unknown = assert_problem(keyed.request(method, nothing, headers=TWO), 404, "unknown_job")
            assert foreign["detail"].replace(record.job.id, "0" * 32) == unknown["detail"], "nobody learns which"
        if not worker.store.get(record.job.id).job.status.final:
            assert not worker.progress(record, done=1), "nobody cancelled it"
            worker.succeed(record, b"the picture")
    assert keyed.get(location, headers=ONE).json()["status"] == "succeeded"
    assert keyed.get(f"{location}/result", headers=ONE).content == b"the picture"
    assert "event: done" in keyed.get(f"{location}/events", headers=ONE).text


def test_anothers_source_does_not_exist(keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    source = keyed.post("/sources", files=photo, headers=ONE).json()["id"]
    for method in ("GET", "DELETE"):
        assert_problem(keyed.request(method, f"/sources/{source}", headers=TWO), 404, "unknown_source")
    refused = keyed.post("/edit", json={"source_id": source}, headers=TWO)
    assert_problem(refused, 422, "source_not_found")
    assert keyed.post("/edit", json={"source_id": source}, headers=ONE).status_code == 202


@pytest.mark.parametrize(("deleter", "keeper"), [(ONE, TWO), (TWO, ONE)], ids=["first", "second"])
def test_deleting_ones_own_copy_takes_it_from_nobody_else(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any], deleter: dict[str, str], keeper: dict[str, str]
) -> None:
    [source] = {keyed.post("/sources", files=photo, headers=key).json()["id"] for key in (ONE, TWO)}
    assert keyed.delete(f"/sources/{source}", headers=deleter).status_code == 204
    assert_problem(keyed.get(f"/sources/{source}", headers=deleter), 410, "source_expired")
    assert keyed.get(f"/sources/{source}", headers=keeper).status_code == 200
    assert keyed.post("/edit", json={"source_id": source}, headers=keeper).status_code == 202
    record = worker.claim()
    with worker.sources.open(record.owner, source) as file:
        assert file.read() == photo["source"][1]


def test_no_key_is_written_down(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any], client: redis.Redis
) -> None:
    keyed.post("/edit", files=photo, headers=ONE | {"Idempotency-Key": "mine"})
    dumps = [key + (client.dump(key) or b"") for key in client.scan_iter()]
    assert len(dumps) > 3
    assert not any(b"key-of-one" in dump for dump in dumps)


def test_without_keys_everything_is_everybodys(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = api.post("/edit", files=photo).headers["location"]
    with httpx.Client(base_url=api.base_url, headers=ONE) as other:
        assert other.get(location).status_code == 200
        assert other.delete(location).json()["status"] == "cancelled"
