"""How fast POST /reenact is end to end, where the time goes, and whether memory grows with the driver's length.

    python -m benchmarks.reenact         10 s of a 512 × 512 driver, then the memory at 10 s and at 120 s
    python -m benchmarks.reenact --seconds 2 --long-seconds 4

It starts the embedded stack itself, so that it can watch the processes. The driver is made on the spot: a photo moved
and scaled inside its frame, with a tone. The baseline of the speed is the bare editor in this process, rendering the
same motion from the same photo with nothing decoded, extracted or encoded, before the stack starts: the ratio is what
all the rest adds. Stages overlap, so the fractions of the job's wall time may add up to more than 100 %.
"""

from __future__ import annotations

import io
import json
import os
import platform
import threading
import time
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import av
import httpx
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from benchmarks.memory import held, stack_processes
from models.coefficients import Transfer, transfer
from models.portrait import PortraitEditor
from service.embedded.background import embedded_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE, FPS, RATE = 512, 25, 48_000
STAGES = ("decode_s", "extract_s", "render_s", "encode_s")
WATCH_EVERY_S = 0.1

console = Console()


def driving_frames(photo: np.ndarray, seconds: float) -> Iterator[np.ndarray]:
    """The photo swaying and nearing, uint8 [512, 512, 3]."""
    image = Image.fromarray(photo)
    for index in range(round(seconds * FPS)):
        phase = 2 * np.pi * index / (2 * FPS)
        x, side = 12 * np.sin(phase), 470 + 12 * np.cos(phase / 3)
        left, top = (SIDE - side) / 2 + x, (SIDE - side) / 2
        box = (left, top, left + side, top + side)
        yield np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box))


def write_driver(path: Path, photo: np.ndarray, seconds: float) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "23", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        audio = container.add_stream("aac", rate=RATE)
        audio.codec_context.layout = "mono"
        for index, pixels in enumerate(driving_frames(photo, seconds)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            clock = np.arange(RATE // FPS) / RATE + index / FPS
            tone = (0.1 * np.sin(2 * np.pi * 440 * clock)).astype(np.float32)[None]
            samples = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = RATE, index * (RATE // FPS), Fraction(1, RATE)
            container.mux(audio.encode(samples))
        for stream in (audio, video):
            container.mux(stream.encode(None))


def bare_render(photo: np.ndarray, source: np.ndarray, seconds: float) -> float:
    """Frames a second of `PortraitEditor.render` alone, at the motion that the driver makes of the source."""
    editor = PortraitEditor.load()
    clock = ((index / FPS, frame) for index, frame in enumerate(driving_frames(photo, seconds)))
    driving = [seen.coefficients for seen in editor.track(clock)]
    portrait = editor.analyse(source)
    known = np.stack([vector for vector in driving if vector is not None])
    motion = transfer(editor.space, portrait.coefficients, known, Transfer())
    started = time.perf_counter()
    for _ in editor.render(portrait, motion):
        pass
    return len(motion) / (time.perf_counter() - started)


@contextmanager
def memory_peaks() -> Iterator[dict[str, float]]:
    """Most MB that API and worker (with its decoder) hold while the block runs; shared pages count once on Linux."""
    watched = stack_processes()
    peaks = dict.fromkeys(watched, 0.0)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(WATCH_EVERY_S):
            for name, process in watched.items():
                peaks[name] = max(peaks[name], held(process))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield peaks
    ended.set()
    thread.join()


def reenact(http: httpx.Client, source: np.ndarray, driver: Path) -> tuple[float, dict[str, Any], dict[str, float]]:
    """Seconds from the upload to the clip, the finished job, and the memory peaks on the way."""
    photo = io.BytesIO()
    Image.fromarray(source).save(photo, "png")
    with memory_peaks() as peaks, driver.open("rb") as file:
        started = time.perf_counter()
        answer = http.post("/reenact", files={"source": ("source.png", photo.getvalue()), "driver": file})
        if answer.status_code != httpx.codes.ACCEPTED:
            raise SystemExit(f"POST /reenact answered {answer.status_code}: {answer.text}")
        job = answer.json()
        while job["status"] in ("queued", "running"):
            time.sleep(0.2)
            job = http.get(answer.headers["location"]).json()
        if job["status"] != "succeeded":
            raise SystemExit(f"The job {job['status']}: {job['error']}")
        http.get(job["result"]["url"]).raise_for_status()
        return time.perf_counter() - started, job, peaks


def show(report: dict[str, Any]) -> None:
    speed = report["speed"]
    table = Table(title=f"POST /reenact, {speed['frames']} frames of 512 × 512, H.264 with AAC")
    for column in ("", "frames/s", "fraction of the job"):
        table.add_column(column)
    table.add_row("end to end, upload and download included", f"{speed['end_to_end_fps']:.2f}", "")
    table.add_row("baseline: bare editor.render", f"{speed['baseline_fps']:.2f}", "")
    for name, fraction in speed["fractions"].items():
        table.add_row(name.removesuffix("_s"), "", f"{fraction:.0%}")
    console.print(table)
    console.print(f"end to end runs at {speed['ratio']:.2f} of the baseline")
    memory = Table(title="Peak memory, MB")
    lengths = list(report["memory_mb"])
    for column in ("", *lengths, "growth"):
        memory.add_column(column)
    for name in report["memory_mb"][lengths[0]]:
        peaks = [report["memory_mb"][length][name] for length in lengths]
        memory.add_row(name, *(f"{peak:.0f}" for peak in peaks), f"{peaks[-1] - peaks[0]:+.0f}")
    console.print(memory)


def main(
    seconds: Annotated[float, typer.Option(min=1, help="Length of the driver whose speed is measured.")] = 10,
    long_seconds: Annotated[float, typer.Option(min=1, help="Length of the driver that memory is compared at.")] = 120,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("out/benchmarks/reenact.json"),
) -> None:
    """Measure POST /reenact."""
    photo = data.astronaut()
    load = os.getloadavg()[0]
    baseline = bare_render(photo, photo, seconds)
    with TemporaryDirectory() as folder, embedded_stack() as url, httpx.Client(base_url=url, timeout=120) as http:
        short, long = Path(folder, "short.mp4"), Path(folder, "long.mp4")
        write_driver(short, photo, seconds)
        write_driver(long, photo, long_seconds)
        reenact(http, photo, short)  # warms up: the first frames of a process are slow, and its memory still grows
        wall, job, peaks = reenact(http, photo, short)
        _, _, long_peaks = reenact(http, photo, long)
    frames, metrics = job["result"]["frames"], job["metrics"]
    report = {
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine(), "load_before": round(load, 2)},
        "speed": {
            "frames": frames,
            "end_to_end_fps": round(frames / wall, 3),
            "baseline_fps": round(baseline, 3),
            "ratio": round(frames / wall / baseline, 3),
            "fractions": {name: round(metrics[name] / wall, 3) for name in STAGES},
        },
        "memory_mb": {f"{seconds:g} s": peaks, f"{long_seconds:g} s": long_peaks},
    }
    show(report)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
