"""`python -m training.extractor detector|clips|regressor`: label clips, train the extractor's networks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from datasets import command_line
from datasets.clips import SHARD_CLIPS, label_clips
from datasets.labeller import LABELLER_HELP, Labeller
from training.clips import open_clips
from training.command import DryRun, execute
from training.extractor.detector import DetectorData, DetectorOptions, detector_trainer
from training.extractor.regressor import RegressorData, RegressorOptions, regressor_trainer
from training.options import with_options
from training.plan import shard_plan

app = typer.Typer(
    help="Train the face detector or the coefficient regressor. The same command resumes.", add_completion=False
)

Data = Annotated[Path, typer.Option(help="Training data folder, with portraits/ in it.", exists=True)]
BackgroundsFolder = Annotated[Path, typer.Option(help="Folder of pictures without faces.", exists=True)]
Pairs = Annotated[
    Path | None, typer.Option(help="Folder of generated pairs (`python -m training pairs`).", exists=True)
]
ClipsFolder = Annotated[Path | None, typer.Option("--clips", help="Folder that `clips` has written.", exists=True)]
Earlier = Annotated[
    Path | None, typer.Option(help="An earlier detector.onnx, whose false faces are drawn more often.", exists=True)
]
Start = Annotated[
    Path | None,
    typer.Option(help="An earlier run's state.pt, or a bundle's .onnx file, to take weights from.", exists=True),
]
Out = Annotated[Path, typer.Option(help="Folder of the run: record, state, log and the ONNX file.")]
DetectorFile = Annotated[
    Path, typer.Option("--detector", help="detector.onnx, trained: its mistakes become negatives.", exists=True)
]


@app.callback()
def configure() -> None:
    """Set up what the commands share."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


@app.command()
@with_options
def detector(
    data: Data,
    backgrounds: BackgroundsFolder,
    out: Out,
    options: DetectorOptions,
    earlier: Earlier = None,
    start: Start = None,
    dry_run: DryRun = False,
) -> None:
    """Train the detector on collages; writes detector.onnx into the run's folder."""
    torch.set_num_threads(options.threads)
    execute(detector_trainer(DetectorData(data, backgrounds, earlier), out, options, start), dry_run=dry_run)


@app.command()
def clips(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the shards.")] = Path("runs/extractor/clips"),
    every: Annotated[int, typer.Option(min=1, help="Label every n-th frame.")] = 5,
    labeller: Annotated[Labeller, typer.Option(help=LABELLER_HELP)] = "mediapipe",
    dry_run: DryRun = False,
) -> None:
    """Label frames of speech clips: landmarks and scores, and the 3DMM fitted with one identity."""
    if dry_run:
        found = open_clips(data, labeller)
        names = [f"{split}-{n:03d}" for split, files in found.items() for n in range(-(-len(files) // SHARD_CLIPS))]
        counted = f"{data}: {sum(map(len, found.values()))} clips, of which every {every}th frame is read"
        typer.echo(shard_plan("training.extractor clips", {"data": counted}, names, out))
        return
    label_clips(data, out, every, labeller)


@app.command()
@with_options
def regressor(
    data: Data,
    backgrounds: BackgroundsFolder,
    out: Out,
    detector_file: DetectorFile,
    options: RegressorOptions,
    pairs: Pairs = None,
    clips_folder: ClipsFolder = None,
    start: Start = None,
    dry_run: DryRun = False,
) -> None:
    """Train the regressor on portraits, generated pairs and clips; writes extractor.onnx into the run's folder."""
    torch.set_num_threads(options.threads)
    source = RegressorData(data, backgrounds, detector_file, pairs, clips_folder)
    execute(regressor_trainer(source, out, options, start), dry_run=dry_run)


if __name__ == "__main__":
    command_line.run(app)
