"""From a training run to the bundle: audio.safetensors beside what the bundle holds already."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import JsonValue

from models.audio import FILE, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.tensors import save_tensors
from training.run import load_averaged


def save_speech(run: Path, preset: str, path: Path) -> None:
    """Write a run's averaged weights to `path`, in half precision.

    Raises:
        TrainingDataError: the run has no state or was trained with another preset, or the preset has no speech.
        BundleError: a weight is not finite.
    """
    if preset not in SPEECH_PRESETS:
        raise TrainingDataError(f"preset {preset} has no speech; use {', '.join(SPEECH_PRESETS)}")
    network = SpeechNetwork(SPEECH_PRESETS[preset])
    load_averaged(run, network, preset)
    save_tensors(network, path)


def add_speech(
    run: Path,
    bundle: Path,
    preset: str,
    provenance: dict[str, JsonValue],
    metrics: dict[str, float],
    *,
    version: str | None = None,
) -> Bundle:
    """Give a bundle the speech of a run; what it says of itself is kept, what is new is added.

    A bundle that would not load and run is left as it is.

    Args:
        provenance: added under "speech". metrics: added by name.
        version: the bundle's new one; None keeps the old.

    Raises:
        BundleError: the bundle does not open, load or run. TrainingDataError: as `save_speech`.
    """
    opened = open_bundle(bundle)
    manifest = opened.manifest
    if manifest.preset != preset:
        raise TrainingDataError(f"{bundle} is of preset {manifest.preset}: train speech of the same, not of {preset}")
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / FILE
        save_speech(run, preset, weights)
        return release_bundle(
            draft_bundle(
                bundle,
                {name: opened.path(name) for name in manifest.files} | {FILE: weights},
                preset,
                manifest.space,
                manifest.licence,
                {**manifest.provenance, "speech": provenance},
                {**manifest.metrics, **metrics},
                name=manifest.name,
                version=version or manifest.version,
            )
        )
