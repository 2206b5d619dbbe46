"""`python -m models.training.extractor detector|regressor`: train one of the extractor's networks and export it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from models.training.extractor.tasks import train_detector, train_regressor

app = typer.Typer(
    help="Train the face detector or the coefficient regressor. The same command resumes.", add_completion=False
)

Data = Annotated[Path, typer.Option(help="Training data folder, with portraits/ in it.", exists=True)]
Backgrounds = Annotated[Path, typer.Option(help="Folder of pictures without faces.", exists=True)]
Pairs = Annotated[
    Path | None, typer.Option(help="Folder of generated pairs (`python -m models.training pairs`).", exists=True)
]
Out = Annotated[Path, typer.Option(help="Folder of the run: state, log and the ONNX file.")]
DetectorFile = Annotated[
    Path, typer.Option("--detector", help="detector.onnx, trained: its mistakes become negatives.", exists=True)
]
Steps = Annotated[int, typer.Option(help="Length of the whole schedule, in batches.")]
Batch = Annotated[int, typer.Option(help="Pictures a batch.")]
Threads = Annotated[int, typer.Option(help="CPU threads of the network.")]
Workers = Annotated[int, typer.Option(help="Processes that draw samples.")]


@app.callback()
def configure() -> None:
    """Set up what both commands share."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


@app.command()
def detector(
    data: Data,
    backgrounds: Backgrounds,
    out: Out,
    steps: Steps = 1500,
    batch: Batch = 24,
    threads: Threads = 2,
    workers: Workers = 1,
) -> None:
    """Train the detector on collages; writes detector.onnx into the run's folder."""
    torch.set_num_threads(threads)
    train_detector(data, backgrounds, out, steps, batch, workers)


@app.command()
def regressor(
    data: Data,
    backgrounds: Backgrounds,
    out: Out,
    detector_file: DetectorFile,
    pairs: Pairs = None,
    steps: Steps = 4000,
    batch: Batch = 48,
    threads: Threads = 2,
    workers: Workers = 1,
) -> None:
    """Train the regressor on portraits; writes extractor.onnx into the run's folder."""
    torch.set_num_threads(threads)
    train_regressor(data, backgrounds, pairs, detector_file, out, steps, batch, workers)


if __name__ == "__main__":
    app()
