"""A bundle that speaks: the released detector and extractor, and tiny networks that nobody has trained."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pydantic import JsonValue

from models.audio import FILE, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import DEFAULT_BUNDLE, draft_bundle, open_bundle, write_bundle
from models.renderer import PRESETS, PIRenderer
from models.tensors import save_tensors


def write_speaking_bundle(folder: Path, provenance: dict[str, JsonValue] | None = None) -> Path:
    """A bundle of the preset debug in that folder. Its faces move at random, and differently for every sound."""
    torch.manual_seed(0)
    renderer, speech = PIRenderer(PRESETS["debug"]), SpeechNetwork(SPEECH_PRESETS["debug"])
    with torch.no_grad():
        for parameter in speech.parameters():  # fresh ones pass the noise through and hear nothing
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
        for flow in (speech.mouth, speech.head):
            flow.deviation.fill_(0.1)
    released = open_bundle(DEFAULT_BUNDLE)
    with TemporaryDirectory() as scratch:
        files = {name: released.path(name) for name in ("detector.onnx", "extractor.onnx")}
        for name, network in (("renderer.safetensors", renderer), (FILE, speech)):
            files[name] = Path(scratch, name)
            save_tensors(network, files[name])
        draft = draft_bundle(
            folder, files, "debug", "arkit", "Apache-2.0", provenance or {}, {}, name="untrained", version="1"
        )
        return write_bundle(draft).folder
