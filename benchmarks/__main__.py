"""Everything that is measured, in one command: benchmarks/RESULTS.md and benchmarks/results.json (`make bench`).

    python -m benchmarks            about ten minutes on two cores
    python -m benchmarks --quick    a minute or two: whether it works, not how fast it is

A part that fails is named in the results, the others are measured all the same, and the exit status says so.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from skimage import data

from benchmarks import edit, network, reenact, talk, workers
from benchmarks.report import markdown
from models.cores import usable_cores
from service.embedded.background import embedded_stack

FOLDER = Path(__file__).parent

console = Console()


def reenacted(seconds: float) -> dict[str, Any]:
    """Frames a second of POST /reenact, 512², the second of two jobs, and the fractions of its stages."""
    photo = data.astronaut()
    with TemporaryDirectory() as folder, embedded_stack() as url, httpx.Client(base_url=url, timeout=120) as http:
        driver = Path(folder, "driver.mp4")
        reenact.write_driver(driver, photo, seconds)
        reenact.reenact(http, photo, driver)
        wall, job, peaks = reenact.reenact(http, photo, driver)
    return clip_report(wall, job, reenact.STAGES) | {"memory_mb": {name: round(size) for name, size in peaks.items()}}


def talked(seconds: float) -> dict[str, Any]:
    """Frames a second of POST /talk, 512², and the fractions of its stages."""
    photo = data.astronaut()
    with embedded_stack() as url, httpx.Client(base_url=url, timeout=600) as http:
        talk.whole_job(http, photo, talk.speech(1))
        wall, job = talk.whole_job(http, photo, talk.speech(seconds))
    return clip_report(wall, job, talk.STAGES)


def clip_report(wall: float, job: dict[str, Any], stages: tuple[str, ...]) -> dict[str, Any]:
    """What a job that made a clip says of its speed. Stages overlap: their fractions may add up to more than 1."""
    frames = job["result"]["frames"]
    fractions = {name.removesuffix("_s"): round(job["metrics"].get(name, 0) / wall, 3) for name in stages}
    return {"frames": frames, "frames_per_s": round(frames / wall, 2), "fractions": fractions}


def parts(quick: bool) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is measured, by name."""
    edits, seconds, each = (3, 1.0, 2) if quick else (30, 6.0, 8)
    return {
        "network": network.measured,
        "edit": lambda: edit.measured(edits),
        "reenact": lambda: reenacted(seconds),
        "talk": lambda: talked(seconds),
        "workers": lambda: workers.measured(each),
    }


def machine() -> dict[str, Any]:
    """What it is measured on."""
    names = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.processor()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor,
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Few repetitions.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of RESULTS.md and results.json.")] = FOLDER,
) -> None:
    """Measure everything, against the `paper` network in float32."""
    report: dict[str, Any] = {"machine": machine(), "parts": {}, "failed": {}}
    for name, measure in parts(quick).items():
        console.print(f"measuring {name} …")
        try:
            report["parts"][name] = measure()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the others are measured all the same
            traceback.print_exc()
            report["failed"][name] = f"{type(error).__name__}: {error}"
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(report, indent=2) + "\n")
    (out / "RESULTS.md").write_text(markdown(report))
    console.print(f"{out / 'RESULTS.md'}")
    sys.exit(1 if report["failed"] else 0)


if __name__ == "__main__":
    typer.run(main)
