"""What is deleted is gone: the media of a finished job, or everything of a tenant's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from service.keys import command
from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving
from workers.contract.erasure import sources_of
from workers.contract.erasure_notices import ErasureNotice, ErasureNotices
from workers.contract.owners import owner_of
from workers.contract.records import CALLBACKS_DUE

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

ONE, TWO = ({"Authorization": f"Bearer {key}"} for key in ("key-of-one", "key-of-two"))


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of an API with two keys, whose callbacks go nowhere."""
    keys = (SecretStr("key-of-one"), SecretStr("key-of-two"))
    secret = SecretStr("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with serving(alone(settings, api_keys=keys, callback_hosts=("hooks.invalid",), callback_secret=secret)) as (
        _,
        http,
    ):
        yield http


def finished(api: httpx.Client, worker: ActedWorker, **request: Any) -> dict[str, Any]:
    """A job that has succeeded."""
    job = api.post("/edit", headers=ONE, **request).json()["id"]
    worker.succeed(worker.claim(job))
    found: dict[str, Any] = api.get(f"/jobs/{job}", headers=ONE).json()
    return found


def stored(worker: ActedWorker, settings: ApiSettings) -> list[Path]:
    return [path for path in Path(settings.storage_url).rglob("*") if path.is_file()]


def test_deleting_a_finished_job_deletes_its_media(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any], settings: ApiSettings
) -> None:
    before = stored(worker, settings)
    job = finished(keyed, worker, files=photo)
    [source] = sources_of(worker.store.get(job["id"]).request)
    assert len(stored(worker, settings)) == len(before) + 2
    for _ in range(2):
        assert keyed.delete(f"/jobs/{job['id']}", headers=ONE).json()["status"] == "succeeded"
        assert_problem(keyed.get(f"/jobs/{job['id']}/result", headers=ONE), 410, "result_expired")
        assert_problem(keyed.get(f"/sources/{source}", headers=ONE), 410, "source_expired")
    assert stored(worker, settings) == before
    assert keyed.get(f"/jobs/{job['id']}", headers=ONE).json()["status"] == "succeeded", "that it was stays known"


def test_what_was_uploaded_apart_or_is_needed_stays(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    first = finished(keyed, worker, files=photo)
    [source] = sources_of(worker.store.get(first["id"]).request)
    waiting = keyed.post("/edit", files=photo, headers=ONE).json()["id"]
    keyed.delete(f"/jobs/{first['id']}", headers=ONE)
    assert keyed.get(f"/sources/{source}", headers=ONE).status_code == 200, "another job waits for it"
    worker.succeed(worker.claim(waiting))
    assert keyed.post("/sources", files=photo, headers=ONE).json()["id"] == source
    last = finished(keyed, worker, files=photo)
    for job in (waiting, last["id"]):
        keyed.delete(f"/jobs/{job}", headers=ONE)
        assert keyed.get(f"/sources/{source}", headers=ONE).status_code == 200, "it was uploaded apart"


def test_a_tenant_is_erased_and_nobody_else(
    keyed: httpx.Client, worker: ActedWorker, photo: dict[str, Any], client: redis.Redis, settings: ApiSettings
) -> None:
    owner = owner_of("key-of-one")
    source = keyed.post("/sources", files=photo, headers=ONE).json()["id"]
    other = keyed.post("/sources", files=photo, headers=TWO).json()["id"]
    kept = keyed.post("/edit", files=photo, headers=TWO | {"Idempotency-Key": "same"}).json()["id"]
    body = {"source_id": source, "callback": {"url": "https://hooks.invalid/"}, "metadata": {"note": "confidential"}}
    done = finished(keyed, worker, json=body)
    running = worker.claim(keyed.post("/edit", files=photo, headers=ONE).json()["id"])
    waiting = keyed.post("/edit", files=photo, headers=ONE | {"Idempotency-Key": "same"}).json()["id"]
    edits = {"edits": [{"source_id": source}] * 5, "metadata": {"note": "confidential"}}
    batch = keyed.post("/batches", json=edits, headers=ONE | {"Idempotency-Key": "same"}).json()["id"]
    assert client.zcard(CALLBACKS_DUE) == 1

    files = len([path for path in stored(worker, settings) if owner in path.parts])
    assert files >= 2, "the photo and the result"
    erased = keyed.delete("/me/data", headers=ONE)
    assert erased.json() == {"jobs": 8, "batches": 1, "motions": 0, "files": files}

    for path in (f"/jobs/{done['id']}", f"/jobs/{running.job.id}", f"/jobs/{waiting}", f"/jobs/{waiting}/events"):
        assert_problem(keyed.get(path, headers=ONE), 404, "unknown_job")
    assert_problem(keyed.get(f"/batches/{batch}", headers=ONE), 404, "unknown_batch")
    assert_problem(keyed.get(f"/sources/{source}", headers=ONE), 404, "unknown_source")
    assert keyed.get("/jobs", headers=ONE).json() == {"jobs": [], "next_cursor": None}
    assert not [path for path in stored(worker, settings) if owner in str(path)]
    assert client.zcard(CALLBACKS_DUE) == 0
    assert set(worker.queue._owners()) == {owner_of("key-of-two")}
    audit = b"{portrait}:audit", b"{portrait}:erased"
    left = {name: client.dump(name) or b"" for name in client.scan_iter() if name not in audit}
    assert not [name for name, dump in left.items() if b"confidential" in dump or owner.encode() in name + dump]
    assert ErasureNotices(client).recent() == [ErasureNotice(owner, None)], "workers learn of it"

    assert keyed.get(f"/sources/{other}", headers=TWO).status_code == 200
    again = keyed.post("/edit", files=photo, headers=TWO | {"Idempotency-Key": "same"})
    assert again.json()["id"] == kept
    assert keyed.post("/edit", files=photo, headers=ONE).status_code == 202, "the key is still good"
    assert keyed.delete("/me/data", headers=ONE).json()["jobs"] == 1


def test_a_removed_tenant_leaves_nothing(
    settings: ApiSettings,
    worker: ActedWorker,
    photo: dict[str, Any],
    client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PORTRAIT_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("PORTRAIT_STORAGE_URL", settings.storage_url)
    assert command.main(["create", "leaver"]) == 0
    headers = {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}
    with serving(alone(settings, require_keys=True)) as (_, api):
        job = api.post("/edit", files=photo, headers=headers).json()["id"]
        assert command.main(["remove", "leaver"]) == 0
        assert capsys.readouterr().out == "erased 1 jobs, 0 batches, 0 motions and 1 files of leaver\n"
        assert_problem(api.get(f"/jobs/{job}", headers=headers), 403, "key_rejected")
    assert not worker.queue.entries()
    assert "leaver" not in json.dumps([name.decode() for name in client.scan_iter()])
    assert command.main(["remove", "leaver"]) == 1
