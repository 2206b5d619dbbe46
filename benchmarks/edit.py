"""How long POST /edit of a 512 × 512 photo takes: cold, warm, cached, as a preview, and with many clients at once.

    python -m benchmarks.edit
    python -m benchmarks.edit --edits 10

It starts the embedded stack. *Cold* is the first edit of a fresh worker. *Warm* edits send a photo that the worker has
never seen; *cached* ones name a source that was uploaded before; a *preview* is a cached crop of 384 pixels. All take
JPEG and wait for the picture, queue and download included. The memory is what API and worker hold afterwards.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from benchmarks.edit_latency import random_controls
from benchmarks.memory import held_by_stack
from service.embedded.background import embedded_stack

CLIENTS = (1, 4, 16)
PREVIEW = {"output": {"format": "jpeg", "size": 384}, "paste_back": False}
WHOLE = {"output": {"format": "jpeg"}}
WAIT_S = 60

console = Console()

Edit = Callable[[np.random.Generator], None]


class EditClient:
    """Edits over HTTP, and waits for the pictures."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=max(CLIENTS))
        self._http = httpx.Client(base_url=url, timeout=WAIT_S + 10, limits=limits)

    def upload(self, photo: bytes) -> str:
        """The id of a stored photo."""
        return str(self._http.post("/sources", files={"source": photo}).raise_for_status().json()["id"])

    def edit(self, rng: np.random.Generator, options: dict[str, Any], source: bytes | str) -> None:
        """One edit, with other sliders than the last, of a photo's file or of a stored photo."""
        fields = {"controls": random_controls(rng), "options": options}
        headers = {"Prefer": f"wait={WAIT_S}", "Accept": "image/jpeg"}
        if isinstance(source, str):
            answer = self._http.post("/edit", json={**fields, "source_id": source}, headers=headers)
        else:
            texts = {name: json.dumps(value) for name, value in fields.items()}
            answer = self._http.post("/edit", data=texts, files={"source": source}, headers=headers)
        if answer.status_code != httpx.codes.OK or answer.headers["content-type"] != "image/jpeg":
            raise SystemExit(f"POST /edit answered {answer.status_code}: {answer.text[:300]}")


def jpeg(photo: np.ndarray) -> bytes:
    """A photo's file."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "jpeg", quality=95)
    return file.getvalue()


def unseen(photo: np.ndarray, rng: np.random.Generator) -> bytes:
    """The photo with another corner: to the cache it is a new one."""
    changed = photo.copy()
    changed[:8, :8] = rng.integers(0, 255, (8, 8, 3))
    return jpeg(changed)


def seconds_of(edit: Edit, edits: int, clients: int = 1) -> list[float]:
    """Seconds of each of so many edits a client."""

    def one_client(seed: int) -> list[float]:
        rng, times = np.random.default_rng(seed), []
        for _ in range(edits):
            started = time.perf_counter()
            edit(rng)
            times.append(time.perf_counter() - started)
        return times

    with ThreadPoolExecutor(clients) as threads:
        return [each for times in threads.map(one_client, range(clients)) for each in times]


def summary(seconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 in ms, and the number of edits."""
    return {
        "edits": len(seconds),
        **{f"p{q}_ms": round(1000 * float(np.percentile(seconds, q)), 1) for q in (50, 95, 99)},
    }


def measured(edits: int) -> dict[str, Any]:
    """All rows."""
    photo, rows = data.astronaut(), {}
    with embedded_stack() as url:
        client = EditClient(url)
        stored = client.upload(jpeg(photo))

        def warm(rng: np.random.Generator) -> None:
            client.edit(rng, WHOLE, unseen(photo, np.random.default_rng()))

        def cached(rng: np.random.Generator) -> None:
            client.edit(rng, WHOLE, stored)

        def preview(rng: np.random.Generator) -> None:
            client.edit(rng, PREVIEW, stored)

        rows["cold"] = summary(seconds_of(warm, 1))
        for name, edit in (("warm", warm), ("cached", cached), ("preview 384", preview)):
            seconds_of(edit, 2)  # warms up
            rows[name] = summary(seconds_of(edit, edits))
        for clients in CLIENTS[1:]:
            rows[f"cached, {clients} clients"] = summary(seconds_of(cached, max(3, edits // clients), clients))
        memory = held_by_stack()
    return {"rows": rows, "memory_mb": {name: round(size) for name, size in memory.items()}}


def main(edits: Annotated[int, typer.Option(min=1, help="Edits of every row.")] = 30) -> None:
    """Measure POST /edit."""
    report = measured(edits)
    table = Table(title="POST /edit, 512 × 512, JPEG, milliseconds")
    for column in ("", "edits", "p50", "p95", "p99"):
        table.add_column(column)
    for name, row in report["rows"].items():
        table.add_row(name, *(f"{value:g}" for value in row.values()))
    console.print(table)
    console.print(f"Memory afterwards, MB: {report['memory_mb']}")


if __name__ == "__main__":
    typer.run(main)
