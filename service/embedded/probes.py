"""What the stack learns from, and tells, the processes that it starts."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from typing import Any

import redis
import redis.asyncio

from service.embedded.errors import PortTakenError, SetupFailedError
from workers.contract.connection import connect
from workers.contract.presence import Presence

POLL_S = 0.2


async def redis_answers(url: str) -> None:
    """Return once the Redis at `url` answers."""
    async with redis.asyncio.Redis.from_url(url) as client:
        while True:
            try:
                await client.ping()
            except (redis.ConnectionError, redis.TimeoutError):  # not there yet, or still loading its data
                await asyncio.sleep(POLL_S)
            else:
                return


def forget_workers(url: str) -> None:
    """Forget the workers that a Redis remembers from before it was started: none of them is alive."""
    with connect(url) as client:
        presence = Presence(client)
        for worker in presence.workers():
            presence.leave(worker.name)


async def api_ready(url: str, redis_url: str) -> None:
    """Return once the API at `url` says that it and a worker are ready.

    Why a worker is not, only the Redis at `redis_url` tells: the API talks to strangers.

    Raises:
        SetupFailedError: the API says that the worker has given up.
    """
    while True:
        status, report = await asyncio.to_thread(health, url)
        if status == 200:
            return
        if report.get("state") == "setup_failed":
            raise SetupFailedError(await asyncio.to_thread(_setup_failure, redis_url))
        await asyncio.sleep(POLL_S)


def health(url: str) -> tuple[int | None, dict[str, Any]]:
    """Status and body of `/health/ready` of the API at `url`; no status while nobody listens there."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)
    except OSError:  # nobody listens yet
        return None, {}


def _setup_failure(redis_url: str) -> str:
    with connect(redis_url) as client:
        reason = next((worker.detail for worker in Presence(client).workers() if worker.detail), "its log says why")
    return f"The worker could not load its models: {reason}"


def require_free_port(host: str, port: int) -> None:
    """Find out early what the API would die of late, in the middle of its start.

    Raises:
        PortTakenError: another program listens there.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the API will
        try:
            probe.bind(address)
        except OSError as error:
            raise PortTakenError(
                f"Port {port} of {host} cannot be used ({error.strerror}); set PORTRAIT_PORT to another one, "
                f"or `make serve PORT={port + 1}`."
            ) from None
