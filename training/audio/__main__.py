"""`python -m training.audio record|corpus|train|export`: from clips to the speech of a bundle."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from datasets import command_line
from datasets.speech.recordings import read_recordings
from models.bundle import DEFAULT_BUNDLE
from models.runtime import thread_count
from training.audio.corpus import Amounts, build
from training.audio.export import add_speech
from training.audio.loop import Schedule
from training.audio.loop import train as train_flows

app = typer.Typer(
    help="Train what turns speech into motion. The same command resumes.", add_completion=False, no_args_is_help=True
)

Data = Annotated[Path, typer.Option(help="Training data folder, with grid_s1/ in it.", exists=True)]
Recordings = Annotated[Path, typer.Option(help="Folder that `record` writes.")]
CorpusFolder = Annotated[Path, typer.Option("--corpus", help="Folder that `corpus` writes.")]
Run = Annotated[Path, typer.Option(help="Folder of the run: state and log.")]
Preset = Annotated[str, typer.Option(help="Size of the networks: small or debug.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes, one core each.")]
Json = Annotated[Path | None, typer.Option(help="JSON to add to the bundle's manifest.", exists=True)]

_CORES = thread_count()
_RECORDINGS, _CORPUS, _RUN = Path("runs/audio/recordings"), Path("runs/audio/corpus"), Path("runs/audio/speech")


@app.callback()
def configure() -> None:
    """Set up what the commands share."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


@app.command()
def record(
    data: Data,
    out: Recordings = _RECORDINGS,
    processes: Processes = 2,
    identity: Annotated[
        Path | None, typer.Option(help="identity.npy of labelled clips; found here if not given.", exists=True)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=4, help="At most so many clips of each split, for trials.")] = None,
) -> None:
    """Fit the 3DMM to every frame of the speech clips, with one identity; keep coefficients and sound."""
    read_recordings(data, out, processes, limit, identity)


@app.command()
def corpus(
    data: Data,
    recordings: Recordings = _RECORDINGS,
    out: CorpusFolder = _CORPUS,
    disguises: Annotated[int, typer.Option(min=1, help="How often every recording is used.")] = Amounts.disguises,
    sentences: Annotated[int, typer.Option(min=1, help="Sentences said by eSpeak NG.")] = Amounts.sentences,
    quiets: Annotated[int, typer.Option(min=1, help="Sounds that are no speech.")] = Amounts.quiets,
    processes: Processes = 2,
) -> None:
    """Make the training corpus: recordings in disguise, synthetic speech, sounds without speech."""
    build(data, recordings, out, Amounts(disguises, sentences, quiets), processes)


@app.command()
def train(
    corpus_folder: CorpusFolder = _CORPUS,
    out: Run = _RUN,
    preset: Preset = "small",
    steps: Annotated[int, typer.Option(help="Length of the run; the learning rate falls over its second half.")] = 4000,
    batch: Annotated[int, typer.Option(help="Windows a step.")] = Schedule.batch,
    frames: Annotated[int, typer.Option(max=80, help="Frames of a window.")] = Schedule.frames,
    learning_rate: Annotated[float, typer.Option(help="Adam's, at full speed.")] = Schedule.learning_rate,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = _CORES,
) -> None:
    """Train both flows by likelihood."""
    torch.set_num_threads(threads)
    train_flows(corpus_folder, out, preset, Schedule(steps, batch, frames, learning_rate))


@app.command()
def export(
    run: Run = _RUN,
    bundle: Annotated[Path, typer.Option(help="The bundle that gets the speech.")] = DEFAULT_BUNDLE,
    preset: Preset = "small",
    provenance: Json = None,
    metrics: Json = None,
    version: Annotated[str | None, typer.Option(help="The bundle's new version; default: it keeps its own.")] = None,
) -> None:
    """Put a run's averaged weights into a bundle as audio.safetensors; a bundle that they do not fit is left alone."""
    described, measured = (command_line.read_json(path) if path else {} for path in (provenance, metrics))
    add_speech(run, bundle, preset, described, measured, version=version)


if __name__ == "__main__":
    command_line.run(app)
