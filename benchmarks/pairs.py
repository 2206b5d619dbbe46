"""How many training pairs a second the generator makes in batches on a device, against one pair a call on one core.

    python -m benchmarks.pairs --data DATA --device cuda --batch 64

Both move the same photos to the same coefficients, in turn, in this process; reading photos and drawing motions is not
counted. The baseline is `models.face3d.retarget.retarget` with its compiled kernels, one pair at a time on one core;
`python -m training pairs` runs one such process a core. The batches run on the parallel kernels, on a CPU too, where
training would take the compiled ones: so both are compared. How long drawing takes is shown apart.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from models.coefficients import ARKIT
from models.face3d.head import Head
from models.face3d.heads import MeshModel
from models.face3d.kernels import PARALLEL
from models.face3d.morphable import MorphableModel
from models.face3d.pose import HeadPose
from models.face3d.retarget import retarget, retarget_batch
from training.pairs.shards import SIZE
from training.pairs.stream import Draw, PairStream

PHOTOS = 64
BASELINE_PAIRS = 8  # a round
EXPRESSIONS = len(ARKIT.expression)

console = Console()


def faces(draw: Draw, target: bool, count: int) -> list[Head]:
    """The first heads of a draw, one by one."""
    heads = draw.target if target else draw.source
    vectors = heads.coefficients(SIZE).double().cpu().numpy()
    depth, persons = heads.translation[:, 2].cpu().numpy(), heads.person.cpu().numpy()
    return [
        Head(persons[k], vectors[k, :EXPRESSIONS], HeadPose.from_coefficients(vectors[k, EXPRESSIONS:], SIZE, depth[k]))
        for k in range(count)
    ]


def single_seconds(model: MeshModel, draw: Draw, count: int) -> float:
    """Seconds a pair, one a call, on the first pairs of a draw."""
    photos = draw.photo[:count].permute(0, 2, 3, 1).contiguous().cpu().numpy()
    inputs = list(zip(photos, faces(draw, False, count), faces(draw, True, count), strict=True))
    started = time.perf_counter()
    for photo, source, target in inputs:
        retarget(model, photo, source, target)
    return (time.perf_counter() - started) / count


def batched_seconds(model: MeshModel, draw: Draw) -> float:
    """Seconds a pair of a whole draw at once."""
    synchronise(draw.photo.device)
    started = time.perf_counter()
    retarget_batch(model, draw.photo, draw.source, draw.target)
    synchronise(draw.photo.device)
    return (time.perf_counter() - started) / len(draw.photo)


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def draw_seconds(stream: PairStream, batch: int, rng: np.random.Generator) -> float:
    """Seconds a pair that the host takes to draw motions and the device to cut windows."""
    started = time.perf_counter()
    draw = stream.draw(batch, rng)
    synchronise(draw.photo.device)
    return (time.perf_counter() - started) / batch


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"Training pairs of {SIZE} × {SIZE}, medians of {report['rounds']} rounds")
    for column in ("", "ms a pair", "pairs/s"):
        table.add_column(column)
    for name, seconds in report["seconds"].items():
        table.add_row(name, f"{1000 * seconds:.2f}", f"{1 / seconds:.1f}")
    console.print(table)
    console.print(
        f"{report['device']}, batches of {report['batch']}: {report['ratio']:.2f} times the baseline's pairs/s"
    )


def main(
    data: Annotated[Path, typer.Option(help="The training data folder (MODEL_CARD.md).")],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    batch: Annotated[int, typer.Option(min=1, help="Pairs a batch.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="Measured rounds, after one that warms up.")] = 5,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the batches on a cpu.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("out/benchmarks/pairs.json"),
) -> None:
    """Measure batches of pairs against one pair a call."""
    cv2.setNumThreads(1)
    torch.set_num_threads(threads)
    model = MorphableModel.load(data / "ict_facekit.npz")
    single, parallel = MeshModel.of(model, "cpu"), MeshModel.of(model, device, PARALLEL)
    stream = PairStream(data, device, sweeps=0.25, photos=PHOTOS)
    baseline, batched, drawing = [], [], []
    load, rng = os.getloadavg()[0], np.random.default_rng(0)
    for number in track(range(1 + rounds), "pairs", console=console):
        draw = stream.draw(batch, rng)
        times = single_seconds(single, draw, min(batch, BASELINE_PAIRS)), batched_seconds(parallel, draw)
        if number:
            baseline.append(times[0])
            batched.append(times[1])
            drawing.append(draw_seconds(stream, batch, rng))
    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else f"cpu, {threads} thread(s)"
    report = {
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine(), "load_before": round(load, 2)},
        "device": name,
        "batch": batch,
        "rounds": rounds,
        "seconds": {
            "baseline: compiled kernels, one pair a call on one core": float(np.median(baseline)),
            "parallel kernels, whole batches": float(np.median(batched)),
            "drawing motions and windows for it": float(np.median(drawing)),
        },
        "ratio": round(float(np.median(baseline) / np.median(batched)), 3),
    }
    if torch.device(device).type == "cuda":
        report["peak_memory_gb"] = round(torch.cuda.max_memory_allocated(device) / 1e9, 2)
    show(report)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
