"""`python -m evaluation renderer`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from datasets.landmarker import TASK, Landmarker
from datasets.portraits import Portraits
from evaluation import photos as held_out
from evaluation.flow import FlowTest, load_flow_test
from evaluation.judge import Judge
from evaluation.reenactment import choose_clips
from evaluation.renderer import report
from evaluation.renderer.bench import RendererBench
from evaluation.renderer.geometry import Geometry
from evaluation.renderer.perceptual import Perceptual
from evaluation.renderer.sharpness import public_portraits
from evaluation.renderer.sheets import comparison_sheets, edit_sheets, write_sheet
from evaluation.renderer.smile_pairs import smiles
from evaluation.renderer.strangers import stranger_clips
from evaluation.renderer.suite import Plan, SuitePart, evaluate_renderer
from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle

QUICK_PHOTOS, QUICK_CLIPS, QUICK_SHEETS, QUICK_FLOW = 3, 1, 2, 32
_STILLS, MOUTHS = 10, 50
_console = Console()

Photos = Annotated[int, typer.Option("--photos", min=1, help="Photos for random edits, sliders and identity.")]
Clips = Annotated[int, typer.Option("--clips", min=1, help="Clips to reenact.")]
Sheets = Annotated[int, typer.Option("--sheets", min=0, help="Contact sheets of random people and edits.")]
Quick = Annotated[bool, typer.Option("--quick", help="A look in minutes: 3 photos, 3 smiles, 1 clip, 2 sheets.")]
Only = Annotated[
    list[SuitePart] | None, typer.Option(help="Parts to measure, each with its own --only; all if not given.")
]
Weights = Annotated[Path | None, typer.Option(exists=True, help="TorchScript file of the metric's network.")]


def renderer(
    data: Annotated[Path, typer.Option(help="The training data folder.")],
    bundle: Annotated[Path, typer.Option("--bundle", help="The bundle to measure.")] = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option(help="Where tables and contact sheets go.")] = Path("out/evaluation"),
    photos: Photos = 40,
    clips: Clips = 20,
    sheets: Sheets = 0,
    seed: Annotated[int, typer.Option(help="Which photos, clips and edits.")] = 0,
    judge: Annotated[Path | None, typer.Option(help="MediaPipe's task file; that of DATA if not given.")] = None,
    without_editing: Annotated[bool, typer.Option("--without-editing", help="A column of the warp alone.")] = False,
    lpips: Weights = None,
    inception: Weights = None,
    only: Only = None,
    quick: Quick = False,
) -> None:
    """Pictures, motions, sliders, identity, steadiness and sharpness of the renderer on held-out people."""
    if quick:
        photos, clips, sheets = min(photos, QUICK_PHOTOS), min(clips, QUICK_CLIPS), min(sheets, QUICK_SHEETS)
    portraits = Portraits(data, "test")
    plan = _plan(data, portraits, photos, clips, seed, frozenset(only or SuitePart))
    plan = shortened(plan) if quick else plan
    perceptual = Perceptual.load(lpips, inception)
    with _judge(judge or data / TASK) as judging:
        bench = RendererBench.load(bundle, judging, perceptual, without_editing=without_editing)
        result = evaluate_renderer(bench, load_renderer(open_bundle(bundle)), plan, _watch)
    report.write(out, result)
    for table in report.tables(result):
        _console.print(table.rich())
    for name, reason in result.unmeasured.items():
        _console.print(f"{name} not measured: {reason}")
    _console.print("seconds:", {part: round(value, 1) for part, value in result.seconds.items()})
    parts = {
        "smiles": result.smiles,
        "clips": result.clips,
        "strangers": result.strangers,
        "random_edits": result.generated.forth,
    }
    for name, comparisons in parts.items():
        for page, pixels in enumerate(comparison_sheets(comparisons)):
            write_sheet(out, f"renderer_{name}_{page:02d}", pixels)
    made = edit_sheets(bench, Geometry(data, portraits), portraits, plan.photos, range(sheets), seed)
    for number, pixels in _watch(made, "sheets", sheets):
        write_sheet(out / "sheets", f"sheet_{number:02d}", pixels)
    _console.print(f"wrote {out}")


def _plan(data: Path, portraits: Portraits, photos: int, clips: int, seed: int, parts: frozenset[SuitePart]) -> Plan:
    numbers = held_out.choose(portraits, photos, seed, archive=False)
    return Plan(
        data=data,
        flow=load_flow_test(data, portraits) if SuitePart.FLOW in parts else None,
        photos=numbers,
        stills=numbers[:_STILLS],
        smiles=smiles(data) if SuitePart.SMILES in parts else [],
        clips=choose_clips(data, clips, seed) if SuitePart.CLIPS in parts else [],
        strangers=stranger_clips(data) if SuitePart.STRANGERS in parts else [],
        public=public_portraits(),
        mouths=held_out.choose(portraits, MOUTHS, seed, archive=False),
        seed=seed,
        parts=parts,
    )


def shortened(plan: Plan) -> Plan:
    """The plan of a quick look: fewer flow targets from all over the test, one still, three people's smiles."""
    flow = plan.flow
    if flow is not None:
        some = np.linspace(0, len(flow.photo) - 1, QUICK_FLOW).astype(int)
        flow = FlowTest(*(getattr(flow, name)[some] for name in ("photo", "source", "target", "flow", "mask")))
    return replace(
        plan,
        flow=flow,
        stills=plan.stills[:1],
        smiles=plan.smiles[:QUICK_PHOTOS],
        strangers=plan.strangers[-QUICK_CLIPS:],
        mouths=plan.mouths[:QUICK_PHOTOS],
    )


def _judge(task: Path) -> AbstractContextManager[Judge | None]:
    if find_spec("mediapipe") is None:
        _console.print("MediaPipe is not installed (extra `judge`): our own extractor judges alone")
        return nullcontext()
    return Landmarker(task)


def _watch(things: Iterable[Any], what: str, count: int) -> Iterable[Any]:
    return track(things, what, count, console=_console)
