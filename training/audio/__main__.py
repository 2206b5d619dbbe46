"""`python -m training.audio record|corpus|train|export`: from clips to the speech of a bundle."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from datasets import command_line
from datasets.labeller import LABELLER_HELP, Labeller
from datasets.speech.recordings import read_recordings
from datasets.speech.speakers import OTHERS, read_speakers
from models.bundle import DEFAULT_BUNDLE
from models.runtime import thread_count
from training.audio.corpus import Amounts, build
from training.audio.corpus import plan as plan_corpus
from training.audio.export import add_speech, plan_speech
from training.audio.speech import SpeechOptions, speech_trainer
from training.clips import open_clips
from training.command import DryRun, execute
from training.options import with_options
from training.plan import shard_plan

app = typer.Typer(
    help="Train what turns speech into motion. The same command resumes.", add_completion=False, no_args_is_help=True
)

Data = Annotated[Path, typer.Option(help="Training data folder, with grid_s1/ in it.", exists=True)]
Recordings = Annotated[Path, typer.Option(help="Folder that `record` writes.")]
CorpusFolder = Annotated[Path, typer.Option("--corpus", help="Folder that `corpus` writes.")]
Run = Annotated[Path, typer.Option(help="Folder of the run: record, state and log.")]
Preset = Annotated[str, typer.Option(help="Size of the networks: small or debug.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes, one core each.")]
Json = Annotated[Path | None, typer.Option(help="JSON to add to the bundle's manifest.", exists=True)]

_CORES = thread_count()
_RECORDINGS, _CORPUS, _RUN = Path("runs/audio/recordings"), Path("runs/audio/corpus"), Path("runs/audio/speech")


@app.callback()
def configure() -> None:
    """Set up what the commands fraction."""
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
    labeller: Annotated[Labeller, typer.Option(help=LABELLER_HELP)] = "mediapipe",
    dry_run: DryRun = False,
) -> None:
    """Fit the 3DMM to every frame of the speech clips, with one identity; keep coefficients and sound."""
    if dry_run:
        clips = open_clips(data, labeller)
        names = [f"{split}/{clip.stem}.npz" for split, files in clips.items() for clip in files[:limit]]
        count = sum(map(len, clips.values()))
        typer.echo(shard_plan("training.audio record", {"data": f"{data}: {count} clips"}, names, out))
        return
    read_recordings(data, out, processes, limit, identity, labeller)
    read_speakers(data, out / OTHERS, labeller)


@app.command()
def corpus(
    data: Data,
    recordings: Recordings = _RECORDINGS,
    out: CorpusFolder = _CORPUS,
    disguises: Annotated[int, typer.Option(min=1, help="How often every recording is used.")] = Amounts.disguises,
    sentences: Annotated[int, typer.Option(min=1, help="Sentences spoken by eSpeak NG.")] = Amounts.sentences,
    non_speech: Annotated[int, typer.Option(min=1, help="Sounds that are no speech.")] = Amounts.non_speech,
    processes: Processes = 2,
    dry_run: DryRun = False,
) -> None:
    """Make the training corpus: recordings in disguise, synthetic speech, sounds without speech."""
    amounts = Amounts(disguises, sentences, non_speech)
    if dry_run:
        typer.echo(plan_corpus(data, recordings, out, amounts))
        return
    build(data, recordings, out, amounts, processes)


@app.command()
@with_options
def train(
    options: SpeechOptions,
    corpus_folder: CorpusFolder = _CORPUS,
    out: Run = _RUN,
    start: Annotated[
        Path | None, typer.Option(help="Bundle whose speech a fresh run goes on from.", exists=True)
    ] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = _CORES,
    dry_run: DryRun = False,
) -> None:
    """Train both flows by likelihood."""
    torch.set_num_threads(threads)
    execute(speech_trainer(corpus_folder, out, options, start), dry_run=dry_run)


@app.command()
def export(
    run: Run = _RUN,
    bundle: Annotated[Path, typer.Option(help="The bundle that gets the speech.")] = DEFAULT_BUNDLE,
    preset: Preset = "small",
    provenance: Json = None,
    metrics: Json = None,
    version: Annotated[str | None, typer.Option(help="The bundle's new version; default: it keeps its own.")] = None,
    fraction: Annotated[
        float, typer.Option(min=0, max=1, help="Of the run in the new weights; the rest is the bundle's own speech.")
    ] = 1.0,
    dry_run: DryRun = False,
) -> None:
    """Put a run's averaged weights into a bundle as audio.safetensors; a bundle that they do not fit is left alone."""
    if dry_run:
        typer.echo(plan_speech(run, bundle, preset))
        return
    described, measured = (command_line.read_json(path) if path else {} for path in (provenance, metrics))
    add_speech(run, bundle, preset, described, measured, version=version, fraction=fraction)


if __name__ == "__main__":
    command_line.run(app)
