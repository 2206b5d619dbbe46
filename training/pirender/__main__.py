"""`python -m training.pirender prepare | train | export`: from VoxCeleb's videos to a bundle, as in the paper.

On several GPUs: `torchrun --nproc-per-node 4 -m training.pirender train …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datasets import command_line
from training.command import DryRun, execute
from training.options import Changes, with_options
from training.pirender.schedule import Schedule, chosen

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Clips = Annotated[Path, typer.Option(help="The store of clips, a file.")]
BundleFolder = Annotated[Path, typer.Option("--bundle", help="Bundle whose extractor is used.", exists=True)]


@app.command()
def prepare(
    videos: Annotated[Path, typer.Option(help="Folder of videos, searched below too.", exists=True, file_okay=False)],
    bundle: BundleFolder,
    out: Clips = Path("runs/pirender/clips.lmdb"),
    processes: Annotated[int, typer.Option(min=1, help="Processes, one core each.")] = 2,
    least_frames: Annotated[int, typer.Option(min=2, help="Shorter segments are left out.")] = 64,
    least_side: Annotated[int, typer.Option(min=32, help="Smaller squares, in pixels, are left out.")] = 256,
    dry_run: DryRun = False,
) -> None:
    """Cut videos into clips of one fixed square and read their coefficients. The same command resumes."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from training.pirender.prepare import Task, plan_prepare
    from training.pirender.prepare import prepare as run
    from training.pirender.segments import Limits

    if dry_run:
        typer.echo(plan_prepare(videos, bundle, out))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        line = bar.add_task("videos")
        clips = failed = 0
        task = Task(videos, bundle, Limits(least_frames, least_side=least_side))
        for progress in run(task, out, processes, lambda total, done: bar.update(line, total=total, completed=done)):
            clips, failed = clips + progress.clips, failed + (progress.clips == 0)
            bar.update(line, advance=1, description=f"{clips} new clips, {failed} videos without")
            if not progress.clips:
                bar.console.print(f"{progress.video}: {progress.outcome}")


@app.command()
@with_options
def train(
    changes: Annotated[Changes, Schedule],
    clips: Clips = Path("runs/pirender/clips.lmdb"),
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/pirender/run"),
    schedule: Annotated[
        str, typer.Option(help="paper (400,000 steps of 20 pairs) or trial (120 of 4); other options change it.")
    ] = "paper",
    vgg: Annotated[Path | None, typer.Option(help="torchvision's state dict of VGG-19.")] = None,
    loss: Annotated[
        str, typer.Option(help="vgg19, the paper's (needs --vgg), or pyramid: this project's own, not the paper's.")
    ] = "vgg19",
    bf16: Annotated[bool, typer.Option("--bf16", help="Half precision where it is safe.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read pairs, a training process.")] = 2,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write events beside log.jsonl.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Train as in the paper. The same command resumes."""
    from training.pirender.pair_training import PairSettings, pirender_trainer
    from training.pirender.processes import joined

    _check_loss(loss, vgg)
    settings = PairSettings(clips, out, vgg, bf16, workers, tensorboard)
    options = chosen(schedule, changes)
    with joined() as processes:
        trainer = pirender_trainer(settings, options, processes)
        if processes.leads or not dry_run:
            execute(trainer, dry_run=dry_run)


def _check_loss(loss: str, vgg: Path | None) -> None:
    if loss not in ("vgg19", "pyramid"):
        raise typer.BadParameter(f"{loss} is neither vgg19 nor pyramid", param_hint="--loss")
    if loss == "vgg19" and vgg is None:
        raise typer.BadParameter(
            "the paper's losses are distances of VGG-19 features: give torchvision's state dict of vgg19, or train "
            "with --loss pyramid, which needs no weights of others and does not reproduce the paper",
            param_hint="--vgg",
        )
    if loss == "pyramid" and vgg is not None:
        raise typer.BadParameter("--loss pyramid does not use --vgg: leave one of them out", param_hint="--vgg")


@app.command()
def export(
    bundle: BundleFolder,
    run: Annotated[Path, typer.Option(help="Run whose averaged weights are taken.")] = Path("runs/pirender/run"),
    out: Annotated[Path, typer.Option(help="The new bundle's folder.")] = Path("bundles/pirender-trained"),
    licence: Annotated[str, typer.Option(help="SPDX identifier that the training data allows.")] = "LicenseRef-unknown",
    name: Annotated[str | None, typer.Option(help="The bundle's name; default: its folder's.")] = None,
    version: Annotated[str, typer.Option(help="Which of the bundles of that name it is.")] = "1",
    dry_run: DryRun = False,
) -> None:
    """Write a bundle: the averaged renderer, and the extractor of the bundle that prepared its clips."""
    from training.pirender.export import export_run, plan_export

    if dry_run:
        typer.echo(plan_export(run, bundle, out))
        return
    made = export_run(run, bundle, out, licence, name=name or out.name, version=version)
    typer.echo(f"{made.folder}: preset {made.manifest.preset}, space {made.manifest.space}")


if __name__ == "__main__":
    command_line.run(app)
