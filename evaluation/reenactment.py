"""Same-person reenactment of held-out clips: the first frame makes the clip's own motion, which is then read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.clips import clip_files
from models.coefficients import CoefficientSpace, Transfer, transfer
from models.errors import NoFaceError
from models.extractor.smoothing import bridge_gaps
from models.portrait import PortraitEditor
from models.video import read_frames

LEAST_TURN = 2.0
"""Degrees of standard deviation below which a head hardly turns, and a correlation would measure noise."""

_SAME_SQUARE = Transfer(mode="absolute", normalise_crop=False)  # source and driver are one picture
Motion = NDArray[np.float32]


@dataclass(frozen=True)
class ClipResult:
    """One clip. Distances are means over its frames.

    Attributes:
        name: the file's.
        frames: how many.
        correlation: of driven and re-extracted `jawOpen`, `yaw` and `pitch`; None where the driver moves too little.
        expression_distance: AED, mean |Δexpression weight|; `copied_expression_distance`: of repeating the first frame.
        pose_distance: APD, mean |Δ| of the pose coefficients (radians, fractions, log zoom), and of repeating.
    """

    name: str
    frames: int
    correlation: dict[str, float | None]
    expression_distance: float
    copied_expression_distance: float
    pose_distance: float
    copied_pose_distance: float


def choose_clips(data: Path, count: int, seed: int) -> list[Path]:
    """At most `count` clips of the test split of DATA/grid_s1, drawn by `seed`.

    Raises TrainingDataError without any."""
    clips = clip_files(data, "test")
    drawn = np.random.default_rng(seed).choice(len(clips), min(count, len(clips)), replace=False)
    return [clips[i] for i in sorted(drawn)]


def evaluate_reenactment(editor: PortraitEditor, clips: Iterable[Path]) -> tuple[list[ClipResult], dict[str, str]]:
    """Reenact every clip from its own first frame. Also returns why clips could not be measured: name -> reason."""
    results: list[ClipResult] = []
    unmeasured: dict[str, str] = {}
    for clip in clips:
        try:
            results.append(_reenact(editor, clip))
        except NoFaceError as error:
            unmeasured[clip.name] = str(error)
    return results, unmeasured


def _reenact(editor: PortraitEditor, clip: Path) -> ClipResult:
    times, frames = zip(*read_frames(clip), strict=True)
    driven = _read(editor, times, frames)
    source = editor.analyse(frames[0])
    requested = transfer(editor.space, source.coefficients, driven, _SAME_SQUARE)
    found = _read(editor, times, editor.render(source, requested, layers=False))
    return compare(editor.space, clip.name, driven, found)


def _read(editor: PortraitEditor, times: Iterable[float], frames: Iterable[NDArray[np.uint8]]) -> Motion:
    seconds = list(times)
    tracked = [frame.coefficients for frame in editor.track(zip(seconds, frames, strict=True))]
    return bridge_gaps(seconds, tracked)[0]


def compare(space: CoefficientSpace, name: str, driven: Motion, found: Motion) -> ClipResult:
    """What the motion `found` [T, C] in a rendered clip has kept of the one that drove it [T, C]."""
    count = len(space.expression)
    channels = {"jawOpen": space.index["jawOpen"], "yaw": count, "pitch": count + 1}
    error, copied = np.abs(found - driven), np.abs(driven[:1] - driven)
    return ClipResult(
        name,
        len(driven),
        {
            channel: _correlation(driven[:, k], found[:, k], 0.0 if k < count else np.radians(LEAST_TURN))
            for channel, k in channels.items()
        },
        expression_distance=float(error[:, :count].mean()),
        copied_expression_distance=float(copied[:, :count].mean()),
        pose_distance=float(error[:, count:].mean()),
        copied_pose_distance=float(copied[:, count:].mean()),
    )


def _correlation(driven: NDArray[np.float32], found: NDArray[np.float32], least: float) -> float | None:
    if driven.std() <= least:
        return None
    return float(np.corrcoef(driven, found)[0, 1]) if found.std() else 0.0
