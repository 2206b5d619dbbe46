"""`python -m training data …`: the training data folder, from pictures, videos and a checkout of ICT-FaceKit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from datasets.labeller import LABELLER_HELP, Labeller, opened_labeller
from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.morphable import MorphableModel
from training.command import DryRun
from training.data import clips as clip_folder
from training.data import portraits as portrait_folder
from training.data.origins import Input, inputs

data = typer.Typer(no_args_is_help=True, help=__doc__)
_console = Console()

Folder = Annotated[Path, typer.Option("--data", help="The training data folder; made when missing.")]
Source = Annotated[str | None, typer.Option(help="Where all files come from; or write sources.csv into the folder.")]
Licence = Annotated[str | None, typer.Option(help="Their licence, an SPDX identifier.")]
HeldOutFraction = Annotated[float, typer.Option(min=0, max=0.5, help="Fraction that is held out for tests.")]
By = Annotated[Labeller, typer.Option(help=LABELLER_HELP)]
Task = Annotated[Path | None, typer.Option(help="MediaPipe's face_landmarker.task; that of the data if not given.")]


@data.command()
def face(
    out: Folder,
    ict_facekit: Annotated[Path, typer.Option(help="Checkout of ICT-VGL/ICT-FaceKit.")],
    labeller: By = "mediapipe",
    landmarker: Task = None,
    dry_run: DryRun = False,
) -> None:
    """Make the 3DMM and MediaPipe's landmarks on it: ict_facekit.npz, mediapipe_to_ict.npz."""
    from datasets.landmarker import TASK
    from training.data.correspondence import canonical_face, make_correspondence, mean_face
    from training.data.ict import FILE, checked_files, make_face_model

    files = checked_files(ict_facekit)
    if labeller == "mediapipe":
        points = canonical_face(landmarker or out / TASK)
    else:
        points = mean_face(open_bundle(DEFAULT_BUNDLE).path("extractor.onnx"))
    if dry_run:
        _console.print(
            f"read {len(files)} meshes of {ict_facekit}, write {out / FILE} and {out / 'mediapipe_to_ict.npz'}"
        )
        return
    make_face_model(ict_facekit, out, lambda paths: track(paths, "meshes", len(files), console=_console))
    make_correspondence(ict_facekit, MorphableModel.load(out / FILE), out, points)


@data.command()
def portraits(
    out: Folder,
    photos: Annotated[list[Path], typer.Option(help="Folder of pictures; may be given several times.")],
    source: Source = None,
    licence: Licence = None,
    labeller: By = "mediapipe",
    landmarker: Task = None,
    least_face: Annotated[int, typer.Option(min=32, help="Side of the smallest face, pixels of the picture.")] = 96,
    test: HeldOutFraction = 0.05,
    dry_run: DryRun = False,
) -> None:
    """Read portraits out of pictures. The same command goes on where it was stopped, and takes more pictures."""
    from training.data.read_portrait import PortraitMaker
    from training.data.refine import refine_correspondence

    found = _found(photos, portrait_folder.ENDINGS, source, licence)
    mesh = LandmarkMesh.load(out)
    extractor = load_extractor(open_bundle(DEFAULT_BUNDLE))
    with opened_labeller(labeller, out, landmarker) as reader:
        if dry_run:
            _plan(found, f"portraits labelled by {labeller}", out / "portraits")
            return
        maker = PortraitMaker(extractor, reader, mesh, least_face)
        if not (out / "portraits").exists():
            _console.print("looking for the landmarks' places on the 3DMM")
            maker = replace(maker, mesh=refine_correspondence(out, found, maker))
        settings = {"labeller": labeller, "least_face": least_face, "mesh": maker.mesh.digest()}
        made = portrait_folder.make_portraits(out, found, maker, settings, test, _watch(found, "pictures"))
    _report(f"{made.portraits} portraits ({_counts(made.people)} people)", made.left_out, out / "portraits")


@data.command()
def clips(
    out: Folder,
    videos: Annotated[list[Path], typer.Option(help="Folder of videos of one person; may be given several times.")],
    source: Source = None,
    licence: Licence = None,
    least_seconds: Annotated[float, typer.Option(min=0.5, help="Of a clip.")] = clip_folder.ClipLimits.least_seconds,
    most_seconds: Annotated[float, typer.Option(min=1, help="Of a clip; longer ones are cut.")] = (
        clip_folder.ClipLimits.most_seconds
    ),
    least_side: Annotated[int, typer.Option(min=64, help="Of the face's square, pixels of the video.")] = (
        clip_folder.ClipLimits.least_side
    ),
    test: HeldOutFraction = 0.1,
    dry_run: DryRun = False,
) -> None:
    """Cut videos of one person into clips of one square. The same command goes on where it was stopped."""
    found = _found(videos, clip_folder.ENDINGS, source, licence)
    extractor = load_extractor(open_bundle(DEFAULT_BUNDLE))
    if dry_run:
        _plan(found, "clips", out / "clips")
        return
    limits = clip_folder.ClipLimits(least_seconds, most_seconds, least_side)
    count, left_out = clip_folder.make_clips(out, found, extractor, limits, test, _watch(found, "videos"))
    _report(f"{count} clips", left_out, out / "clips")


@data.command("flow-test")
def flow_test(
    out: Folder,
    count: Annotated[int, typer.Option(min=1, help="Targets.")] = 400,
    seed: Annotated[int, typer.Option(help="Of the targets.")] = 0,
    dry_run: DryRun = False,
) -> None:
    """Make known flows of held-out portraits, for `python -m evaluation flow`."""
    from training.data.flow_test import FILE, make_flow_test

    if dry_run:
        _console.print(f"write {count} targets into {out / FILE}")
        return
    make_flow_test(out, count, seed, lambda numbers: track(numbers, "targets", count, console=_console))


def _found(folders: Sequence[Path], endings: Sequence[str], source: str | None, licence: str | None) -> list[Input]:
    return [one for folder in folders for one in inputs(folder, endings, source, licence)]


def _watch(found: Sequence[Input], what: str) -> Any:
    return lambda things: track(things, what, len(found), console=_console)


def _plan(found: Sequence[Input], what: str, out: Path) -> None:
    _console.print(f"{len(found)} files -> {what}, in {out}")
    origins = sorted({(one.source, one.licence) for one in found})
    for source, licence in origins:
        count = sum((one.source, one.licence) == (source, licence) for one in found)
        _console.print(f"  {count} of {source}, {licence}", markup=False)


def _report(made: str, left_out: Mapping[str, Iterable[str]], out: Path) -> None:
    """What was made; what was left out and why, in full in a file."""
    lines = [f"{reason}\t{name}" for reason, names in sorted(left_out.items()) for name in names]
    (out / "left_out.tsv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    _console.print(f"{made} in {out}")
    for reason, names in sorted(left_out.items()):
        _console.print(f"  left out: {len(list(names))} ({reason})", markup=False)


def _counts(people: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {split}" for split, count in sorted(people.items()))
