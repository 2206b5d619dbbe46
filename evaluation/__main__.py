"""Measure a bundle on held-out people: `python -m evaluation COMMAND`."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import torch
import typer
from rich.console import Console
from rich.progress import track

from datasets.command_line import run
from datasets.landmarker import TASK, Landmarker
from datasets.portraits import Portraits
from evaluation import photos as held_out
from evaluation import report, sheet
from evaluation.audio.evaluate import evaluate_speech
from evaluation.audio.rendered import RenderedLips
from evaluation.audio.report import draw, speech_data, speech_table
from evaluation.edits import evaluate_edits
from evaluation.extractor import evaluate_extractor
from evaluation.extractor_report import extractor_data, extractor_table
from evaluation.extractor_sheet import write_extractor_sheet
from evaluation.flow import evaluate_flow, load_flow_test
from evaluation.reenactment import choose_clips, evaluate_reenactment
from evaluation.renderer.command import renderer
from evaluation.renderer.geometry import Geometry
from evaluation.renderer.turns import evaluate_turns
from evaluation.renderer.turns_report import turns_table
from models.audio import FILE, TEMPERATURE
from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle
from models.errors import EvaluationError
from models.face3d.landmark_mesh import LandmarkMesh
from models.portrait import PortraitEditor

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.command()(renderer)
console = Console()

Data = Annotated[Path, typer.Option(help="Folder with portraits/ and flow_test.npz.")]
BundleFolder = Annotated[Path, typer.Option("--bundle", help="The bundle to measure.")]
Out = Annotated[Path, typer.Option(help="Where tables and contact sheets go.")]
Task = Annotated[Path | None, typer.Option("--judge", help="MediaPipe's face landmarker; that of DATA if not given.")]
Count = Annotated[int, typer.Option("--photos", min=1, help="How many photos of the test split to edit.")]
Archive = Annotated[bool, typer.Option(help="Edit the historical archive (photos, paintings, engravings) instead.")]
Seed = Annotated[int, typer.Option(help="Which photos: the same seed draws the same ones.")]

Clips = Annotated[int, typer.Option("--clips", min=1, help="How many clips of the test split to reenact.")]

Faceless = Annotated[
    Path | None, typer.Option("--faceless", help="Pictures without faces, not used in training.", exists=True)
]
DetectorFile = Annotated[Path | None, typer.Option("--detector", help="A detector.onnx instead of the bundle's.")]
RegressorFile = Annotated[Path | None, typer.Option("--regressor", help="An extractor.onnx instead of the bundle's.")]
Stills = Annotated[int, typer.Option("--stills", min=1, help="How many photos to show as a video.")]

Recordings = Annotated[Path, typer.Option(help="Folder that `python -m training.audio record` wrote.")]
Temperature = Annotated[float, typer.Option(min=0, help="Of everything that is drawn; lips also at 0 and 1.")]
Seeds = Annotated[int, typer.Option(min=2, help="How many motions of one sound are compared.")]
SpeechClips = Annotated[int, typer.Option("--clips", min=2, help="How many recordings of the test split.")]
Portrait = Annotated[
    list[Path] | None,
    typer.Option("--portrait", help="Photos with closed lips to render; Grace Hopper's if not given."),
]
Rendered = Annotated[bool, typer.Option(help="Also measure rendered frames (needs MediaPipe).")]
RenderedClips = Annotated[int, typer.Option(min=2, help="How many recordings of each speaker to render.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]

_OUT = Path("out/evaluation")


@app.command()
def flow(data: Data, bundle: BundleFolder = DEFAULT_BUNDLE, out: Out = _OUT) -> None:
    """End-point error of the warping network on known flow."""
    portraits = Portraits(data, "test")
    result = evaluate_flow(load_renderer(open_bundle(bundle)), portraits, load_flow_test(data, portraits))
    table = report.flow_table(result)
    report.write(out, "flow", table, asdict(result))
    console.print(table.rich())


@app.command()
def edits(
    data: Data,
    bundle: BundleFolder = DEFAULT_BUNDLE,
    out: Out = _OUT,
    judge: Task = None,
    photos: Count = 40,
    seed: Seed = 0,
    archive: Archive = False,
) -> None:
    """Whether edits do what is requested, judged by MediaPipe and by our own extractor."""
    portraits = Portraits(data, "test")
    chosen = held_out.choose(portraits, photos, seed, archive=archive)
    pictures = held_out.load(portraits, chosen)
    editor = PortraitEditor.load(bundle)
    with Landmarker(judge or data / TASK) as mediapipe:
        result = evaluate_edits(editor, mediapipe, track(pictures, "editing", len(chosen), console=console))
    table = report.edits_table(result)
    report.write(out, "edits", table, report.edits_data(result))
    console.print(table.rich())
    for number, reason in result.unmeasured.items():
        console.print(f"photo {number} not measured: {reason}")
    for path in sheet.write_sheets(result.photos, out):
        console.print(f"wrote {path}")


@app.command()
def turns(
    data: Data,
    bundle: BundleFolder = DEFAULT_BUNDLE,
    out: Out = _OUT,
    judge: Task = None,
    photos: Count = 40,
    seed: Seed = 0,
    archive: Archive = False,
) -> None:
    """Whether heads that turn far turn as requested over a background that stays, judged by MediaPipe."""
    portraits = Portraits(data, "test")
    chosen = held_out.choose(portraits, photos, seed, archive=archive)
    pictures = track(held_out.load(portraits, chosen), "turning", len(chosen), console=console)
    editor, geometry, mesh = PortraitEditor.load(bundle), Geometry(data, portraits), LandmarkMesh.load(data)
    with Landmarker(judge or data / TASK, most=2) as mediapipe:
        result = evaluate_turns(editor, mediapipe, geometry, mesh, pictures)
    table = turns_table(result)
    report.write(out, "turns", table, asdict(result))
    console.print(table.rich())
    for number, reason in result.unmeasured.items():
        console.print(f"photo {number} not measured: {reason}")


@app.command()
def reenactment(
    data: Data, bundle: BundleFolder = DEFAULT_BUNDLE, out: Out = _OUT, clips: Clips = 10, seed: Seed = 0
) -> None:
    """Whether a clip's first frame, driven by the clip, moves as the clip does."""
    chosen = choose_clips(data, clips, seed)
    editor = PortraitEditor.load(bundle)
    results, unmeasured = evaluate_reenactment(editor, track(chosen, "reenacting", console=console))
    table = report.reenactment_table(results)
    report.write(out, "reenactment", table, {"clips": [asdict(clip) for clip in results], "unmeasured": unmeasured})
    console.print(table.rich())
    for name, reason in unmeasured.items():
        console.print(f"clip {name} not measured: {reason}")


@app.command()
def extractor(
    data: Data,
    bundle: BundleFolder = DEFAULT_BUNDLE,
    out: Out = _OUT,
    clips: Clips = 10,
    stills: Stills = 12,
    seed: Seed = 0,
    faceless: Faceless = None,
    detector_file: DetectorFile = None,
    regressor_file: RegressorFile = None,
) -> None:
    """Whether faces are found, and read as MediaPipe and the 3DMM's fits read them."""
    given = {"detector.onnx": detector_file, "extractor.onnx": regressor_file}
    detector, regressor = (path or open_bundle(bundle).path(name) for name, path in given.items())
    portraits = Portraits(data, "test")
    chosen = held_out.choose(portraits, stills, seed, archive=False)
    files = track(choose_clips(data, clips, seed), "clips", console=console)
    photos = list(held_out.load(portraits, chosen))
    result = evaluate_extractor(detector, regressor, data, photos, files, faceless)
    table = extractor_table(result)
    report.write(out, "extractor", table, extractor_data(result))
    console.print(table.rich())
    for name, reason in result.unmeasured.items():
        console.print(f"{name} not measured: {reason}")
    console.print(f"wrote {write_extractor_sheet(detector, regressor, data, chosen, out)}")


@app.command()
def audio(
    data: Data,
    bundle: BundleFolder = DEFAULT_BUNDLE,
    out: Out = _OUT,
    recordings: Recordings = Path("runs/audio/recordings"),
    temperature: Temperature = TEMPERATURE,
    seeds: Seeds = 5,
    clips: SpeechClips = 100,
    rendered: Rendered = False,
    rendered_clips: RenderedClips = 8,
    portrait: Portrait = None,
    judge: Task = None,
    threads: Threads = 2,
) -> None:
    """Whether speech moves the face as it moved the speaker's: lips, heads, lids, quietness, variety, speed."""
    torch.set_num_threads(threads)
    editor = PortraitEditor.load(bundle, device="cpu", threads=threads)
    if editor.speech is None:
        raise EvaluationError(f"{bundle} holds no {FILE}: `python -m training.audio export` adds it")
    photos = (portrait or [Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg")]) if rendered else []
    with contextlib.ExitStack() as stack:
        if photos:
            mediapipe = stack.enter_context(Landmarker(judge or data / TASK))
        lips = {photo.stem: RenderedLips(editor, mediapipe, photo, temperature) for photo in photos}
        report_ = evaluate_speech(
            editor.speech, data, recordings, temperature, seeds, clips, threads, lips, rendered_clips
        )
    table = speech_table(report_)
    report.write(out, "speech", table, speech_data(report_))
    console.print(table.rich())
    console.print(f"wrote {draw(report_, out)}")


@app.command("all")
def everything(
    data: Data,
    bundle: BundleFolder = DEFAULT_BUNDLE,
    out: Out = _OUT,
    judge: Task = None,
    photos: Count = 40,
    seed: Seed = 0,
    archive: Archive = False,
    clips: Clips = 10,
    faceless: Faceless = None,
) -> None:
    """Every evaluation, one after the other."""
    renderer(data, bundle, out, photos, clips, seed=seed, judge=judge)
    flow(data, bundle, out)
    edits(data, bundle, out, judge, photos, seed, archive)
    turns(data, bundle, out, judge, photos, seed, archive)
    reenactment(data, bundle, out, clips, seed)
    extractor(data, bundle, out, clips, seed=seed, faceless=faceless)


if __name__ == "__main__":
    run(app)
