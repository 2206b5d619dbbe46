"""`python -m workers.health`: exit status 0 while a worker of this host has its models loaded. Containers run it."""

import socket
import sys

from workers.contract.connection import connect
from workers.contract.presence import Presence, WorkerState
from workers.contract.settings import Settings


def reason_unhealthy() -> str | None:
    """Why no worker of this host can take jobs, or None when one can."""
    with connect(Settings().redis_url, retries=1) as client:
        workers = Presence(client).workers()
    here = {worker.name: worker.state for worker in workers if worker.name.rsplit("-", 2)[0] == socket.gethostname()}
    if {WorkerState.READY, WorkerState.BUSY} & set(here.values()):
        return None
    return ", ".join(f"{name} is {state}" for name, state in here.items()) or "no worker of this host is alive"


if __name__ == "__main__":
    sys.exit(reason_unhealthy())
