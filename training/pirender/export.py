"""From a published run to a bundle that the service loads."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch

from models.bundle import Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from models.tensors import save_tensors
from training.pirender.run import averaged_renderer

RENDERER = "renderer.safetensors"


def export_run(
    run: Path, extractor: Path, out: Path, licence: str, *, name: str = "unnamed", version: str = "0"
) -> Bundle:
    """Write a bundle of a run's averaged weights and another bundle's extractor.

    Args:
        run: folder of the run.
        extractor: bundle whose files read the same space; its renderer is left out.
        out: the new bundle's folder.
        licence: SPDX identifier; the training data decides.
        name, version: of the bundle, for those who use it.

    Raises:
        TrainingDataError: no state, or a bundle of another space.
        BundleError: a weight is not finite, or the files do not fit each other; then nothing is written.
    """
    if not (run / "state.pt").exists():
        raise TrainingDataError(f"{run} holds no state.pt: train it first")
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    renderer = PIRenderer(PRESETS[state["preset"]])
    averaged_renderer(run, renderer)
    other = open_bundle(extractor)
    if other.manifest.space != renderer.preset.space:
        raise TrainingDataError(f"{extractor} reads {other.manifest.space}, the run {renderer.preset.space}")
    log = (run / "log.jsonl").read_text().splitlines() if (run / "log.jsonl").exists() else []
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / RENDERER
        save_tensors(renderer, weights)
        files = {file: other.path(file) for file in other.manifest.files if file != RENDERER} | {RENDERER: weights}
        provenance = {
            "training": f"published schedule, {state['step']} steps",
            "last_log": json.loads(log[-1]) if log else None,
            "extractor": other.manifest.provenance,
        }
        preset, space = state["preset"], renderer.preset.space
        return release_bundle(
            draft_bundle(out, files, preset, space, licence, provenance, {}, name=name, version=version)
        )
