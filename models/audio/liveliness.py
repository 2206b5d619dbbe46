"""What a living head does beside speaking: it looks away and back, breathes, nods, and its sides are not quite alike.

Clips of three seconds, of one man who reads, do not show a flow these; so they are processes of their own, as the
blinks are. They follow the rhythm of the sound, and where there is none they go on.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.audio.features import FRAME_RATE
from models.audio.rhythm import Rhythm
from models.coefficients import ARKIT

_Float = TypeVar("_Float", bound=np.floating)

_FIXATION, _SPREAD = 1.4, 0.5  # seconds that a look is held: median, log standard deviation
_AWAY = 0.45  # how often a look goes away from the viewer
_GLANCE = (0.16, 0.07)  # how far, sideways and up or down: weights of eyeLook…
_BREATH_S, _LEAST_BREATH_S = 4.2, 2.2  # seconds between breaths: at rest, and at least when a pause invites one
_INHALE, _EXHALE = 14, 34  # frames
_BREATH = {"pitch": 0.010, "y": -0.0035}  # radians; fraction of the crop
_NOD, _NOD_FRAMES = -0.032, 13  # radians
_FLASH, _FLASH_FRAMES = 0.16, 15  # weight of raised brows
_UNEVEN = 0.05  # standard deviation of a side's share

_SIDED = [(left, right) for name, (left, right) in ARKIT.shorthands.items() if name.startswith(("mouth", "brow"))]
_LEFT = [ARKIT.index[left] for left, _ in _SIDED]
_RIGHT = [ARKIT.index[right] for _, right in _SIDED]
_BROWS = [ARKIT.index[f"{name}{side}"] for name in ("browInnerUp", "browOuterUp") for side in ("Left", "Right")]
_PITCH, _Y = ARKIT.pose_start + 1, ARKIT.pose_start + 4
_TO_LEFT = [ARKIT.index[name] for name in ("eyeLookOutLeft", "eyeLookInRight")]
_TO_RIGHT = [ARKIT.index[name] for name in ("eyeLookInLeft", "eyeLookOutRight")]
_UP = [ARKIT.index[name] for name in ("eyeLookUpLeft", "eyeLookUpRight")]
_DOWN = [ARKIT.index[name] for name in ("eyeLookDownLeft", "eyeLookDownRight")]


class Liveliness:
    """An endless motion, made a block at a time from a seed and the rhythm of a sound.

    Args:
        amount: of what is drawn at random, glances and unevenness; 1 is usual, 0 none.
    """

    def __init__(self, seed: int, amount: float) -> None:
        self._rng = np.random.default_rng([seed, 0x11FE])
        self._amount = amount
        self._look, self._held = np.zeros(2), self._fixation()
        self._since_breath = int(FRAME_RATE * _BREATH_S * self._rng.random())
        self._gestures = np.zeros((0, ARKIT.size), np.float32)  # what has begun and goes on
        self._uneven = amount * np.clip(self._rng.normal(0, _UNEVEN, len(_SIDED)), -0.1, 0.1)

    def add(self, motion: NDArray[np.float32], rhythm: Rhythm) -> NDArray[np.float32]:
        """A block of a motion [BLOCK, 59] with these added."""
        motion = motion + self._gestured(rhythm)
        motion[:, _LEFT] *= (1 + self._uneven).astype(np.float32)
        motion[:, _RIGHT] *= (1 - self._uneven).astype(np.float32)
        return add_gaze(motion, self._looks(len(motion)))

    def _fixation(self) -> int:
        return max(6, round(FRAME_RATE * _FIXATION * float(np.exp(_SPREAD * self._rng.standard_normal()))))

    def _looks(self, count: int) -> NDArray[np.float64]:
        """Where the eyes look [count, 2]: to the person's left and up, 0 at the viewer."""
        looks = np.empty((count, 2))
        for frame in range(count):
            if self._held == 0:
                away = not self._look.any() and self._rng.random() < _AWAY
                glance = self._rng.normal(0, _GLANCE)
                self._look, self._held = glance * away, self._fixation() // (2 if away else 1)
            self._held -= 1
            looks[frame] = self._look
        return self._amount * looks

    def _gestured(self, rhythm: Rhythm) -> NDArray[np.float32]:
        count, longest = len(rhythm.stress), _INHALE + _EXHALE
        track = np.zeros((count + longest, ARKIT.size), np.float32)
        track[: len(self._gestures)] = self._gestures
        for frame in range(count):
            self._since_breath += 1
            waited = _LEAST_BREATH_S if rhythm.pause[frame] else _BREATH_S
            if self._since_breath >= FRAME_RATE * waited and (rhythm.pause[frame] or rhythm.speech[frame] < 0.5):
                self._since_breath = 0
                breath = np.concatenate([_rise(_INHALE), _rise(_EXHALE)[::-1]])
                track[frame : frame + longest, _PITCH] += _BREATH["pitch"] * breath
                track[frame : frame + longest, _Y] += _BREATH["y"] * breath
            if rhythm.stress[frame]:
                strength = float(rhythm.stress[frame])
                track[frame : frame + _NOD_FRAMES, _PITCH] += _NOD * strength * _bump(_NOD_FRAMES)
                flash = _FLASH * strength * _bump(_FLASH_FRAMES)
                track[frame : frame + _FLASH_FRAMES, _BROWS] += flash[:, None]
        self._gestures = track[count:]
        return track[:count]


def add_gaze(motion: NDArray[_Float], looks: NDArray[np.floating]) -> NDArray[_Float]:
    """Coefficients [T, 59] whose eyes look farther to the person's left and up by [T, 2] weights.

    A look to one side takes back one to the other, so that no eye is pulled both ways.
    """
    motion = motion.copy()
    for positive, negative, change in ((_TO_LEFT, _TO_RIGHT, looks[:, :1]), (_UP, _DOWN, looks[:, 1:])):
        one, other = motion[:, positive], motion[:, negative]
        both, signed = np.minimum(one, other), one - other + change
        motion[:, positive], motion[:, negative] = both + np.maximum(signed, 0), both + np.maximum(-signed, 0)
    return motion


def gaze_of(motion: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far the eyes look to the person's left and up [T, 2], means of both, in weights."""
    sideways = motion[:, _TO_LEFT].mean(1) - motion[:, _TO_RIGHT].mean(1)
    return np.stack([sideways, motion[:, _UP].mean(1) - motion[:, _DOWN].mean(1)], 1)


def _rise(frames: int) -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / frames)).astype(np.float32)


def _bump(frames: int) -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frames) + 0.5) / frames)).astype(np.float32)
