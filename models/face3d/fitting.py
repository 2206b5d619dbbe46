"""The 3DMM fitted to landmarks: of one photo, or of many frames of one person with one identity for all.

The landmarks of one picture cannot separate a long chin from an open jaw, or small eyes from half-closed lids:
identity and expression explain the same points. Over many frames they come apart, because only expression may change.
Scaled-orthographic pose, bounded least squares, with MediaPipe's scores as the expressions' prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.landmark_shape import EYES, LIPS
from models.face3d.pose import HeadPose

SENSITIVE = 3.0  # weight of lips and lids against other landmarks
DEPTH = 0.3  # weight of z, which landmarks give only roughly
IDENTITY_RIDGE, EXPRESSION_RIDGE = 1.2, 2.5  # as in the portraits' fits, so that labels of both agree
PRIOR = 0.7  # fraction of a score that the expression is drawn to: MediaPipe's run high
IDENTITY_BOUND = 3.0  # standard deviations
FRAME_ROUNDS, PERSON_ROUNDS = 4, 8
SWEEPS, TOLERANCE = 1000, 1e-6


@dataclass(frozen=True, eq=False)
class FrameFit:
    """One frame: expression weights [53] in [0, 1], the pose in the frame's pixels, and the mean distance between
    landmarks and mesh, as a fraction of the face's height."""

    expression: np.ndarray
    pose: HeadPose
    error: float


class SpeakerFit:
    """Fits frames with one identity, float64 [I].

    Args:
        mesh: the 3DMM at the landmarks.
    """

    def __init__(self, mesh: LandmarkMesh, identity: np.ndarray) -> None:
        self.identity = identity
        self._neutral = mesh.mean + np.tensordot(identity, mesh.identity, 1)
        self._expression = mesh.expression.astype(np.float64)
        self._weight = _weights(len(mesh.mean))
        # Inner products of all blendshapes over the landmarks, by pairs of axes: a frame's normal equations are their
        # sum, weighted by what its rotation makes of the axes.
        weighted = self._expression * self._weight[:, None]
        self._moments = np.tensordot(weighted, weighted, (1, 1)).transpose(1, 3, 0, 2)  # [3, 3, E, E]

    @classmethod
    def of_frames(cls, mesh: LandmarkMesh, landmarks: np.ndarray, scores: np.ndarray) -> SpeakerFit:
        """Find the identity that explains frames with landmarks [F, 478, 3] and scores [F, 53] best.

        Identity and expressions take turns, so the identity takes over only what expressions within their bounds leave
        unexplained: a resting face keeps what its scores give it. The frames' mean counts against the prior, not
        their sum: what is systematically wrong in the landmarks does not become truer with more frames.
        """
        identity = np.zeros(len(mesh.identity))
        bounds = np.full(len(identity), IDENTITY_BOUND)
        for _ in range(PERSON_ROUNDS):
            fit = cls(mesh, identity)
            left, right = np.zeros((len(identity),) * 2), np.zeros(len(identity))
            for points, score in zip(landmarks, scores, strict=True):
                frame = fit.fit(points, score)
                offset = _target(points)[: len(mesh.mean)] - frame.pose.translation
                known = mesh.mean + np.tensordot(frame.expression, mesh.expression, 1)
                rows = _rows(mesh.identity, frame.pose.rotation, fit._weight)
                targets = _targets(offset / frame.pose.scale - known @ frame.pose.rotation.T, fit._weight)
                left += rows.T @ rows / len(landmarks)
                right += rows.T @ targets / len(landmarks)
            identity = _solve(left, right, np.full(len(identity), IDENTITY_RIDGE), 0 * right, -bounds, bounds)
        return cls(mesh, identity)

    def fit(self, landmarks: np.ndarray, scores: np.ndarray) -> FrameFit:
        """Fit a frame with landmarks [478, 3] (pixels) and scores [53]."""
        target = _target(landmarks)[: len(self._neutral)]
        prior = scores.astype(np.float64)
        expression, count = prior.copy(), len(prior)
        ridge = np.full(count, EXPRESSION_RIDGE)
        for _ in range(FRAME_ROUNDS):
            scale, rotation, translation = _align(self._shape(expression), target, self._weight)
            axes = rotation.T * (1, 1, DEPTH**2) @ rotation
            left = np.tensordot(axes, self._moments)
            offset = (target - translation) / scale - self._neutral @ rotation.T
            right = np.tensordot(self._expression, (self._weight[:, None] ** 2 * offset * (1, 1, DEPTH**2)) @ rotation)
            expression = _solve(left, right, ridge, PRIOR * prior, np.zeros(count), np.ones(count))
        shape = self._shape(expression)
        pose = HeadPose(*_align(shape, target, self._weight))
        return FrameFit(expression.astype(np.float32), pose, _error(shape, pose, target))

    def _shape(self, expression: np.ndarray) -> np.ndarray:
        return self._neutral + np.tensordot(expression, self._expression, 1)


def fit_photo(mesh: LandmarkMesh, landmarks: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, FrameFit]:
    """Fit identity, float64 [I], expression and pose to a single photo at once.

    Args:
        landmarks: [478, 3], pixels (x right, y down, z away).
        scores: [53], MediaPipe's.
    """
    target, weight, count = _target(landmarks)[: len(mesh.mean)], _weights(len(mesh.mean)), len(mesh.identity)
    basis = np.concatenate([mesh.identity, mesh.expression]).astype(np.float64)
    ridge = np.r_[np.full(count, IDENTITY_RIDGE), np.full(len(scores), EXPRESSION_RIDGE)]
    prior = np.r_[np.zeros(count), PRIOR * scores.astype(np.float64)]
    low = np.r_[np.full(count, -IDENTITY_BOUND), np.zeros(len(scores))]
    high = np.r_[np.full(count, IDENTITY_BOUND), np.ones(len(scores))]
    numbers = np.r_[np.zeros(count), scores.astype(np.float64)]
    for _ in range(FRAME_ROUNDS):
        scale, rotation, translation = _align(mesh.mean + np.tensordot(numbers, basis, 1), target, weight)
        rows = _rows(basis, rotation, weight)
        targets = _targets((target - translation) / scale - mesh.mean @ rotation.T, weight)
        numbers = _solve(rows.T @ rows, rows.T @ targets, ridge, prior, low, high)
    shape = mesh.mean + np.tensordot(numbers, basis, 1)
    pose = HeadPose(*_align(shape, target, weight))
    return numbers[:count], FrameFit(numbers[count:].astype(np.float32), pose, _error(shape, pose, target))


def _error(shape: np.ndarray, pose: HeadPose, target: np.ndarray) -> float:
    misses = (pose.scale * shape @ pose.rotation.T + pose.translation - target)[:, :2]
    return float(np.linalg.norm(misses, axis=1).mean() / np.ptp(target[:, 1]))


def _target(landmarks: np.ndarray) -> np.ndarray:
    """Picture axes (y down, z away) to the 3DMM's (y up, z towards the viewer)."""
    return landmarks.astype(np.float64) * (1, -1, -1)


def _weights(count: int) -> np.ndarray:
    weight = np.ones(count)
    weight[[index for index in LIPS + EYES if index < count]] = SENSITIVE
    return weight


def _align(shape: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Scale, rotation [3, 3] and translation [3] that lay `shape` [L, 3] on `target` (Umeyama 1991)."""
    a, b = np.average(shape, axis=0, weights=weight), np.average(target, axis=0, weights=weight)
    u, _, vt = np.linalg.svd(((target - b) * weight[:, None]).T @ (shape - a))
    rotation = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    turned = ((shape - a) @ rotation.T)[:, :2]
    scale = float((weight[:, None] * turned * (target - b)[:, :2]).sum() / (weight[:, None] * turned**2).sum())
    return scale, rotation, b - scale * rotation @ a


def _rows(basis: np.ndarray, rotation: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Columns of a least-squares problem: a basis [N, L, 3], turned and weighted, as [3L, N]."""
    turned = (basis @ rotation.T) * (1, 1, DEPTH) * weight[:, None]
    return turned.reshape(len(basis), -1).T


def _targets(offset: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (offset * (1, 1, DEPTH) * weight[:, None]).ravel()


def _solve(
    left: np.ndarray, right: np.ndarray, ridge: np.ndarray, prior: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """The bounded minimum of x·left·x − 2 right·x + |ridge (x − prior)|²."""
    return np.asarray(_descend(left + np.diag(ridge**2), right + ridge**2 * prior, low, high))


@numba.njit(cache=True)
def _descend(matrix: np.ndarray, vector: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The minimum of x·matrix·x − 2 vector·x within bounds, one number of x after the other until none moves."""
    x = np.minimum(np.maximum(np.zeros(len(vector)), low), high)
    for _ in range(SWEEPS):
        farthest = 0.0
        for i in range(len(x)):
            best = x[i] + (vector[i] - (matrix[i] * x).sum()) / matrix[i, i]
            best = min(max(best, low[i]), high[i])
            farthest = max(farthest, abs(best - x[i]))
            x[i] = best
        if farthest < TOLERANCE:
            break
    return x
