"""The renderer: mapping, warping and editing networks, and the PIRenderer that composes them (paper, section 3.2)."""

from models.renderer.pirenderer import PIRenderer, Rendering
from models.renderer.presets import PRESETS, Preset

__all__ = ["PRESETS", "PIRenderer", "Preset", "Rendering"]
