"""From training state to a bundle: averaged weights in half precision, the ONNX files beside them, a manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import JsonValue

from models.audio import FILE as SPEECH_FILE
from models.bundle import MANIFEST, Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from models.tensors import save_tensors
from training.audio.export import save_speech
from training.run import load_averaged


def export_bundle(
    run: Path,
    preset: str,
    detector: Path,
    extractor: Path,
    out: Path,
    provenance: dict[str, JsonValue],
    metrics: dict[str, float],
    speech: Path | None = None,
    *,
    name: str = "unnamed",
    version: str = "0",
) -> Bundle:
    """Write a bundle from a renderer run, the extractor's two ONNX files and, if it is to speak, a speech run.

    What does not load and run together is refused, and nothing is written.

    Args:
        run: folder of a `training` stage; its averaged weights are taken.
        out: the bundle's folder; files in it are replaced.
        provenance: data with licences and the training that was done.
        metrics: what `python -m evaluation` measured.
        speech: folder of a `training.audio` run, or of another bundle that speaks.
        name, version: of the bundle, for those who use it.

    Raises:
        TrainingDataError: an unknown preset, or a run that has no state or was trained with another preset.
        BundleError: a weight is not finite, the other bundle does not speak, or the files do not fit each other.
    """
    if preset not in PRESETS:
        raise TrainingDataError(f"there is no preset {preset}; use {', '.join(PRESETS)}")
    renderer = PIRenderer(PRESETS[preset])
    load_averaged(run, renderer, preset)
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
        space = PRESETS[preset].space
        return release_bundle(
            draft_bundle(out, files, preset, space, "Apache-2.0", provenance, metrics, name=name, version=version)
        )
