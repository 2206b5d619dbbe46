"""From a run of the paper's training to a bundle that the service loads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from models.bundle import Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from models.tensors import save_tensors
from training.plan import printed
from training.record import RunRecord
from training.run_folder import last_log, load_state
from training.weights import load_averaged

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
        TrainingDataError: no state, no record, or a bundle of another space.
        BundleError: a weight is not finite, or the files do not fit each other; then nothing is written.
    """
    renderer, record = trained_renderer(run)
    other = _extractor_of(extractor, renderer, run)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / RENDERER
        save_tensors(renderer, weights)
        files = {file: other.path(file) for file in other.manifest.files if file != RENDERER} | {RENDERER: weights}
        provenance: dict[str, JsonValue] = {
            "training": f"the paper's schedule, {load_state(run)['step']} steps",
            "last_log": cast("JsonValue", last_log(run)),
            "extractor": other.manifest.provenance,
        }
        runs = other.manifest.runs | {RENDERER: record.document()}
        preset, space = renderer.preset.name, renderer.preset.space
        return release_bundle(
            draft_bundle(out, files, preset, space, licence, provenance, {}, name=name, version=version, runs=runs)
        )


def plan_export(run: Path, extractor: Path, out: Path) -> str:
    """The plan of `export_run`, with all that it needs opened. Raises as it does, but for files that do not fit."""
    renderer, _ = trained_renderer(run)
    other = _extractor_of(extractor, renderer, run)
    return printed(
        {
            "command": "training.pirender export",
            "reads run": f"{run}: {load_state(run)['step']} steps of preset {renderer.preset.name}",
            "reads bundle": f"{other.folder}: {', '.join(sorted(other.manifest.files.keys() - {RENDERER}))}",
            "writes": f"{out}: a bundle of the space {renderer.preset.space}",
        }
    )


def trained_renderer(run: Path) -> tuple[PIRenderer, RunRecord]:
    """The averaged renderer of a run, and the run's record. Raises TrainingDataError: no state, or no record."""
    load_state(run)
    record = RunRecord.read(run)
    if record is None:
        raise TrainingDataError(f"{run} holds no run.json, which names its preset: train it with this version")
    preset = str(record.options["preset"])
    renderer = PIRenderer(PRESETS[preset])
    load_averaged(run, renderer, preset)
    return renderer, record


def _extractor_of(folder: Path, renderer: PIRenderer, run: Path) -> Bundle:
    other = open_bundle(folder)
    if other.manifest.space != renderer.preset.space:
        raise TrainingDataError(f"{folder} reads {other.manifest.space}, {run} {renderer.preset.space}")
    return other
