"""From training state to a bundle: averaged weights in half precision, the ONNX files beside them, a manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import JsonValue

from models.audio import FILE as SPEECH_FILE
from models.bundle import MANIFEST, Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.face3d.face_model import FILE as FACE_FILE
from models.face3d.face_model import FaceModel
from models.face3d.landmark_mesh import landmark_vertices
from models.face3d.morphable import MorphableModel
from models.renderer import PRESETS, PIRenderer
from models.tensors import save_tensors
from training.audio.export import save_speech, trained_speech
from training.plan import printed
from training.record import record_behind
from training.weights import load_averaged


def export_bundle(
    run: Path,
    preset: str,
    detector: Path,
    extractor: Path,
    out: Path,
    provenance: dict[str, JsonValue],
    metrics: dict[str, float],
    speech: Path | None = None,
    face: Path | None = None,
    *,
    name: str = "unnamed",
    version: str = "0",
) -> Bundle:
    """Write a bundle from a renderer run, the extractor's two ONNX files and, if it is to speak, a speech run.

    What does not load and run together is refused, and nothing is written.

    Args:
        run: folder of a `training` stage; its averaged weights are taken.
        detector, extractor: ONNX files, in the folders of the runs that wrote them or in another bundle: the records of
            those runs go into the manifest.
        out: the bundle's folder; files in it are replaced.
        provenance: data with licences and the training that was done.
        metrics: what `python -m evaluation` measured.
        speech: folder of a `training.audio` run, or of another bundle that speaks.
        face: training data folder with the 3DMM that is to draw faces, or another bundle that has one; None leaves all
            to the networks.
        name, version: of the bundle, for those who use it.

    Raises:
        TrainingDataError: an unknown preset, a run that has no state or was trained with another preset, or no 3DMM.
        BundleError: a weight is not finite, the other bundle lacks what it should give, or the files do not fit each
            other.
    """
    renderer = trained_renderer(run, preset)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "renderer.safetensors"
        save_tensors(renderer, weights)
        files = {"renderer.safetensors": weights, "detector.onnx": detector, "extractor.onnx": extractor}
        if speech is not None and (speech / MANIFEST).is_file():
            other = open_bundle(speech)
            files[SPEECH_FILE] = other.path(SPEECH_FILE)
            spoken = {key: value for key, value in other.manifest.provenance.items() if key == "speech"}
            provenance = spoken | provenance  # its data and licences go where it goes
        elif speech is not None:
            files[SPEECH_FILE] = Path(folder) / SPEECH_FILE
            save_speech(speech, preset, files[SPEECH_FILE])
        if face is not None:
            files[FACE_FILE] = face_file(face, Path(folder))
        space = PRESETS[preset].space
        return release_bundle(
            draft_bundle(
                out,
                files,
                preset,
                space,
                "Apache-2.0",
                provenance,
                metrics,
                name=name,
                version=version,
                runs=run_records(run, detector, extractor, speech),
            )
        )


def face_file(origin: Path, folder: Path) -> Path:
    """The face model of a bundle, or that of a training data folder, reduced and written into `folder`."""
    if (origin / MANIFEST).is_file():
        return open_bundle(origin).path(FACE_FILE)
    model = MorphableModel.load(origin / "ict_facekit.npz")
    written = folder / FACE_FILE
    FaceModel.reduce(model, landmark_vertices(origin)).save(written)
    return written


def trained_renderer(run: Path, preset: str) -> PIRenderer:
    """The averaged renderer of a run. Raises TrainingDataError: an unknown preset, or a run that does not fit it."""
    if preset not in PRESETS:
        raise TrainingDataError(f"there is no preset {preset}; use {', '.join(PRESETS)}")
    renderer = PIRenderer(PRESETS[preset])
    load_averaged(run, renderer, preset)
    return renderer


def run_records(run: Path, detector: Path, extractor: Path, speech: Path | None) -> dict[str, JsonValue]:
    """The records of the runs behind a bundle's files, by the file; those that are not known are left out."""
    sources = {"renderer.safetensors": run, "detector.onnx": detector, "extractor.onnx": extractor}
    if speech is not None:
        sources[SPEECH_FILE] = speech / SPEECH_FILE if (speech / MANIFEST).is_file() else speech
    return {name: record for name, path in sources.items() if (record := record_behind(path)) is not None}


def plan_export(
    run: Path, preset: str, detector: Path, extractor: Path, out: Path, speech: Path | None, face: Path | None
) -> str:
    """The plan of `export_bundle`, with all that it needs opened. Raises as it does, but for files that do not fit."""
    trained_renderer(run, preset)
    spoken = "no speech"
    if speech is not None and (speech / MANIFEST).is_file():
        spoken = str(open_bundle(speech).path(SPEECH_FILE))
    elif speech is not None:
        trained_speech(speech, preset)
        spoken = str(speech)
    for path in (detector, extractor):
        if not path.is_file():
            raise TrainingDataError(f"{path} is no file: train it first, or take a bundle's")
    if face is not None:
        with tempfile.TemporaryDirectory() as folder:
            face_file(face, Path(folder))
    return printed(
        {
            "command": "training export",
            "reads run": f"{run}: preset {preset}",
            "reads detector": str(detector),
            "reads extractor": str(extractor),
            "reads speech": spoken,
            "reads face": "no face model" if face is None else str(face),
            "records": ", ".join(sorted(run_records(run, detector, extractor, speech))) or "none",
            "writes": f"{out}: a bundle",
        }
    )
