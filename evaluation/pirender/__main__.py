"""The paper's metrics of a bundle in one command: `python -m evaluation.pirender --clips … --bundle …`.

The clips are prepared as for training: `python -m training.pirender prepare --videos … --bundle …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import Progress

from datasets.clip_store import ClipStore
from datasets.command_line import run
from evaluation.pirender.distances import judges_of
from evaluation.pirender.report import Report
from evaluation.pirender.tasks import TASKS, PirenderBench
from models.bundle import DEFAULT_BUNDLE, load_extractor, load_renderer, open_bundle
from models.coefficients import space

app = typer.Typer(help=__doc__, add_completion=False)
console = Console()
_Weights = Path | None


@app.command()
def measure(
    clips: Annotated[Path, typer.Option(help="The store of test clips, a file.")],
    bundle: Annotated[Path, typer.Option(help="The bundle to measure.")] = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option(help="Where pirender.md and pirender.json go.")] = Path("out/evaluation"),
    alexnet: Annotated[_Weights, typer.Option(help="torchvision's AlexNet, for LPIPS.")] = None,
    lpips: Annotated[_Weights, typer.Option(help="LPIPS' own weights, alex.pth of version 0.1.")] = None,
    inception: Annotated[_Weights, typer.Option(help="pytorch-fid's Inception, for FID.")] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Let lpips and pytorch-fid download what is not given.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, help="Make each so many of a clip's frames.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Motions drawn for each source of intuitive editing.")] = 8,
    seed: Annotated[int, typer.Option(help="Of sources and motions.")] = 0,
) -> None:
    """Same-identity, cross-identity and intuitive editing, as a table in the paper's layout."""
    opened, store = open_bundle(bundle), ClipStore(clips)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bench = PirenderBench(
        store,
        space(opened.manifest.space),
        load_renderer(opened).to(device),
        load_extractor(opened),
        judges_of(alexnet, lpips, inception, fetch, device),
        device,
        every,
        samples,
        seed,
    )
    with Progress(console=console) as bar:
        measured = []
        for task in TASKS:
            line = bar.add_task(task, total=len(store.clips))
            measured.append(bench.measure(task, lambda line=line: bar.advance(line)))  # type: ignore[misc]
    report = Report(bundle.resolve().name, opened.manifest.space, len(store.clips), tuple(measured))
    console.print(report.table().rich())
    for note in report.notes():
        console.print(note)
    for path in report.write(out):
        console.print(f"wrote {path}")


if __name__ == "__main__":
    run(app)
