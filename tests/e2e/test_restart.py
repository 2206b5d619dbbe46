"""The embedded stack is stopped, and killed: jobs, results, sources and their times outlive both."""

import re
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from tests.e2e.conftest import Embedded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # on a busy machine; 40 s on an idle one

EXPIRIES = "{portrait}:blobs:expiry"


def redis_of(stack: Embedded) -> redis.Redis:
    """A client of the stack's own Redis."""
    titles = (" ".join(process.cmdline()) for process in stack.processes())  # Redis names its socket in its title
    found = next(match for title in titles if (match := re.search(r"redis-server unixsocket:(\S+)", title)))
    return redis.Redis(unix_socket_path=found[1], decode_responses=True)


def kill(stack: Embedded) -> None:
    """Kill every process of the stack, so that none can put anything in order."""
    processes = stack.processes()
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    for process in processes:
        process.kill()
    stack.process.wait(10)
    psutil.wait_procs(processes, timeout=10)


def test_a_restart_forgets_nothing(tmp_path: Path, photo: dict[str, Any]) -> None:
    stack = Embedded(tmp_path)
    try:
        source = stack.http.post("/sources", files=photo).json()["id"]
        answer = stack.http.post("/edit", data={"source_id": source}, headers={"Prefer": "wait=60"})
        job = answer.json()
        assert job["status"] == "succeeded", answer.text
        picture = stack.http.get(job["result"]["url"]).content
        with redis_of(stack) as client:
            kept = client.config_get("append*")
            assert (kept["appendonly"], kept["appendfsync"]) == ("yes", "everysec")
            expiries = client.zrange(EXPIRIES, 0, -1, withscores=True)
        assert len(expiries) == 2, "the photo and the result"

        left = tmp_path / "data" / "tmp" / "half an upload"
        for end in (Embedded.stop, kill):
            left.touch()
            end(stack)
            stack = Embedded(tmp_path)
            assert not left.exists()
            assert stack.http.get(f"/jobs/{job['id']}").json() == job
            assert stack.http.get(job["result"]["url"]).content == picture
            assert stack.http.get(f"/sources/{source}").status_code == 200
            with redis_of(stack) as client:
                assert client.zrange(EXPIRIES, 0, -1, withscores=True) == expiries
        edited = stack.http.post("/edit", data={"source_id": source}, headers={"Prefer": "wait=60"})
        assert edited.json()["status"] == "succeeded", edited.text
    finally:
        stack.process.kill()
