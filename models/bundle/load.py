"""The networks of a bundle, as a worker loads them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.audio import FILE as SPEECH_FILE
from models.audio import SpeechMotion, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle.bundle import Bundle
from models.coefficients import ARKIT, BFM, CoefficientSpace, space
from models.errors import BundleError, SpaceError
from models.extractor import Extractor
from models.extractor.deep3d import Deep3DExtractor, read_template
from models.face3d.face_model import FILE as FACE_FILE
from models.face3d.face_model import FaceModel
from models.renderer import PRESETS, PIRenderer
from models.tensors import load_tensors

RENDERER_FILE = "renderer.safetensors"


@dataclass(frozen=True, eq=False)
class Networks:
    """Everything that a bundle holds, ready for inference.

    Attributes:
        speech: None where it has no audio.safetensors.
        face: None where it has no face.safetensors.
    """

    space: CoefficientSpace
    extractor: Extractor
    renderer: PIRenderer
    speech: SpeechMotion | None
    face: FaceModel | None


def load_networks(bundle: Bundle, device: torch.device, threads: int | None = None) -> Networks:
    """Load everything that the bundle holds.

    Args:
        threads: CPU threads of one call of the extractor; None for `models.runtime.thread_count`.

    Raises:
        BundleError: a file is missing or does not fit the manifest's preset and space.
    """
    manifest = bundle.manifest
    try:
        known = space(manifest.space)
    except SpaceError as error:
        raise BundleError(f"bundle.json of {bundle.folder} names an {error}") from error
    renderer = load_renderer(bundle).to(device)
    if renderer.preset.space != known.name:
        raise BundleError(
            f"bundle.json of {bundle.folder} names the space {known.name!r}, but preset {manifest.preset!r} reads "
            f"{renderer.preset.space!r}: export the bundle again"
        )
    speech = load_speech(bundle, device) if SPEECH_FILE in bundle.files else None
    return Networks(known, load_extractor(bundle, threads, str(device)), renderer, speech, load_face(bundle))


def load_renderer(bundle: Bundle) -> PIRenderer:
    """Build the network that the manifest names and load its weights strictly, ready for inference on the CPU.

    Raises:
        BundleError: an unknown preset, or a tensor that is missing, unexpected, misshapen or not finite.
    """
    preset = PRESETS.get(bundle.manifest.preset)
    if preset is None:
        known = ", ".join(PRESETS)
        raise BundleError(f"bundle.json names preset {bundle.manifest.preset!r}; this version knows {known}")
    renderer = PIRenderer(preset)
    load_tensors(bundle.path(RENDERER_FILE), renderer)
    return renderer.eval().requires_grad_(False)


def load_extractor(bundle: Bundle, threads: int | None = None, device: str = "auto") -> Extractor:
    """The extractor that reads the bundle's coefficient space.

    Args:
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        device: as of `PortraitEditor.load`: "cpu" stays off every GPU, "cuda:1" is that one.

    Raises:
        BundleError: a file is missing or cannot be used.
    """
    detector, regressor = bundle.path("detector.onnx"), bundle.path("extractor.onnx")
    if bundle.manifest.space != BFM.name:
        return Extractor(detector, regressor, threads, device)
    template = read_template(bundle.path("alignment.json"))
    return Deep3DExtractor(detector, regressor, bundle.path("deep3d.onnx"), template, threads, device)


def load_face(bundle: Bundle) -> FaceModel | None:
    """The face model that draws skin, eyes and mouth, where the bundle has one.

    Raises:
        BundleError: it cannot be read, or the bundle's coefficients are not the model's expression weights.
    """
    if FACE_FILE not in bundle.files:
        return None
    if bundle.manifest.space != ARKIT.name:
        raise BundleError(
            f"{FACE_FILE} fits bundles in the space {ARKIT.name!r}, not in {bundle.manifest.space!r}: remove the file"
        )
    return FaceModel.load(bundle.path(FACE_FILE))


def load_speech(bundle: Bundle, device: torch.device) -> SpeechMotion:
    """Build the speech networks that the manifest's preset names and load their weights strictly.

    Raises:
        BundleError: a preset or a space without speech, or a tensor that is missing, unexpected, misshapen or not
            finite.
    """
    manifest = bundle.manifest
    preset = SPEECH_PRESETS.get(manifest.preset)
    if preset is None or manifest.space != ARKIT.name:
        known = ", ".join(SPEECH_PRESETS)
        raise BundleError(
            f"{SPEECH_FILE} fits no bundle of preset {manifest.preset!r} in the space {manifest.space!r}; speech is "
            f"for {known} in {ARKIT.name!r}: remove the file from the bundle"
        )
    network = SpeechNetwork(preset)
    load_tensors(bundle.path(SPEECH_FILE), network)
    return SpeechMotion(network, device)
