"""A speaking motion put on a face."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.audio.features import FRAME, FRAME_RATE
from models.audio.gains import MotionGains
from models.audio.liveliness import add_gaze, gaze_of
from models.coefficients import CoefficientSpace, constrain, euler_angles, rotation_matrix, sample
from models.coefficients.transfer import within_reach
from models.errors import ControlError

# How much of the photo's own mouth is left beneath the speech. What opens the lips or shapes them belongs to the speech
# alone, or a laughing photo could not say "m"; a smile or a frown is the person's, and weakens as faces do in speech.
_KEPT = {"mouthSmile": 0.6, "mouthDimple": 0.6, "mouthFrown": 0.6, "mouthStretch": 0.3, "mouthPress": 0.3}
_SIDEWAYS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")  # the person's own asymmetry


_EYES_STAY = 0.6 / np.radians(30)  # weight of eyeLook… for a turn of the head: eyes stay with the viewer, mostly


def speaking(
    space: CoefficientSpace, source: NDArray[np.float32], motion: NDArray[np.float32], gains: MotionGains
) -> NDArray[np.float32]:
    """Coefficients [n, 59] of a face [59] that makes a speaking motion [n, 59], as `SpeechMotion.sample` gives it.

    The mouth goes to the speech from rest: of the photo's own mouth only its smile, its frown and its asymmetry stay,
    weakened. Brows are added to the photo's own, lids close from where they are, and the head turns about its own
    pose: R = R_motion^head · R_source. Eyes look where the photo's look and the motion's glances go, against the head's
    turn. Weights stay in their ranges, mouthClose below jawOpen, the pose within reach of
    the sliders or where the photo has it.
    """
    own, change = np.asarray(source, np.float64), np.asarray(motion, np.float64)
    count = len(space.expression)
    result = np.repeat(own[None], len(change), 0)
    for slider in space.expression:
        i = slider.index
        if slider.group in ("jaw", "mouth") and slider.name not in _SIDEWAYS:
            kept = _KEPT.get(slider.shorthand or slider.name, 0.0)
            result[:, i] = kept * own[i] + gains.mouth * change[:, i]
        elif slider.group == "brows":
            result[:, i] += gains.brows * change[:, i]
        elif slider.shorthand == "eyeBlink":
            result[:, i] += (1 - own[i]) * np.minimum(gains.blink * change[:, i], 1)
    rotation, place = slice(count, count + 3), slice(count + 3, count + 6)
    turn = Rotation.from_matrix(rotation_matrix(*change[:, rotation].T)).as_rotvec()
    turned = Rotation.from_rotvec(gains.head * turn).as_matrix() @ rotation_matrix(*own[rotation])
    result[:, rotation] = np.stack(euler_angles(turned), -1)
    result[:, place] += gains.head * change[:, place]
    looks = gaze_of(change) - _EYES_STAY * gains.head * change[:, rotation][:, :2]
    result = add_gaze(result, gains.gaze * looks)
    return constrain(space, within_reach(space, own[None], result))


def frame_count(samples: int, fps: float) -> int:
    """Frames of the motion of so many samples, at a rate above 0: ⌈⌈samples / 640⌉·fps / 25⌉."""
    return _frames_at(math.ceil(samples / FRAME), fps)


def _frames_at(frames: int, fps: float) -> int:
    return math.ceil(frames * fps / FRAME_RATE - 1e-9)


def at_rate(chunks: Iterable[NDArray[np.float32]], fps: float) -> Iterator[NDArray[np.float32]]:
    """A motion in chunks [n, 59] at 25 frames a second, sampled at another rate as it comes.

    T frames become ⌈T·fps / 25⌉; those after the last one hold it. Raises ControlError for a rate that is none.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ControlError(f"fps is {fps}; send a number above 0", field="options.output.fps")
    if fps == FRAME_RATE:
        yield from chunks
        return
    held: NDArray[np.float32] | None = None  # the last frame of the chunk before
    read = made = 0
    for chunk in chunks:
        known = chunk if held is None else np.concatenate([held, chunk])
        first, read = read - (held is not None), read + len(chunk)
        held = known[-1:]
        ready = math.floor((read - 1) * fps / FRAME_RATE + 1e-9) + 1
        if ready > made:
            yield sample(np.arange(first, read) / FRAME_RATE, known, np.arange(made, ready) / fps)
            made = ready
    total = _frames_at(read, fps)
    if held is not None and total > made:
        yield np.repeat(held, total - made, 0)
