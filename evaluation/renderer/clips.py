"""Reenactment of real video: a clip's first frame makes the whole clip, and is held against it; so may another face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.renderer.bench import COPIED, RendererBench, cut
from evaluation.renderer.comparison import Comparison, averaged, compare
from evaluation.renderer.following import ACROSS, following
from evaluation.renderer.regions import regions
from models.coefficients import Transfer, transfer
from models.errors import NoFaceError
from models.extractor.smoothing import smooth
from models.video import read_frames

STRIDE = 3
"""Every third frame is compared: neighbours are nearly the same picture."""

SMOOTHING = 0.5
"""What /reenact smooths a driver by, where nothing else is requested."""

FLICKER = "flicker"
Pixels = NDArray[np.uint8]


def evaluate_clips(
    bench: RendererBench, clips: Iterable[Path], others: Mapping[str, Path] | None = None
) -> tuple[list[Comparison], dict[str, str]]:
    """Drive each clip's first frame by what the extractor reads in all frames. Also why some could not be: name -> why.

    All frames are seen in the first one's square, and their coefficients smoothed as `/reenact` does. "flicker" is that
    of the face, over the clip's own (`flicker`). Where there is a judge, `following` is measured too.

    Args:
        others: for clips (by name), the clip of another person whose first frame the clip drives as well; its measures
            end in `ACROSS`.
    """
    found, unmeasured = [], {}
    for clip in clips:
        times, frames = zip(*read_frames(clip), strict=True)
        try:
            square = bench.square(frames[0])
            other = _first_crop(bench, others[clip.name]) if others and clip.name in others else None
        except NoFaceError as error:
            unmeasured[clip.name] = str(error)
            continue
        found.append(_reenact(bench, clip.name, times, np.stack([cut(square, frame) for frame in frames]), other))
    return found, unmeasured


def _first_crop(bench: RendererBench, clip: Path) -> Pixels:
    _, picture = next(iter(read_frames(clip)))
    return cut(bench.square(picture), picture)


def _reenact(
    bench: RendererBench, name: str, times: Sequence[float], crops: Pixels, other: Pixels | None
) -> Comparison:
    seen = bench.see(crops)
    motion = smooth(np.array(times), seen.coefficients, SMOOTHING)
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
    if bench.judge is not None:
        some = slice(STRIDE, None, STRIDE)
        for method in bench.renderers:
            values[method] |= following(bench.judge, crops[some], made[method][some])
            if other is not None:
                own = bench.coefficients(other)
                requested = transfer(bench.space, own, motion, Transfer())[some]
                across = bench.render(other, own, requested, method, layers=False)
                follows = following(bench.judge, crops[some], across)
                values[method] |= {measure + ACROSS: value for measure, value in follows.items()}
    return Comparison(name, values, clip.features, {"first frame": crops[0], **clip.pictures})


def flicker(frames: Pixels, mask: NDArray[np.bool_]) -> float:
    """Mean |I(t+1) − 2 I(t) + I(t−1)| of frames [T, S, S, 3] in a mask [S, S], levels of 255.

    Steady motion hardly counts; what goes up and down from frame to frame counts fully. A film's own grain does too.
    """
    seen = frames[:, mask].astype(np.int16)
    return float(np.abs(seen[2:] - 2 * seen[1:-1] + seen[:-2]).mean())
