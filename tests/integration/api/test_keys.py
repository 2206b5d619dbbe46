"""Keys with names, scopes and limits: made, changed and ended by the command while the API runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from service.keys import command
from tests.integration.api.conftest import ROOT, ActedWorker, alone, assert_problem, serving

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of an API whose keys are in Redis, and one more in its settings."""
    with serving(alone(settings, require_keys=True, api_keys=(SecretStr("configured"),))) as (_, http):
        yield http


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, settings: ApiSettings, client: redis.Redis) -> None:
    """The command works on the emptied Redis."""
    monkeypatch.setenv("PORTRAIT_REDIS_URL", settings.redis_url)


@pytest.fixture
def keys(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; its output, and its status where that is not 0."""

    def run(*arguments: str, status: int = 0) -> str:
        assert command.main(arguments) == status
        seen = capsys.readouterr()
        return (seen.err if status else seen.out).strip()

    return run


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_lives_from_creation_to_its_end(
    keyed: httpx.Client, worker: ActedWorker, keys: Any, photo: dict[str, Any], client: redis.Redis
) -> None:
    first = keys("create", "acme")
    assert len(first) == 47
    assert first.startswith("prk_")
    job = keyed.post("/edit", files=photo, headers=bearer(first)).json()["id"]
    assert worker.store.get(job).owner == "acme"
    second = keys("rotate", "acme", "--grace", "600")
    for key in (first, second):
        assert keyed.get(f"/jobs/{job}", headers=bearer(key)).status_code == 200, "both are good for a while"
    old = next(line.split(",")[0].strip() for line in keys("list").splitlines() if "ends" in line)
    keys("revoke", "acme", "--key", old)
    assert_problem(keyed.get(f"/jobs/{job}", headers=bearer(first)), 403, "key_rejected")
    assert keyed.get(f"/jobs/{job}", headers=bearer(second)).status_code == 200
    third = keys("rotate", "acme", "--grace", "0")
    assert_problem(keyed.get(f"/jobs/{job}", headers=bearer(second)), 403, "key_rejected")
    keys("revoke", "acme")
    assert_problem(keyed.get(f"/jobs/{job}", headers=bearer(third)), 403, "key_rejected")
    dumps = [name + (client.dump(name) or b"") for name in client.scan_iter()]
    assert not any(key.encode() in dump for key in (first, second, third) for dump in dumps)


def test_the_command_says_what_is_wrong(keys: Any) -> None:
    keys("create", "acme")
    for arguments, reason in (
        (("create", "acme"), "already"),
        (("create", "Acme"), "a tenant's name"),
        (("set", "nobody"), "no tenant nobody"),
        (("rotate", "nobody"), "no tenant nobody"),
        (("revoke", "acme", "--key", "0"), "no key 0"),
        (("set", "acme", "--scopes", "edit,fly"), "scopes"),
        (("set", "acme", "--retention-s", "0"), "retention_s"),
    ):
        assert reason in keys(*arguments, status=1)
    assert keys("list").startswith("acme: edit,read,reenact,talk\n")


def test_it_runs_as_a_program(settings: ApiSettings, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PORTRAIT_KEYS_FILE": str(tmp_path / "keys.json")}
    program = [sys.executable, "-m", "service.keys"]
    made = subprocess.run([*program, "create", "acme"], env=environment, capture_output=True, text=True, check=True)
    assert "shown this once" in made.stderr
    listed = subprocess.run([*program, "list"], env=environment, capture_output=True, text=True, check=True)
    assert listed.stdout.startswith("acme: ")


def test_keys_in_a_file_are_rotated_without_a_restart(
    settings: ApiSettings, worker: ActedWorker, keys: Any, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    first = keys("create", "acme", "--file", str(path))
    with serving(alone(settings, keys_file=path)) as (_, api):
        assert api.get("/sliders", headers=bearer(first)).status_code == 200
        second = keys("rotate", "acme", "--file", str(path), "--grace", "0")
        assert api.get("/sliders", headers=bearer(second)).status_code == 200
        assert_problem(api.get("/sliders", headers=bearer(first)), 403, "key_rejected")
        assert_problem(api.get("/sliders"), 401, "key_missing")


def test_a_redis_without_tenants_opens_nothing(keyed: httpx.Client, worker: ActedWorker) -> None:
    assert_problem(keyed.get("/sliders"), 401, "key_missing")
    assert_problem(keyed.get("/sliders", headers=bearer("prk_nobody's")), 403, "key_rejected")
    assert keyed.get("/sliders", headers=bearer("configured")).status_code == 200


ROUTES = {
    ("POST", "/edit"): "edit",
    ("POST", "/batches"): "edit",
    ("POST", "/reenact"): "reenact",
    ("POST", "/talk"): "talk",
    ("POST", "/extract"): "work",
    ("POST", "/faces"): "work",
    ("POST", "/sources"): "work",
    ("DELETE", "/sources/x"): "work",
    ("DELETE", "/jobs/x"): "work",
    ("DELETE", "/batches/x"): "work",
    ("GET", "/sources/x"): "read",
    ("GET", "/sources/x/content"): "read",
    ("GET", "/jobs"): "read",
    ("GET", "/jobs/x"): "read",
    ("GET", "/jobs/x/result"): "read",
    ("GET", "/jobs/x/events"): "read",
    ("GET", "/batches/x"): "read",
    ("GET", "/batches/x/jobs"): "read",
}
OPENS = {
    "edit": {"edit", "work"},
    "reenact": {"reenact", "work"},
    "talk": {"talk", "work"},
    "read": {"read"},
    "admin": {"admin"},
}


@pytest.mark.parametrize("scope", OPENS)
def test_a_scope_opens_its_routes_and_no_other(keyed: httpx.Client, worker: ActedWorker, keys: Any, scope: str) -> None:
    headers = bearer(keys("create", "acme", "--scopes", scope))
    for (method, path), needed in ROUTES.items():
        answer = keyed.request(method, path, headers=headers)
        refused = answer.json()["code"] == "scope_missing" if answer.status_code >= 400 else False
        assert refused is (needed not in OPENS[scope]), (method, path, answer.text)
    keys("set", "acme", "--scopes", ",".join(OPENS))
    assert keyed.get("/jobs", headers=headers).status_code == 200, "at once"


def test_a_tenants_own_rate(keyed: httpx.Client, worker: ActedWorker, keys: Any, photo: dict[str, Any]) -> None:
    limited = bearer(keys("create", "acme", "--requests-per-minute", "3"))
    answers = [keyed.post("/sources", files=photo, headers=limited) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers[:3]] == [
        f'"minute";r={left}' for left in (2, 1, 0)
    ]
    assert answers[3].headers["ratelimit-policy"] == '"minute";q=3;w=60'
    assert 15 <= int(answers[3].headers["retry-after"]) <= 20, "a third of a minute: the next one, not all"
    other = bearer(keys("create", "other"))
    free = keyed.post("/sources", files=photo, headers=other)
    assert free.status_code == 201
    assert "ratelimit" not in free.headers
    keys("set", "acme", "--requests-per-minute", "service")
    assert keyed.post("/sources", files=photo, headers=limited).status_code == 201


def test_so_many_jobs_at_once(keyed: httpx.Client, worker: ActedWorker, keys: Any, photo: dict[str, Any]) -> None:
    headers = bearer(keys("create", "acme", "--jobs-at-once", "1"))
    first = keyed.post("/edit", files=photo, headers=headers | {"Idempotency-Key": "first"})
    assert first.status_code == 202
    refused = keyed.post("/edit", files=photo, headers=headers)
    assert_problem(refused, 429, "too_many_jobs")
    assert int(refused.headers["retry-after"]) > 0
    again = keyed.post("/edit", files=photo, headers=headers | {"Idempotency-Key": "first"})
    assert again.json()["id"] == first.json()["id"], "a repeated request is no second job"
    worker.succeed(worker.claim())
    assert keyed.post("/edit", files=photo, headers=headers).status_code == 202


def test_a_tenants_own_retention(
    keyed: httpx.Client, worker: ActedWorker, keys: Any, photo: dict[str, Any], client: redis.Redis
) -> None:
    headers = bearer(keys("create", "acme", "--retention-s", "300"))
    source = keyed.post("/sources", files=photo, headers=headers).json()
    assert datetime.fromisoformat(source["expires_at"]).timestamp() - time.time() == pytest.approx(300, abs=10)
    job = keyed.post("/edit", json={"source_id": source["id"]}, headers=headers).json()["id"]
    worker.succeed(record := worker.claim())
    assert record.retention_s == 300
    assert 290 <= int(client.ttl(f"{{portrait}}:job:{job}")) <= 300
