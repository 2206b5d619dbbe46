"""Whether a bundle works: everything that a worker loads is loaded, and every network runs once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from models.audio import SpeechMotion
from models.bundle.bundle import Bundle, write_bundle
from models.bundle.load import Networks, load_networks
from models.coefficients import ARKIT
from models.errors import BundleError
from models.extractor import CROP, Extraction
from models.face3d.face_model import FaceModel
from models.face3d.landmark_fit import LandmarkFit
from models.renderer import PIRenderer

_GREY = 128
_LANDMARKS = 478
_SPEECH_SAMPLES = 640  # one frame of motion


def check_bundle(bundle: Bundle) -> None:
    """Load a bundle as a worker does, and run every network on a grey picture and on silence.

    Raises:
        BundleError: one sentence that names what does not fit.
    """
    with _explained(f"the bundle {bundle.folder} cannot be loaded"):
        networks = load_networks(bundle, torch.device("cpu"), threads=1)
    with torch.inference_mode():
        with _explained("detector.onnx and extractor.onnx cannot be run"):
            seen = _read(networks)
            coefficients = torch.from_numpy(seen.coefficients.astype(np.float32))[None]
        with _explained("renderer.safetensors cannot be run"):
            _render(networks.renderer, coefficients)
        if networks.face is not None:
            with _explained("face.safetensors cannot be used"):
                _lay(networks.face, seen)
        if networks.speech is not None:
            with _explained("audio.safetensors cannot be run"):
                _speak(networks.speech)


def release_bundle(draft: Bundle) -> Bundle:
    """Write a draft that works. One that does not is refused before anything is written.

    Raises:
        BundleError: as `check_bundle` and `write_bundle` do.
    """
    check_bundle(draft)
    return write_bundle(draft)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Make a BundleError of whatever torch, ONNX Runtime and NumPy raise on files that do not fit."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise BundleError(f"{what} ({type(error).__name__}: {reason}): export the bundle again") from error


def _read(networks: Networks) -> Extraction:
    """What is read in a grey crop."""
    crop = np.full((CROP, CROP, 3), _GREY, np.uint8)
    networks.extractor.detect(crop)
    seen = networks.extractor.extract(crop)
    space = networks.space
    _fits("extractor.onnx", "coefficients", seen.coefficients, (space.size,))
    _fits("extractor.onnx", "landmarks", seen.landmarks, (_LANDMARKS, 2))
    _fits("extractor.onnx", "presence", seen.presence, ())
    return seen


def _render(renderer: PIRenderer, coefficients: torch.Tensor) -> None:
    preset = renderer.preset
    source = torch.zeros(1, 3, preset.image_size, preset.image_size)
    windows = coefficients[..., None].expand(-1, -1, preset.mapping.window)
    image = renderer(source, renderer.descriptor(windows, coefficients)).image
    _fits("renderer.safetensors", "pictures", image.numpy(), tuple(source.shape))


def _lay(face: FaceModel, seen: Extraction) -> None:
    fitted = LandmarkFit(face).fit(seen.landmarks, seen.coefficients, CROP)
    _fits("face.safetensors", "vertices", fitted.placed, (len(face.mean), 3))


def _speak(speech: SpeechMotion) -> None:
    (motion,) = speech.sample([np.zeros(_SPEECH_SAMPLES, np.float32)], seed=0)
    _fits("audio.safetensors", "motion", motion, (1, ARKIT.size))


def _fits(file: str, output: str, value: np.ndarray, shape: tuple[int, ...]) -> None:
    if np.shape(value) != shape:
        raise BundleError(f"{file} gives {output} of shape {list(np.shape(value))}; a worker needs {list(shape)}")
    if not np.isfinite(value).all():
        raise BundleError(f"{file} gives {output} that are not finite: export the bundle again from sound weights")
