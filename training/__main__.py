"""`python -m training …`: everything from photos to the bundle that the service loads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datasets import command_line

if TYPE_CHECKING:
    from training.pairs.source import Material

STREAM_SWEEPS = 0.45  # share of sweeps in pairs made while training: nothing else brings the small motions forward

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Data = Annotated[Path, typer.Option(help="Training data folder; MODEL_CARD.md says what is in it.")]


@app.command()
def pairs(
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the shards go.")] = Path("runs/pairs"),
    count: Annotated[int, typer.Option(help="How many pairs.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed makes other pairs.")] = 0,
    processes: Annotated[int, typer.Option(help="Processes, one core each.")] = 2,
    sweeps: Annotated[float, typer.Option(min=0, max=1, help="Share in which only one or two sliders move.")] = 0.25,
) -> None:
    """Make training pairs from still photos; shards that exist are kept, so the same command resumes."""
    from training.pairs.generate import make_pairs

    make_pairs(data, out, count, seed, processes, sweeps)


@app.command()
def real_pairs(
    data: Data,
    clips: Annotated[Path, typer.Option(help="Clips that the extractor's `clips` labelled.")] = Path(
        "runs/extractor/clips"
    ),
    out: Annotated[Path, typer.Option(help="Where the shards go.")] = Path("runs/real-pairs"),
    count: Annotated[int, typer.Option(help="How many pairs.")] = 3000,
    seed: Annotated[int, typer.Option(help="Another seed makes other pairs.")] = 0,
) -> None:
    """Make training pairs of two real pictures of one person; shards that exist are kept."""
    from training.pairs.real import make_real_pairs

    make_real_pairs(data, clips, out, count, seed)


Pairs = Annotated[Path, typer.Option(help="Folder that `pairs` wrote.")]
Real = Annotated[Path | None, typer.Option(help="Folder that `real-pairs` wrote: a fifth of what is drawn.")]
Stream = Annotated[
    Path | None,
    typer.Option(help="Training data folder: make pairs on the device while training, and read none. For GPUs."),
]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Preset = Annotated[str, typer.Option(help="Network configuration: paper, small or debug.")]
Steps = Annotated[int, typer.Option(help="Length of the run; the learning rate falls over its last 40 %.")]

BatchSize = Annotated[int, typer.Option(help="Pairs a step; half of them are used backwards.")]
LearningRate = Annotated[float, typer.Option(help="Adam's, at full speed.")]
Start = Annotated[
    Path | None,
    typer.Option(help="Run or bundle whose weights a fresh run takes, where they fit.", exists=True),
]
Compiled = Annotated[bool, typer.Option("--compile", help="Fuse the networks: minutes at the start, faster after.")]


@app.command()
def head(
    pairs: Pairs = Path("runs/pairs"),
    stream: Stream = None,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/head"),
    steps: Steps = 1500,
    batch_size: BatchSize = 48,
    learning_rate: LearningRate = 1e-2,
) -> None:
    """Stage nought: the mean head that a change of pose turns. `warping --start` goes on from it."""
    from training.renderer.head import train_head
    from training.renderer.stage import Schedule

    train_head(_material(pairs, None, stream, device), out, Schedule(steps, batch_size, learning_rate))


@app.command()
def warping(
    pairs: Pairs = Path("runs/pairs"),
    real: Real = None,
    stream: Stream = None,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/warping"),
    preset: Preset = "small",
    steps: Steps = 8000,
    batch_size: BatchSize = 16,
    learning_rate: LearningRate = 3e-4,
    compiled: Compiled = False,
    start: Start = None,
) -> None:
    """Stage one: mapping and warping networks on the known flow. The same command resumes."""
    from training.renderer.stage import Schedule
    from training.renderer.stages import train_warping

    schedule = Schedule(steps, batch_size, learning_rate, compiled, start)
    train_warping(_material(pairs, real, stream, device), out, preset, schedule)


@app.command()
def editing(
    pairs: Pairs = Path("runs/pairs"),
    real: Real = None,
    stream: Stream = None,
    device: Device = "cpu",
    warping: Annotated[Path, typer.Option(help="Run of stage one.")] = Path("runs/warping"),
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/editing"),
    preset: Preset = "small",
    steps: Steps = 5000,
    batch_size: BatchSize = 8,
    learning_rate: LearningRate = 3e-4,
    compiled: Compiled = False,
    start: Start = None,
) -> None:
    """Stage two: the editing network on pictures. The same command resumes."""
    from training.renderer.stage import Schedule
    from training.renderer.stages import train_editing

    schedule = Schedule(steps, batch_size, learning_rate, compiled, start)
    train_editing(_material(pairs, real, stream, device), out, warping, preset, schedule)


@app.command()
def refinement(
    real: Annotated[Path, typer.Option(help="Folder that `real-pairs` wrote: half of every batch.")],
    editing: Annotated[Path, typer.Option(help="Run of stage two, or a bundle, to begin with.")],
    extractor: Annotated[Path, typer.Option(help="The regressor: a bundle's extractor.onnx, or a run's state.pt.")],
    pairs: Pairs = Path("runs/pairs"),
    stream: Stream = None,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/refinement"),
    preset: Preset = "small",
    steps: Steps = 3000,
    batch_size: BatchSize = 8,
    learning_rate: LearningRate = 3e-4,
    compiled: Compiled = False,
) -> None:
    """Stage three: all networks, by what the extractor reads in their pictures. The same command resumes."""
    from training.renderer.refinement import train_refinement
    from training.renderer.stage import Schedule

    generated, taken = _material(pairs, None, stream, device), _material(real, None, None, device)
    schedule = Schedule(steps, batch_size, learning_rate, compiled)
    train_refinement(generated, taken, extractor, out, editing, preset, schedule)


def _material(pairs: Path, real: Path | None, stream: Path | None, device: str) -> Material:
    import torch

    from training.pairs.source import StoredPairs
    from training.pairs.stream import PairStream

    if stream is not None:
        return PairStream(stream, device, STREAM_SWEEPS)
    return StoredPairs(pairs, real, torch.device(device))


@app.command()
def export(
    run: Annotated[Path, typer.Option(help="Run whose averaged weights are released.")],
    detector: Annotated[Path, typer.Option(help="detector.onnx")],
    extractor: Annotated[Path, typer.Option(help="extractor.onnx")],
    provenance: Annotated[Path, typer.Option(help="JSON: data, licences, training.")],
    metrics: Annotated[Path, typer.Option(help="JSON: measured figures by name.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder.")] = Path("models/bundles/default"),
    preset: Preset = "small",
    speech: Annotated[
        Path | None, typer.Option(help="Speech run (`python -m training.audio train`), or a bundle that speaks.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The bundle's name; default: its folder's.")] = None,
    version: Annotated[str, typer.Option(help="Which of the bundles of that name it is.")] = "1",
) -> None:
    """Write a bundle from a renderer run, the extractor's files and a speech run. What does not fit is refused."""
    from training.export import export_bundle

    described, measured = command_line.read_json(provenance), command_line.read_json(metrics)
    name = name or out.name
    export_bundle(run, preset, detector, extractor, out, described, measured, speech, name=name, version=version)


if __name__ == "__main__":
    command_line.run(app)
