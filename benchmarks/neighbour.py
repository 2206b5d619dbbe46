"""What other work on the machine costs: a busy neighbour, and a second worker.

    python -m benchmarks.neighbour
    python -m benchmarks.neighbour --edits 5 --rounds 1

The neighbour is a process that keeps one core busy. Warm edits of a 512 × 512 photo are timed in turns, without and
with it, on a stack as it comes and on one whose OpenMP threads spin when they are idle, as OpenMP has it by default:
that is the baseline of the first table. For the second, several clients at once keep one worker busy, which is the
baseline, and then two that share the machine. Every stack is started here.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psutil
import typer
from rich.console import Console
from rich.table import Table
from skimage import data

from benchmarks.edit_latency import WARM_UP, Client, random_controls
from models.cores import usable_cores
from service.embedded.background import embedded_stack
from service.embedded.guard import Guard
from service.embedded.probes import health

SET_UPS: dict[str, dict[str, str]] = {
    "as it comes": {},
    # What libgomp does unasked. ONNX Runtime's threads, which would spin as well, sleep here too.
    "baseline: idle threads spin": {"GOMP_SPINCOUNT": "300000", "OPENBLAS_THREAD_TIMEOUT": "26"},
}
CLIENTS = 4
WORKER_START_S = 120.0

console = Console()


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """A process that takes as much of one core as it gets."""
    with Guard() as guard:
        neighbour = guard.start([sys.executable, "-c", "while True: pass"])
        try:
            yield
        finally:
            neighbour.kill()
            neighbour.wait()
            guard.forget(neighbour.pid)


def edit_seconds(client: Client, rng: np.random.Generator, edits: int) -> list[float]:
    """Seconds of so many edits in turn."""
    return [client.edit(random_controls(rng))[0] for _ in range(edits)]


def beside_a_neighbour(photo: np.ndarray, variables: dict[str, str], edits: int, rounds: int) -> dict[str, float]:
    """Median seconds of an edit without and with a busy neighbour, and their ratio."""
    alone, busy, rng = [], [], np.random.default_rng(0)
    with embedded_stack(**variables) as url:
        client = Client(url, photo)
        edit_seconds(client, rng, WARM_UP)
        for _ in range(rounds):
            alone += edit_seconds(client, rng, edits)
            with busy_neighbour():
                busy += edit_seconds(client, rng, edits)
    medians = float(np.median(alone)), float(np.median(busy))
    return {"alone_s": round(medians[0], 4), "busy_s": round(medians[1], 4), "ratio": round(medians[1] / medians[0], 3)}


def throughput(url: str, photo: np.ndarray, edits: int) -> float:
    """Edits a second while there are always some waiting."""

    def send(seed: int) -> None:
        edit_seconds(Client(url, photo), np.random.default_rng(seed), edits)

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(send, range(CLIENTS)))
    return CLIENTS * edits / (time.perf_counter() - started)


@contextmanager
def second_worker(url: str, count: int = 2) -> Iterator[None]:
    """Another worker of the stack that this program has started, which then has so many."""
    processes = psutil.Process().children(recursive=True)
    first = next(process for process in processes if process.cmdline()[-2:] == ["-m", "workers"])
    with Guard() as guard:
        worker = guard.start([sys.executable, "-m", "workers"], env=first.environ())
        try:
            wait_for_workers(url, worker, count)
            yield
        finally:
            worker.terminate()
            worker.wait()
            guard.forget(worker.pid)


def wait_for_workers(url: str, started: subprocess.Popen[bytes], count: int) -> None:
    deadline = time.monotonic() + WORKER_START_S
    while True:
        workers = health(url)[1].get("workers", {})
        if workers.get("ready", 0) + workers.get("busy", 0) >= count:
            return
        if started.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The worker did not come up; its log is above.")
        time.sleep(0.2)


def shared_machine(photo: np.ndarray, edits: int) -> dict[str, float]:
    """Edits a second of one worker and of two, and their ratio."""
    with embedded_stack() as url:
        throughput(url, photo, 1)  # warms up
        one = throughput(url, photo, edits)
        with second_worker(url):
            throughput(url, photo, 1)
            two = throughput(url, photo, edits)
    return {"one_per_s": round(one, 3), "two_per_s": round(two, 3), "ratio": round(two / one, 3)}


def show(report: dict[str, Any]) -> None:
    table = Table(title="POST /edit, 512 × 512, warm, median seconds")
    for column in ("", "without neighbour", "busy neighbour", "ratio"):
        table.add_column(column)
    for name, row in report["neighbour"].items():
        table.add_row(name, f"{row['alone_s']:.3f}", f"{row['busy_s']:.3f}", f"{row['ratio']:.2f}")
    console.print(table)
    workers = report["workers"]
    table = Table(title=f"The same from {CLIENTS} clients at once, on {report['machine']['cores']} cores")
    for column in ("", "edits/s", "ratio"):
        table.add_column(column)
    table.add_row("baseline: one worker", f"{workers['one_per_s']:.2f}", "1.00")
    table.add_row("two workers", f"{workers['two_per_s']:.2f}", f"{workers['ratio']:.2f}")
    console.print(table)


def main(
    edits: Annotated[int, typer.Option(min=1, help="Edits of a round, and of each client.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds without and with the neighbour.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("out/benchmarks/neighbour.json"),
) -> None:
    """Measure what a busy neighbour and a second worker do to edits."""
    photo, load = data.astronaut(), os.getloadavg()[0]
    report = {
        "machine": {"cores": usable_cores(), "architecture": platform.machine(), "load_before": round(load, 2)},
        "neighbour": {name: beside_a_neighbour(photo, variables, edits, rounds) for name, variables in SET_UPS.items()},
        "workers": shared_machine(photo, edits),
    }
    show(report)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
