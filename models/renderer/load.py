"""The renderer of a bundle."""

from __future__ import annotations

from models.bundle import Bundle, load_tensors
from models.errors import BundleError
from models.renderer.pirenderer import PIRenderer
from models.renderer.presets import PRESETS


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
    load_tensors(bundle, "renderer.safetensors", renderer)
    return renderer.eval().requires_grad_(False)
