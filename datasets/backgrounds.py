"""Pictures without faces: what the detector must learn to ignore, and what stands behind the faces it must find."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from models.errors import TrainingDataError


class Backgrounds:
    """Draws face-free pictures: windows of photos in a folder, and generated textures.

    Args:
        folder: JPEG, PNG or WebP pictures that show no face, searched recursively.
        textures: fraction of draws that are generated instead.

    Raises:
        TrainingDataError: the folder holds no picture.
    """

    def __init__(self, folder: Path, textures: float = 0.25) -> None:
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
        pictures = [picture for file in files if (picture := cv2.imread(str(file), cv2.IMREAD_COLOR)) is not None]
        if not pictures:
            raise TrainingDataError(f"{folder} holds no picture: point --backgrounds at pictures without faces")
        self.pictures = [np.ascontiguousarray(picture[..., ::-1]) for picture in pictures]
        self._textures = textures

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """A face-free picture, uint8 [size, size, 3]."""
        if rng.random() < self._textures:
            return texture(size, rng)
        picture = self.pictures[rng.integers(len(self.pictures))]
        height, width = picture.shape[:2]
        # Small windows too: enlarged texture is what looks most like a small face.
        side = max(int(min(height, width) * np.exp(rng.uniform(np.log(0.06), 0))), 16)
        x, y = rng.integers(0, width - side + 1), rng.integers(0, height - side + 1)
        window = picture[y : y + side, x : x + side]
        if rng.random() < 0.5:
            window = window[:, ::-1]
        shrink = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
        return cv2.resize(window, (size, size), interpolation=shrink)


def texture(size: int, rng: np.random.Generator) -> np.ndarray:
    """A generated picture, uint8 [size, size, 3]: one colour, fractal noise, stripes, or shapes and text."""
    kind = rng.integers(4)
    base = rng.uniform(0, 255, 3).astype(np.float32)
    canvas = np.broadcast_to(base, (size, size, 3)).astype(np.float32).copy()
    if kind == 1:
        canvas += _fractal(size, rng)
    elif kind == 2:
        canvas += _stripes(size, rng)
    elif kind == 3:
        return _shapes(canvas.astype(np.uint8), rng)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _fractal(size: int, rng: np.random.Generator) -> np.ndarray:
    falloff, total = rng.uniform(0.4, 0.9), np.zeros((size, size, 3), np.float32)
    cells, amplitude = 2, rng.uniform(20, 90)
    while cells < size:
        grid = rng.normal(0, amplitude, (cells, cells, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        layer = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        total += layer.reshape(size, size, -1)
        cells, amplitude = cells * 2, amplitude * falloff
    return total


def _stripes(size: int, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    total = np.zeros((size, size, 3), np.float32)
    for _ in range(rng.integers(1, 4)):
        fx, fy = rng.normal(0, 60, 2)
        wave = np.sin(fx * x + fy * y + rng.uniform(0, 6))
        if rng.random() < 0.5:
            wave = np.sign(wave)
        total += wave[..., None] * rng.normal(0, 50, 3)
    return total


def _shapes(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = len(canvas)
    for _ in range(rng.integers(3, 30)):
        colour = [float(v) for v in rng.uniform(0, 255, 3)]
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        axes = tuple(int(v) for v in rng.integers(2, max(size // 4, 4), 2))
        kind = rng.integers(4)
        if kind == 0:
            cv2.ellipse(
                canvas,
                centre,
                axes,
                float(rng.uniform(0, 180)),
                0,
                360,
                colour,
                -1 if rng.random() < 0.7 else 2,
                cv2.LINE_AA,
            )
        elif kind == 1:
            cv2.rectangle(canvas, centre, tuple(c + a for c, a in zip(centre, axes, strict=True)), colour, -1)
        elif kind == 2:
            cv2.line(
                canvas,
                centre,
                tuple(int(v) for v in rng.integers(0, size, 2)),
                colour,
                int(rng.integers(1, 8)),
                cv2.LINE_AA,
            )
        else:
            word = "".join(chr(c) for c in rng.integers(33, 127, rng.integers(1, 12)))
            cv2.putText(
                canvas,
                word,
                centre,
                int(rng.integers(8)),
                float(rng.uniform(0.3, 2.5)),
                colour,
                int(rng.integers(1, 4)),
                cv2.LINE_AA,
            )
    return canvas
