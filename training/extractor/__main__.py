"""`python -m training.extractor detector|clips|regressor`: label clips, train the extractor's networks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from datasets.clips import label_clips
from datasets.command_line import run
from models.runtime import thread_count
from training.extractor.loop import Schedule
from training.extractor.tasks import RegressorMaterial, train_detector, train_regressor

app = typer.Typer(
    help="Train the face detector or the coefficient regressor. The same command resumes.", add_completion=False
)

Data = Annotated[Path, typer.Option(help="Training data folder, with portraits/ in it.", exists=True)]
Backgrounds = Annotated[Path, typer.Option(help="Folder of pictures without faces.", exists=True)]
Pairs = Annotated[
    Path | None, typer.Option(help="Folder of generated pairs (`python -m training pairs`).", exists=True)
]
ClipsFolder = Annotated[Path | None, typer.Option("--clips", help="Folder that `clips` has written.", exists=True)]
Earlier = Annotated[
    Path | None, typer.Option(help="An earlier detector.onnx, whose false faces are shown more often.", exists=True)
]
Start = Annotated[
    Path | None,
    typer.Option(help="An earlier run's state.pt, or a bundle's .onnx file, to take weights from.", exists=True),
]
Out = Annotated[Path, typer.Option(help="Folder of the run: state, log and the ONNX file.")]
DetectorFile = Annotated[
    Path, typer.Option("--detector", help="detector.onnx, trained: its mistakes become negatives.", exists=True)
]
Steps = Annotated[int, typer.Option(help="Length of the whole schedule, in batches.")]
Batch = Annotated[int, typer.Option(help="Pictures a batch.")]
Rate = Annotated[float, typer.Option(help="AdamW's learning rate, at full speed.")]
Threads = Annotated[int, typer.Option(help="CPU threads of the network.")]
Workers = Annotated[int, typer.Option(help="Processes that draw samples.")]

_CORES = thread_count()


@app.callback()
def configure() -> None:
    """Set up what both commands share."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


@app.command()
def detector(
    data: Data,
    backgrounds: Backgrounds,
    out: Out,
    earlier: Earlier = None,
    start: Start = None,
    steps: Steps = 1500,
    batch: Batch = 24,
    rate: Rate = 3e-3,
    threads: Threads = _CORES,
    workers: Workers = 1,
) -> None:
    """Train the detector on collages; writes detector.onnx into the run's folder."""
    torch.set_num_threads(threads)
    train_detector(data, backgrounds, out, Schedule(steps, batch, rate), workers, earlier, start)


@app.command()
def clips(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the shards.")] = Path("runs/extractor/clips"),
    every: Annotated[int, typer.Option(min=1, help="Label every n-th frame.")] = 5,
) -> None:
    """Label frames of speech clips: MediaPipe's landmarks, and the 3DMM fitted with one identity."""
    label_clips(data, out, every)


@app.command()
def regressor(
    data: Data,
    backgrounds: Backgrounds,
    out: Out,
    detector_file: DetectorFile,
    pairs: Pairs = None,
    clips_folder: ClipsFolder = None,
    start: Start = None,
    steps: Steps = 4000,
    batch: Batch = 48,
    rate: Rate = Schedule.rate,
    threads: Threads = _CORES,
    workers: Workers = 1,
) -> None:
    """Train the regressor on portraits, generated pairs and clips; writes extractor.onnx into the run's folder."""
    torch.set_num_threads(threads)
    material = RegressorMaterial(data, backgrounds, detector_file, pairs, clips_folder)
    train_regressor(material, out, Schedule(steps, batch, rate), workers, start)


if __name__ == "__main__":
    run(app)
