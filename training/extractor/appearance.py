"""Augmentation of a training picture's colours: light, blur, noise, compression, grey."""

from __future__ import annotations

import cv2
import numpy as np

UNTOUCHED = 0.35
"""Fraction of pictures that stay as they are: most users' photos are neither dark nor noisy, and teach
precision."""


def degrade(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A version of `picture` (uint8 [H, W, 3]) as a worse camera, light or codec would have given it, mostly."""
    if rng.random() < UNTOUCHED:
        return np.ascontiguousarray(picture)
    picture = _light(_resolution(picture, rng), rng)
    if rng.random() < 0.2:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.35:
        noise = rng.standard_normal(picture.shape, np.float32) * rng.uniform(1, 14)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 90))])
        picture = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(picture)


def _resolution(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind, (height, width) = rng.random(), picture.shape[:2]
    if kind < 0.2:
        scale = rng.uniform(0.2, 0.8)
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    if kind < 0.3:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2))
    if kind < 0.36:
        return _motion_blur(picture, int(rng.integers(3, 10)), rng.uniform(0, np.pi))
    return picture


def _motion_blur(picture: np.ndarray, length: int, angle: float) -> np.ndarray:
    kernel = np.zeros((length, length), np.float32)
    half = (length - 1) / 2
    reach = half * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(int(v) for v in np.rint(half + sign * reach)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _light(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, contrast, gamma, colour cast, and in a third of the pictures light from one side."""
    level = np.arange(256.0)
    if rng.random() < 0.5:
        level = 255 * (level / 255) ** np.exp(rng.normal(0, 0.3))
    mean = level[int(picture[::4, ::4].mean())]
    level = (level - mean) * np.exp(rng.normal(0, 0.2)) + mean
    cast = np.exp(rng.normal(0, 0.08, 3)) * np.exp(rng.normal(0, 0.2))
    table = np.clip(level[:, None] * cast, 0, 255).astype(np.uint8)
    picture = cv2.LUT(picture, table[None])
    if rng.random() < 0.33:
        height, width = picture.shape[:2]
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.7)
        ramp = np.cos(angle) * np.linspace(-1, 1, width)[None] + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
        picture = np.clip(picture * (1 + strength * ramp[..., None]).astype(np.float32), 0, 255).astype(np.uint8)
    return picture
