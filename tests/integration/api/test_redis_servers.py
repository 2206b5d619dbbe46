"""The service on Redis servers as operators run them: ACL user, TLS, cluster mode, Sentinels, too few replicas."""

from __future__ import annotations

import asyncio
import io
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme

from service.keys.tenant import KeyScope, ManagedTenant, new_key
from service.keys.tenant_store import TenantStore
from service.settings import ApiSettings
from tests.integration.api.conftest import assert_problem, free_port, serving
from tests.integration.redis_processes import RedisProcess, tls_in_front, wait_for
from tests.integration.workers.conftest import launch, service_of
from workers.contract.connection import connect, connect_async
from workers.contract.errors import UnknownJobError
from workers.contract.kinds.edit import EditRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
ACL_USER = (ROOT / "deploy" / "redis" / "users.acl").read_text(encoding="utf-8")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="redis-") as name:
        yield Path(name)


def managed_redis(folder: Path) -> RedisProcess:
    """One node of a cluster that has all slots, with the ACL user that the documents recommend."""
    users = folder / "users.acl"
    users.write_text("user default on nopass ~* &* +@all\n" + ACL_USER.replace("CHANGE-ME", "secret"))
    server = RedisProcess(folder / "managed", {"cluster-enabled": "yes", "aclfile": str(users)}, free_cluster_port())
    server.admin.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
    wait_for(lambda: server.admin.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
    return server


def free_cluster_port() -> int:
    """One whose bus port, 10,000 above, is a port too."""
    return next(port for port in iter(free_port, None) if port < 50_000)


def test_an_acl_user_over_tls_on_a_cluster_node_does_for_everything(folder: Path, photo: dict[str, Any]) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = managed_redis(folder)
    with ExitStack() as stack:
        stack.callback(server.kill)
        port = stack.enter_context(tls_in_front(server.port, authority.issue_cert("127.0.0.1").configure_cert))
        url = f"rediss://portrait:secret@127.0.0.1:{port}/0?ssl_ca_certs={folder / 'ca.pem'}"
        settings = Settings(redis_url=url, storage_url=str(folder / "blobs"), sweep_s=0.2, heartbeat_s=0.3, drain_s=1)
        worker = launch(settings)
        stack.callback(worker.wait, 20)
        stack.callback(worker.kill)
        limited = {"rate_limit": 1000, "jobs_at_once": 100, "require_keys": True}
        use_everything(ApiSettings(**settings.model_dump(), port=free_port(), **limited), photo, worker)
        refused = [(entry["reason"], entry["object"]) for entry in server.admin.acl_log()]
        assert refused == [], "a command or a key that the ACL user needs and has not"
        with connect(url, retries=0) as own:
            for command in ("FLUSHALL", "CONFIG GET *", "KEYS *", "GET another's", "EVAL x 0"):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    own.execute_command(*command.split())
        with pytest.raises(redis.AuthenticationError):
            connect(url.replace("secret", "guessed"), retries=0).ping()
        with pytest.raises(redis.ConnectionError, match=r"(?i)certificate"):
            connect(url.partition("?")[0], retries=0).ping()


def use_everything(settings: ApiSettings, photo: dict[str, Any], worker: Any) -> None:
    """Every route and a worker's whole life, from its start to its stop."""
    client = connect(settings.redis_url)
    service = service_of(settings, client)
    service.wait_for_worker(WorkerState.READY)
    text, key = new_key()
    tenant = ManagedTenant(name="acme", keys=(key,), scopes=frozenset(KeyScope))
    TenantStore(client).change("acme", lambda _: tenant)
    with serving(settings) as (_, api):
        api.headers["Authorization"] = f"Bearer {text}"
        ready = api.get("/health/ready")
        assert ready.status_code == 200, ready.text
        waited = api.post("/edit", files=photo, headers={"Prefer": "wait=30", "Accept": "image/png"})
        assert waited.status_code == 200, waited.text
        source = api.post("/sources", files=photo).json()["id"]
        assert api.delete(f"/sources/{source}").status_code == 204
        followed = api.post("/edit", files=photo, headers={"Idempotency-Key": "mine"}).json()["id"]
        assert "event: done" in api.get(f"/jobs/{followed}/events").text
        worker.terminate()
        worker.wait(20)
        waiting = api.post("/edit", files=photo).json()["id"]
        time.sleep(0.5)  # the reaper looks at it
        assert api.delete(f"/jobs/{waiting}").json()["status"] == "cancelled"
        source = api.post("/sources", files=photo).json()["id"]
        assert api.post("/batches", json={"edits": [{"source_id": source}]}).status_code == 202
        assert api.delete("/me/data").json()["batches"] == 1
        assert api.get("/audit?limit=1").json()["entries"][0]["action"] == "erase_my_data"
        assert "portrait_redis_up 1.0" in api.get("/metrics").text
    client.close()


def test_a_redis_without_enough_replicas_takes_no_jobs_and_says_why(folder: Path, photo: dict[str, Any]) -> None:
    server = RedisProcess(folder / "alone", {"min-replicas-to-write": "1"})
    try:
        settings = ApiSettings(
            redis_url=f"redis://{server.address}", storage_url=str(folder / "blobs"), port=free_port()
        )
        with serving(settings) as (_, api):
            refused = api.post("/sources", files=photo)
            assert "replicas" in assert_problem(refused, 503, "store_unavailable")["detail"]
            assert "replicas" in assert_problem(api.get("/health/ready"), 503, "not_ready")["detail"]
            server.admin.config_set("min-replicas-to-write", 0)
            assert api.post("/sources", files=photo).status_code == 201
    finally:
        server.kill()


class Watched:
    """A Redis, its replica, and the Sentinel that watches over them."""

    def __init__(self, folder: Path) -> None:
        persistent = {"appendonly": "yes", "requirepass": "secret", "masterauth": "secret"}
        self.first = RedisProcess(folder / "first", persistent)
        self.second = RedisProcess(folder / "second", {**persistent, "replicaof": f"127.0.0.1 {self.first.port}"})
        watch = f"monitor main 127.0.0.1 {self.first.port} 1"
        quick = {"down-after-milliseconds main": "500", "failover-timeout main": "3000", "auth-pass main": "secret"}
        options = {"sentinel": watch} | {f"sentinel {name}": value for name, value in quick.items()}
        self.sentinel = RedisProcess(folder / "sentinel", options, sentinel=True)
        self.url = f"redis+sentinel://:secret@{self.sentinel.address}/main"
        wait_for(lambda: self.sentinel.admin.sentinel_master("main")["num-slaves"] == 1)

    def settings(self, folder: Path) -> Settings:
        return Settings(redis_url=self.url, storage_url=str(folder / "blobs"), sweep_s=0.2, heartbeat_s=0.3, drain_s=1)

    def stop(self) -> None:
        for process in (self.sentinel, self.first, self.second):
            if process.process.poll() is None:
                process.kill()


@pytest.fixture
def watched(folder: Path) -> Iterator[Watched]:
    redis_and_replica = Watched(folder)
    yield redis_and_replica
    redis_and_replica.stop()


def test_a_failover_keeps_the_jobs_that_reached_the_replica(watched: Watched, folder: Path, hopper_jpeg: Path) -> None:
    settings = watched.settings(folder)
    worker = launch(settings)
    client = connect(settings.redis_url)
    service = service_of(settings, client)
    try:
        source = service.sources.add(ANONYMOUS, io.BytesIO(hopper_jpeg.read_bytes())).id
        service.wait_for_worker(WorkerState.READY)
        done = service.finish(service.submit(source, controls={})).job
        worker.send_signal(signal.SIGSTOP)  # so that the next job is in the queue when the Redis dies
        waiting = service.submit(source, controls={})
        assert client.wait(1, 5000) == 1, "the replica has it"
        watched.first.kill()
        worker.send_signal(signal.SIGCONT)
        assert service.finish(waiting, seconds=60).job.status == "succeeded"
        assert service.store.get(done.id).job == done
        assert asyncio.run(knows(settings.redis_url)), "clients of event streams find the new Redis as well"
    finally:
        worker.kill()
        worker.wait(10)
        client.close()


async def knows(url: str) -> bool:
    async with connect_async(url) as client:
        return bool(await client.ping())


def test_what_no_replica_has_is_lost_in_a_failover(watched: Watched, folder: Path) -> None:
    settings = watched.settings(folder)
    client = connect(settings.redis_url)
    store = service_of(settings, client).store
    request = EditRequest.model_validate({"source_id": "0" * 64})
    kept, _ = store.create(request, ANONYMOUS)
    assert client.wait(1, 5000) == 1
    watched.second.process.send_signal(signal.SIGSTOP)
    watched.first.admin.client_kill_filter(_type="replica")  # or the write would wait in the replica's socket
    lost, _ = store.create(request, ANONYMOUS)
    watched.first.kill()
    watched.second.process.send_signal(signal.SIGCONT)
    wait_for(lambda: store.get(kept.job.id), seconds=60)
    with pytest.raises(UnknownJobError):
        store.get(lost.job.id)
    client.close()
