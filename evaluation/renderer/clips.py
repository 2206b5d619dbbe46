"""Same-person reenactment of real video: a clip's first frame makes the whole clip, and is held against it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.renderer.bench import COPIED, RendererBench, cut
from evaluation.renderer.comparison import Comparison, averaged, compare
from evaluation.renderer.regions import regions
from models.errors import NoFaceError
from models.video import read_frames

STRIDE = 3
"""Every third frame is compared: neighbours are nearly the same picture."""

FLICKER = "flicker"


def evaluate_clips(bench: RendererBench, clips: Iterable[Path]) -> tuple[list[Comparison], dict[str, str]]:
    """Drive each clip's first frame by what the extractor reads in all frames. Also why some could not be: name -> why.

    All frames are seen in the first one's square, and their coefficients taken as they are. "flicker" is that of the
    face, over the clip's own (`flicker`).
    """
    found, unmeasured = [], {}
    for clip in clips:
        frames = [picture for _, picture in read_frames(clip)]
        try:
            square = bench.square(frames[0])
        except NoFaceError as error:
            unmeasured[clip.name] = str(error)
            continue
        found.append(_reenact(bench, clip.name, np.stack([cut(square, frame) for frame in frames])))
    return found, unmeasured


def _reenact(bench: RendererBench, name: str, crops: NDArray[np.uint8]) -> Comparison:
    seen = bench.see(crops)
    motion = seen.coefficients
    made = {method: bench.render(crops[0], motion[0], motion, method, layers=False) for method in bench.renderers}
    made[COPIED] = np.broadcast_to(crops[0], crops.shape)
    compared = [
        compare(bench, name, crops[k], {method: pictures[k] for method, pictures in made.items()})
        for k in range(STRIDE, len(crops), STRIDE)
    ]
    face = regions(seen.landmarks[0], crops.shape[1])["face"]
    real = flicker(crops, face)
    clip = averaged(name, compared)
    values = {method: dict(clip.values[method]) | {FLICKER: flicker(made[method], face) / real} for method in made}
    return Comparison(name, values, clip.features, {"first frame": crops[0], **clip.pictures})


def flicker(frames: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Mean |I(t+1) − 2 I(t) + I(t−1)| of frames [T, S, S, 3] in a mask [S, S], levels of 255.

    Steady motion hardly counts; what goes up and down from frame to frame counts fully. A film's own grain does too.
    """
    seen = frames[:, mask].astype(np.int16)
    return float(np.abs(seen[2:] - 2 * seen[1:-1] + seen[:-2]).mean())
