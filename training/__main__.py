"""`python -m training …`: everything from photos to the bundle that the service loads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datasets import command_line
from models.errors import TrainingDataError
from training.command import DryRun, chosen_device, execute
from training.data.command import data as data_commands
from training.options import option, with_options
from training.pairs.source import REAL_FRACTION
from training.renderer.editing import EditingOptions, editing_trainer
from training.renderer.head import HeadOptions, head_trainer
from training.renderer.refinement import RefinementOptions, refinement_trainer
from training.renderer.warping import WarpingOptions, warping_trainer

if TYPE_CHECKING:
    from training.pairs.source import PairSource

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(data_commands, name="data")
Data = Annotated[
    Path, typer.Option(help="Training data folder that `data` makes; docs/training.md says what is in it.")
]


@app.command()
def pairs(
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the shards go.")] = Path("runs/pairs"),
    count: Annotated[int, typer.Option(help="How many pairs.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed makes other pairs.")] = 0,
    processes: Annotated[int, typer.Option(help="Processes, one core each.")] = 2,
    sweeps: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of the pairs in which only one or two sliders move.")
    ] = 0.25,
    dry_run: DryRun = False,
) -> None:
    """Make training pairs from still photos; shards that exist are kept, so the same command resumes."""
    from training.pairs.generate import make_pairs, plan_pairs

    if dry_run:
        typer.echo(plan_pairs(data, out, count, seed, sweeps))
        return
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
    dry_run: DryRun = False,
) -> None:
    """Make training pairs of two real pictures of one person; shards that exist are kept."""
    from training.pairs.real import make_real_pairs, plan_real_pairs

    if dry_run:
        typer.echo(plan_real_pairs(data, clips, out, count, seed))
        return
    make_real_pairs(data, clips, out, count, seed)


@dataclass(frozen=True)
class GeneratedPairs:
    """Where pairs with known coefficients come from."""

    pairs: Path = option(Path("runs/pairs"), "Folder that `pairs` wrote.")
    stream: Path | None = option(
        None, "Training data folder: make pairs on the device while training, and read none. For GPUs."
    )
    # More than `pairs` makes: a stream cannot draw a pair of small motions more often than it makes one.
    stream_sweeps: float = option(
        0.45, "Fraction of streamed pairs in which only one or two sliders move.", least=0, most=1
    )
    device: str = option("cpu", "cpu or cuda.")

    def open(self, real: Path | None = None, real_fraction: float = REAL_FRACTION) -> PairSource:
        """The pairs, with real ones among them where they are stored.

        Raises:
            TrainingDataError: a device that is not there, or real pairs beside a stream.
        """
        from training.pairs.source import StoredPairs
        from training.pairs.stream import PairStream

        device = chosen_device(self.device)
        if self.stream is None:
            return StoredPairs(self.pairs, real, device, real_fraction)
        if real is not None:
            raise TrainingDataError("--real is for stored pairs: leave it or --stream out")
        return PairStream(self.stream, device, self.stream_sweeps)


@dataclass(frozen=True)
class MixedPairs(GeneratedPairs):
    """The same, with pairs of two real pictures among them."""

    real: Path | None = option(None, "Folder that `real-pairs` wrote; not with --stream.")
    real_fraction: float = option(REAL_FRACTION, "Fraction of real pairs, where there are such.", least=0, most=1)


Start = Annotated[
    Path | None,
    typer.Option(help="Run or bundle whose weights a fresh run takes, where they fit.", exists=True),
]
Out = Annotated[Path, typer.Option(help="Folder of the run: record, state, log and pictures.")]


@app.command()
@with_options
def head(source: GeneratedPairs, options: HeadOptions, out: Out = Path("runs/head"), dry_run: DryRun = False) -> None:
    """Head stage: the mean head that a change of pose turns. `warping --start` goes on from it."""
    execute(head_trainer(source.open(), out, options), dry_run=dry_run)


@app.command()
@with_options
def warping(
    source: MixedPairs,
    options: WarpingOptions,
    out: Out = Path("runs/warping"),
    start: Start = None,
    dry_run: DryRun = False,
) -> None:
    """Warping stage: mapping and warping networks on the known flow. The same command resumes."""
    opened = source.open(source.real, source.real_fraction)
    execute(warping_trainer(opened, out, options, start), dry_run=dry_run)


@app.command()
@with_options
def editing(
    source: MixedPairs,
    options: EditingOptions,
    warping: Annotated[Path, typer.Option(help="Run of the warping stage.")] = Path("runs/warping"),
    out: Out = Path("runs/editing"),
    start: Start = None,
    dry_run: DryRun = False,
) -> None:
    """Editing stage: the editing network on pictures. The same command resumes."""
    opened = source.open(source.real, source.real_fraction)
    execute(editing_trainer(opened, out, options, warping, start), dry_run=dry_run)


@app.command()
@with_options
def refinement(
    real: Annotated[Path, typer.Option(help="Folder that `real-pairs` wrote: half of every batch.")],
    editing: Annotated[Path, typer.Option(help="Run of the editing stage, or a bundle, to begin with.")],
    extractor: Annotated[Path, typer.Option(help="The regressor: a bundle's extractor.onnx, or a run's state.pt.")],
    source: GeneratedPairs,
    options: RefinementOptions,
    out: Out = Path("runs/refinement"),
    dry_run: DryRun = False,
) -> None:
    """Refinement stage: all networks, by what the extractor finds in their pictures. The same command resumes."""
    from training.pairs.source import StoredPairs

    pictures = StoredPairs(real, device=chosen_device(source.device))
    trainer = refinement_trainer(source.open(), pictures, out, options, editing, extractor)
    execute(trainer, dry_run=dry_run)


@app.command()
def export(
    run: Annotated[Path, typer.Option(help="Run whose averaged weights are released.")],
    detector: Annotated[Path, typer.Option(help="detector.onnx")],
    extractor: Annotated[Path, typer.Option(help="extractor.onnx")],
    provenance: Annotated[Path, typer.Option(help="JSON: data, licences, training.")],
    metrics: Annotated[Path, typer.Option(help="JSON: measured figures by name.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder.")] = Path("models/bundles/default"),
    preset: Annotated[str, typer.Option(help="Network configuration of the run: small or debug.")] = "small",
    speech: Annotated[
        Path | None, typer.Option(help="Speech run (`python -m training.audio train`), or a bundle that speaks.")
    ] = None,
    face: Annotated[
        Path | None, typer.Option(help="Training data folder with the 3DMM that draws faces, or a bundle that has it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The bundle's name; default: its folder's.")] = None,
    version: Annotated[str, typer.Option(help="Which of the bundles of that name it is.")] = "1",
    dry_run: DryRun = False,
) -> None:
    """Write a bundle from a renderer run, the extractor's files and a speech run. What does not fit is refused."""
    from training.export import export_bundle, plan_export

    described, measured = command_line.read_json(provenance), command_line.read_json(metrics)
    if dry_run:
        typer.echo(plan_export(run, preset, detector, extractor, out, speech, face))
        return
    name = name or out.name
    export_bundle(run, preset, detector, extractor, out, described, measured, speech, face, name=name, version=version)


if __name__ == "__main__":
    command_line.run(app)
