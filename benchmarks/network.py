"""How fast the networks alone are: presets, engines, precisions and batches, one 256² frame after the other.

    python -m benchmarks.network

The baseline is the `paper` network computed eagerly in float32, a frame at a time, as the authors' code does. Weights
of `small` are the released ones, those of `paper` are random: speed does not depend on them. PSNR is against the same
network in float32 on PyTorch. The peak is that of a large matrix product in the same precision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from skimage import data
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle
from models.extractor import Crop
from models.renderer import PRESETS, PIRenderer
from models.renderer.engine import CompiledEngine, Engine
from models.renderer.synthesis import to_tensor
from models.runtime import thread_count

BASELINE = "paper, PyTorch, float32, batch 1"
SECONDS = 3.0  # of measuring, for every row
MATMUL = 2048

console = Console()


def fastest_of(call: Callable[[], object], seconds: float = SECONDS) -> float:
    """Seconds of one call: the fastest of those that fit into the time, of two at least; the first one warms up."""
    call()
    times, ends = [], time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < ends:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def matmul_peak(dtype: torch.dtype) -> float:
    """GFLOP/s of a large matrix product."""
    square = torch.randn(MATMUL, MATMUL).to(dtype)
    return 2 * MATMUL**3 / fastest_of(lambda: square @ square, 1) / 1e9


def gflops(renderer: PIRenderer, source: Tensor, descriptor: Tensor) -> float:
    """GFLOP of one frame."""
    with FlopCounterMode(display=False) as counter:
        renderer(source, descriptor)
    return counter.get_total_flops() / 1e9


def under_autocast(renderer: PIRenderer) -> Engine:
    """PyTorch in bfloat16, on memory laid out channels last."""
    renderer = renderer.to(memory_format=torch.channels_last)

    def render(source: Tensor, descriptor: Tensor) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return renderer(source.contiguous(memory_format=torch.channels_last), descriptor)

    return render


def psnr(seen: Tensor, wanted: Tensor) -> float:
    """Of pictures in [-1, 1], dB."""
    return float(10 * torch.log10(4 / (seen.float() - wanted).square().mean().clamp_min(1e-20)))


def renderers() -> dict[str, PIRenderer]:
    """The networks that are measured."""
    torch.manual_seed(0)
    return {
        "paper": PIRenderer(PRESETS["paper"]).eval().requires_grad_(False),
        "small": load_renderer(open_bundle(DEFAULT_BUNDLE)),
    }


@torch.inference_mode()
def measured() -> dict[str, Any]:
    """All rows, and the machine's peaks."""
    peaks = {name: matmul_peak(dtype) for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))}
    picture = to_tensor(Crop(130, 0, 200).cut(data.astronaut(), 256), torch.device("cpu"))
    rows: list[dict[str, Any]] = []
    for preset, renderer in renderers().items():
        channels, window = renderer.preset.mapping.channels, renderer.preset.mapping.window
        descriptor = 0.2 * torch.randn(4, channels, window)
        wanted = renderer(picture, descriptor[:1]).image
        work = gflops(renderer, picture, descriptor[:1])
        compiled = CompiledEngine(renderer, thread_count())
        engines: list[tuple[str, str, Engine]] = [
            ("PyTorch", "float32", renderer),
            ("OpenVINO", compiled.precision, compiled),
            ("PyTorch, channels last", "bfloat16", under_autocast(renderer)),  # last: it lays the weights out anew
        ]
        for engine, precision, render in engines:
            for batch in (1, 4):
                source, motion = picture.expand(batch, -1, -1, -1), descriptor[:batch]
                seconds = fastest_of(lambda render=render, source=source, motion=motion: render(source, motion)) / batch
                rows.append(
                    {
                        "name": f"{preset}, {engine}, {precision}, batch {batch}",
                        "frames_per_s": 1 / seconds,
                        "gflops": work / seconds,
                        "of_peak": work / seconds / peaks.get(precision, peaks["float32"]),
                        "psnr": psnr(render(picture, descriptor[:1]).image, wanted),
                    }
                )
    baseline = next(row["frames_per_s"] for row in rows if row["name"] == BASELINE)
    for row in rows:
        row["ratio"] = row["frames_per_s"] / baseline
    return {"threads": thread_count(), "matmul_gflops": peaks, "baseline": BASELINE, "rows": rows}


def main() -> None:
    """Measure the networks."""
    report = measured()
    table = Table(title=f"256² frames on {report['threads']} threads")
    for column in ("network", "frames/s", "GFLOP/s", "of the peak", "PSNR dB", "times the baseline"):
        table.add_column(column)
    for row in report["rows"]:
        numbers = f"{row['frames_per_s']:.2f}", f"{row['gflops']:.0f}", f"{row['of_peak']:.0%}", f"{row['psnr']:.0f}"
        table.add_row(row["name"], *numbers, f"{row['ratio']:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
