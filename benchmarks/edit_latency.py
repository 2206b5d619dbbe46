"""How long a warm POST /edit of a 512 × 512 photo takes, queue included, and where the time goes.

    python -m benchmarks.edit_latency
    python -m benchmarks.edit_latency --url http://127.0.0.1:8000

Without `--url` it starts the embedded stack. Every request carries the photo and other sliders than the last, so that
nothing can be answered from a cache. The baseline is the bare editor in this process (photo already decoded, nothing
encoded), called in turn with the requests: the ratio is what HTTP, queue, decoding and encoding add.
"""

from __future__ import annotations

import io
import json
import os
import platform
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from skimage import data

from models.coefficients import apply_controls
from models.portrait import PortraitEditor
from service.embedded.background import embedded_stack

WARM_UP = 3
WAIT_SECONDS = 60

console = Console()


class Client:
    """Edits one photo over HTTP."""

    def __init__(self, url: str, photo: np.ndarray) -> None:
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "jpeg", quality=95)
        self._file = ("portrait.jpg", file.getvalue(), "image/jpeg")
        self._http = httpx.Client(base_url=url, timeout=WAIT_SECONDS + 10)

    def edit(self, controls: dict[str, Any]) -> tuple[float, float, dict[str, float]]:
        """Seconds until the finished job is answered, seconds until its picture is here too, and the job's metrics."""
        started = time.perf_counter()
        try:
            response = self._http.post(
                "/edit",
                files={"source": self._file},
                data={"controls": json.dumps(controls)},
                headers={"Prefer": f"wait={WAIT_SECONDS}"},
            )
        except httpx.ConnectError:
            raise SystemExit(f"No API listens at {self._http.base_url}; leave --url out to start one.") from None
        answered = time.perf_counter() - started
        if response.status_code != httpx.codes.OK:
            raise SystemExit(f"POST /edit answered {response.status_code}: {response.text}")
        job = response.json()
        self._http.get(job["result"]["url"]).raise_for_status()
        return answered, time.perf_counter() - started, job["metrics"]


def edit_in_process(editor: PortraitEditor, photo: np.ndarray, controls: dict[str, Any]) -> float:
    """Seconds that the bare editor takes for the same edit."""
    started = time.perf_counter()
    source = editor.analyse(photo)
    motion = apply_controls(editor.space, source.coefficients, **controls)[None]
    for _ in editor.render(source, motion):
        pass
    return time.perf_counter() - started


def random_controls(rng: np.random.Generator) -> dict[str, Any]:
    values = {name: round(float(rng.uniform(0.2, 0.9)), 3) for name in ("jawOpen", "mouthSmile", "eyeBlink")}
    return {"expression": values, "pose": {"yaw": round(float(rng.uniform(-15, 15)), 2)}}


def percentiles(seconds: list[float]) -> dict[str, float]:
    return {name: round(float(np.percentile(seconds, q)), 4) for name, q in (("p50", 50), ("p95", 95))}


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"POST /edit, 512 × 512, {report['requests']} warm requests in turn")
    for column in ("", "p50 s", "p95 s"):
        table.add_column(column)
    for name in ("answered", "with picture", "baseline: editor in process"):
        table.add_row(name, *(f"{report[name][p]:.3f}" for p in ("p50", "p95")))
    console.print(table)
    console.print(f"answered is {report['ratio']:.2f} times the baseline (p50 by p50)")
    stages = Table(title="Stages of the job (medians)")
    for column in ("stage", "s", "fraction of answered"):
        stages.add_column(column)
    for name, seconds in report["stages"].items():
        stages.add_row(name, f"{seconds:.3f}", f"{seconds / report['answered']['p50']:.0%}")
    console.print(stages)


def main(
    url: Annotated[str | None, typer.Option(help="A running API, instead of one that is started.")] = None,
    requests: Annotated[int, typer.Option(min=1, help="Measured requests, after three that warm up.")] = 30,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("out/benchmarks/edit_latency.json"),
) -> None:
    """Measure a warm POST /edit against the bare editor."""
    photo = data.astronaut()
    answered, complete, bare, metrics = [], [], [], []
    load = os.getloadavg()[0]
    with nullcontext(url) if url else embedded_stack() as api:
        client, editor, rng = Client(api, photo), PortraitEditor.load(), np.random.default_rng(0)
        for number in track(range(WARM_UP + requests), "editing", console=console):
            controls = random_controls(rng)
            sample, baseline = client.edit(controls), edit_in_process(editor, photo, controls)
            if number >= WARM_UP:
                answered.append(sample[0])
                complete.append(sample[1])
                metrics.append(sample[2])
                bare.append(baseline)
    report = {
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine(), "load_before": round(load, 2)},
        "requests": requests,
        "answered": percentiles(answered),
        "with picture": percentiles(complete),
        "baseline: editor in process": percentiles(bare),
        "ratio": round(float(np.median(answered) / np.median(bare)), 3),
        "stages": {name: float(np.median([m[name] for m in metrics])) for name in metrics[0]},
    }
    show(report)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
