"""The new coefficients of a training pair: what people do to their faces, and what users do with sliders."""

from __future__ import annotations

import numpy as np

from models.coefficients import ARKIT, rotation_matrix
from models.face3d.head import Head
from models.face3d.pose import HeadPose

_NAMES = [slider.name for slider in ARKIT.expression]
_JAW_OPEN, _MOUTH_CLOSE = _NAMES.index("jawOpen"), _NAMES.index("mouthClose")
_OTHER_SIDE = {
    i: _NAMES.index(name.removesuffix("Left") + "Right")
    for i, name in enumerate(_NAMES)
    if name.endswith("Left") and name.removesuffix("Left") + "Right" in _NAMES
}
_OTHER_SIDE |= {  # eyes look the same way: in with one is out with the other
    _NAMES.index("eyeLookInLeft"): _NAMES.index("eyeLookOutRight"),
    _NAMES.index("eyeLookOutLeft"): _NAMES.index("eyeLookInRight"),
}
_SIDES = {**_OTHER_SIDE, **{right: left for left, right in _OTHER_SIDE.items()}}
_FAVOURITES = {  # the sliders people use most, and how often each is drawn: what is small is hard, and needs more
    _NAMES.index(name): fraction
    for name, fraction in {
        "jawOpen": 0.17,
        "eyeBlinkLeft": 0.22,
        "mouthSmileLeft": 0.08,
        "browInnerUpLeft": 0.13,
        "browDownLeft": 0.05,
        "mouthPucker": 0.09,
        "mouthFunnel": 0.04,
        "mouthFrownLeft": 0.04,
        "eyeSquintLeft": 0.04,
        "eyeWideLeft": 0.03,
        "eyeLookInLeft": 0.03,
        "eyeLookOutLeft": 0.03,
        "eyeLookUpLeft": 0.03,
        "eyeLookDownLeft": 0.02,
    }.items()
}


PRIOR_AXES = 18  # of the 53 that the prior keeps: nine tenths of what the portraits' fits vary by


class ExpressionPrior:
    """What faces do at the same time: new expressions in the manner of known ones, weights in [0, 1].

    The paper draws motions from a VAE (section 4.3); of stills' fits a Gaussian in their leading principal axes holds
    as much: sides that move together, smiles that narrow the eyes.

    Args:
        expressions: fitted weights of real photos, float [P, 53].
    """

    def __init__(self, expressions: np.ndarray) -> None:
        self._mean = expressions.mean(0)
        _, deviations, axes = np.linalg.svd(expressions - self._mean, full_matrices=False)
        self._axes = (deviations[:PRIOR_AXES, None] / np.sqrt(len(expressions))) * axes[:PRIOR_AXES]

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One expression, float [53]."""
        return np.clip(self._mean + rng.standard_normal(len(self._axes)) @ self._axes, 0, 1)


class MotionSampler:
    """Draws target faces for a source face.

    A fraction of the pairs are sweeps: one or two of the sliders people use most go far, and nothing else moves. One of
    the other pairs in twenty keeps the source's coefficients (an edit of nothing must change nothing). Of the rest
    some take the expression of another photo, some one of a prior, some the source's own with a few sliders moved; the
    pose keeps still in a fifth.

    Args:
        expressions: fitted expression weights of real photos, float [P, 53].
        rng: the generator every draw comes from.
        sweeps: fraction of sweeps.
    """

    def __init__(self, expressions: np.ndarray, rng: np.random.Generator, sweeps: float) -> None:
        self._expressions, self._rng, self._sweeps = np.clip(expressions, 0, 1), rng, sweeps
        self._prior = ExpressionPrior(self._expressions)

    def draw(self, source: Head) -> Head:
        """A target face of the same person."""
        if self._rng.random() < self._sweeps:
            return Head(source.person, self._swept(source.expression), source.pose)
        if self._rng.random() < 0.05:
            return source
        pose = source.pose if self._rng.random() < 0.2 else self._pose(source.pose)
        return Head(source.person, self._expression(source.expression), pose)

    def _swept(self, own: np.ndarray) -> np.ndarray:
        weights = own.astype(np.float32)
        for slider in self._favourites(int(self._rng.integers(1, 3))):
            self._set(weights, slider, min(1, self._rng.uniform(0.3, 1.3)))  # all the way is what users request most
        return weights

    def _favourites(self, count: int) -> list[int]:
        sliders, fractions = list(_FAVOURITES), list(_FAVOURITES.values())
        return [int(slider) for slider in self._rng.choice(sliders, count, replace=False, p=fractions)]

    def _set(self, weights: np.ndarray, slider: int, value: float) -> None:
        """Move a slider, in place; mostly on both sides."""
        weights[slider] = value
        if slider in _SIDES and self._rng.random() < 0.8:
            weights[_SIDES[slider]] = value

    def _expression(self, own: np.ndarray) -> np.ndarray:
        rng, kind = self._rng, self._rng.random()
        if kind < 0.1:
            weights = self._prior.draw(rng)
        elif kind < 0.4:
            weights = self._expressions[rng.integers(len(self._expressions))] * rng.uniform(0, 1.2)
        elif kind < 0.9:
            weights = own * (1 if rng.random() < 0.6 else rng.uniform(0, 1))
        else:
            weights = np.zeros_like(own)
        weights = weights.astype(np.float32)
        for _ in range(rng.integers(0, 4)):
            slider = self._favourites(1)[0] if rng.random() < 0.5 else int(rng.integers(len(_NAMES)))
            self._set(weights, slider, rng.random())
        weights = np.clip(weights, 0, 1)
        weights[_MOUTH_CLOSE] = min(
            weights[_MOUTH_CLOSE], weights[_JAW_OPEN]
        )  # more would push the lips through each other
        return weights

    def _pose(self, own: HeadPose) -> HeadPose:
        rng = self._rng
        turn = rotation_matrix(*(rng.normal(0, sigma) for sigma in (0.22, 0.13, 0.11)))
        moved = own.translation + np.array([*rng.normal(0, 7, 2), 0])
        return HeadPose(own.scale * float(np.exp(rng.normal(0, 0.06))), turn @ own.rotation, moved)
