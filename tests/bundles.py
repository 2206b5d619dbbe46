"""A bundle that speaks: the released detector and extractor, and tiny networks that nobody has trained."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from models.audio import FILE, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import open_bundle, save_tensors, write_bundle
from models.bundle.bundle import DEFAULT_BUNDLE
from models.renderer import PRESETS, PIRenderer


def write_speaking_bundle(folder: Path) -> Path:
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
        return write_bundle(folder, files, "debug", "arkit", "Apache-2.0", {}, {}).folder
