"""How fast POST /talk is against real time: the motion alone, and the whole job.

    python -m benchmarks.talk         10 s of speech
    python -m benchmarks.talk --seconds 60 --threads 1 --bundle path/to/bundle

The motion is measured in this process, with the bundle's editor and nothing else running: seconds of motion made a
second, and how long the first frames take. Then it starts the embedded stack and sends the same speech with a photo;
stages overlap, so the fractions of the job's wall time may add up to more than 100 %. The speech is the
demo's sentence, over and over.
"""

from __future__ import annotations

import io
import json
import os
import platform
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import soundfile
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy.signal import resample_poly
from skimage import data

from models.audio import FRAME_RATE, SAMPLE_RATE, frame_count
from models.bundle import DEFAULT_BUNDLE
from models.coefficients import LazyMotion
from models.portrait import PortraitEditor
from service.embedded.background import embedded_stack

SENTENCE = Path(__file__).parents[1] / "examples" / "demo" / "sentence.flac"
CHUNK = 1024
STAGES = ("decode_s", "extract_s", "motion_s", "render_s", "encode_s")

console = Console()


def speech(seconds: float) -> np.ndarray:
    """float32 [samples] at 16 kHz."""
    samples, rate = soundfile.read(SENTENCE, dtype="float32")
    sentence = resample_poly(samples, SAMPLE_RATE, rate).astype(np.float32)
    return np.resize(sentence, round(seconds * SAMPLE_RATE)).clip(-1, 1)


def motion_alone(bundle: Path, threads: int | None, photo: np.ndarray, sound: np.ndarray) -> dict[str, float]:
    """Seconds of motion made a second, by the second of two runs, and the seconds until its first frames."""
    editor = PortraitEditor.load(bundle, threads=threads)
    if editor.speech is None:
        raise SystemExit(f"The bundle {bundle} has no speech model; name one that has with --bundle.")
    source = editor.analyse(photo)
    first = total = 0.0
    for _ in range(2):  # the first one warms up
        chunks = np.split(sound, range(CHUNK, len(sound), CHUNK))
        started = time.perf_counter()
        motion = editor.speak(source, chunks, seed=0)
        next(motion)
        first = time.perf_counter() - started
        for _ in motion:
            pass
        total = time.perf_counter() - started
    return {"times_real_time": round(len(sound) / SAMPLE_RATE / total, 2), "first_frames_s": round(first, 4)}


def first_picture(bundle: Path, threads: int | None, photo: np.ndarray, sound: np.ndarray) -> dict[str, float]:
    """Seconds from a sound to the first picture of its clip, by the second of two runs: the rest of the motion is drawn
    while pictures come. And the same with all of the motion drawn before."""
    editor = PortraitEditor.load(bundle, threads=threads)
    source, frames = editor.analyse(photo), frame_count(len(sound), FRAME_RATE)
    seconds = {}
    for name in ("warm up", "while drawn", "when drawn"):
        started = time.perf_counter()
        motion = LazyMotion(editor.speak(source, [sound], seed=0), frames)
        next(iter(editor.render(source, motion.whole() if name == "when drawn" else motion)))
        seconds[name] = round(time.perf_counter() - started, 4)
    return {"first_picture_s": seconds["while drawn"], "first_picture_after_all_motion_s": seconds["when drawn"]}


def whole_job(http: httpx.Client, photo: np.ndarray, sound: np.ndarray) -> tuple[float, dict[str, Any]]:
    """Seconds from the upload to the clip, and the finished job."""
    source, audio = io.BytesIO(), io.BytesIO()
    Image.fromarray(photo).save(source, "png")
    soundfile.write(audio, sound, SAMPLE_RATE, format="FLAC")
    files = {"source": source.getvalue(), "audio": audio.getvalue()}
    started = time.perf_counter()
    answer = http.post("/talk", files=files, data={"options": '{"seed": 0}'})
    if answer.status_code != httpx.codes.ACCEPTED:
        raise SystemExit(f"POST /talk answered {answer.status_code}: {answer.text}")
    with http.stream("GET", f"{answer.headers['location']}/events") as events:  # which end with the job
        states = [line.removeprefix("data: ") for line in events.iter_lines() if line.startswith("data: ")]
    job = json.loads(states[-1])
    if job["status"] != "succeeded":
        raise SystemExit(f"The job {job['status']}: {job['error']}")
    http.get(job["result"]["url"]).raise_for_status()
    return time.perf_counter() - started, job


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"POST /talk, {report['seconds']:g} s of speech")
    for column in ("", "times real time", "fraction of the job"):
        table.add_column(column)
    table.add_row("motion alone, in this process", f"{report['motion']['times_real_time']:.2f}", "")
    table.add_row("whole job, upload and download included", f"{report['job']['times_real_time']:.2f}", "")
    for name, fraction in report["job"]["fractions"].items():
        table.add_row(name.removesuffix("_s"), "", f"{fraction:.0%}")
    console.print(table)
    console.print(
        "first frames of motion after {first_frames_s:.3f} s, the first picture after {first_picture_s:.3f} s".format(
            **report["motion"]
        )
    )


def main(
    seconds: Annotated[float, typer.Option(min=1, help="Length of the speech.")] = 10,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of the models; unset means all.")] = None,
    bundle: Annotated[Path, typer.Option(help="A bundle with a speech model.")] = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("out/benchmarks/talk.json"),
) -> None:
    """Measure POST /talk."""
    photo, sound = data.astronaut(), speech(seconds)
    load = os.getloadavg()[0]
    motion = motion_alone(bundle, threads, photo, sound) | first_picture(bundle, threads, photo, sound)
    os.environ["PORTRAIT_BUNDLE"] = str(bundle)  # for the stack
    if threads is not None:
        os.environ["PORTRAIT_THREADS"] = str(threads)
    with embedded_stack() as url, httpx.Client(base_url=url, timeout=600) as http:
        whole_job(http, photo, speech(1))  # warms up
        wall, job = whole_job(http, photo, sound)
    report = {
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine(), "load_before": round(load, 2)},
        "seconds": seconds,
        "motion": motion,
        "job": {
            "times_real_time": round(seconds / wall, 3),
            "fractions": {name: round(job["metrics"][name] / wall, 3) for name in STAGES},
        },
    }
    show(report)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
