"""From a training run to the bundle: audio.safetensors beside what the bundle holds already."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from pydantic import JsonValue

from models.audio import FILE, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import Bundle, draft_bundle, load_speech, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.tensors import save_tensors
from training.plan import printed
from training.record import record_behind
from training.weights import load_averaged


def save_speech(run: Path, preset: str, path: Path) -> None:
    """Write a run's averaged weights to `path`, in half precision.

    Raises TrainingDataError as `trained_speech` does; BundleError: a weight is not finite.
    """
    save_tensors(trained_speech(run, preset), path)


def trained_speech(run: Path, preset: str) -> SpeechNetwork:
    """The averaged network of a run.

    Raises TrainingDataError: the run has no state or was trained with another preset, or the preset has no speech.
    """
    if preset not in SPEECH_PRESETS:
        raise TrainingDataError(f"preset {preset} has no speech; use {', '.join(SPEECH_PRESETS)}")
    network = SpeechNetwork(SPEECH_PRESETS[preset])
    load_averaged(run, network, preset)
    return network


def add_speech(
    run: Path,
    bundle: Path,
    preset: str,
    provenance: dict[str, JsonValue],
    metrics: dict[str, float],
    *,
    version: str | None = None,
    fraction: float = 1,
) -> Bundle:
    """Give a bundle the speech of a run; its own description is kept, what is new is added.

    A bundle that would not load and run is left as it is.

    Args:
        provenance: added under "speech". metrics: added by name.
        version: the bundle's new one; None keeps the old.
        fraction: of the run's weights in the new ones; the rest is the bundle's own speech. A run that went on from a
            bundle knows what is new better, the bundle what is not: their mean is often better than either.

    Raises:
        BundleError: the bundle does not open, load or run. TrainingDataError: as `trained_speech`.
    """
    opened = _bundle_of(bundle, preset)
    manifest, record = opened.manifest, record_behind(run)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / FILE
        network = trained_speech(run, preset)
        if fraction < 1:
            _mix(network, load_speech(opened, torch.device("cpu")).network, fraction)
        save_tensors(network, weights)
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
                runs={**manifest.runs, **({FILE: record} if record is not None else {})},
            )
        )


def _mix(network: SpeechNetwork, other: SpeechNetwork, fraction: float) -> None:
    own, others = network.state_dict(), other.state_dict()
    network.load_state_dict({name: torch.lerp(others[name], own[name], fraction) for name in own})


def plan_speech(run: Path, bundle: Path, preset: str) -> str:
    """The plan of `add_speech`, with all that it needs opened. Raises as it does, but for files that do not fit."""
    opened = _bundle_of(bundle, preset)
    trained_speech(run, preset)
    return printed(
        {
            "command": "training.audio export",
            "reads run": f"{run}: preset {preset}",
            "writes": f"{opened.folder}: {FILE}, which is {'replaced' if FILE in opened.manifest.files else 'new'}",
        }
    )


def _bundle_of(bundle: Path, preset: str) -> Bundle:
    opened = open_bundle(bundle)
    if opened.manifest.preset != preset:
        raise TrainingDataError(
            f"{bundle} is of preset {opened.manifest.preset}: train speech of the same, not of {preset}"
        )
    return opened
