"""From training state to a bundle: averaged weights in half precision, the ONNX files beside them, a manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import JsonValue

from models.bundle import Bundle, save_tensors, write_bundle
from models.renderer import PRESETS, PIRenderer
from models.training.run import averaged_weights


def export_bundle(
    run: Path,
    preset: str,
    detector: Path,
    extractor: Path,
    out: Path,
    provenance: dict[str, JsonValue],
    metrics: dict[str, float],
) -> Bundle:
    """Write a bundle from a renderer run and the extractor's two ONNX files.

    Args:
        run: folder of a `models.training` stage; its averaged weights are taken.
        out: the bundle's folder; files in it are replaced.
        provenance: data with licences and the training that was done.
        metrics: what `python -m models.evaluation` measured.

    Raises:
        TrainingDataError: the run has no state.
        BundleError: a weight is not finite.
    """
    renderer = PIRenderer(PRESETS[preset])
    renderer.load_state_dict(averaged_weights(run))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "renderer.safetensors"
        save_tensors(renderer, weights)
        files = {"renderer.safetensors": weights, "detector.onnx": detector, "extractor.onnx": extractor}
        return write_bundle(out, files, preset, PRESETS[preset].space, "Apache-2.0", provenance, metrics)
