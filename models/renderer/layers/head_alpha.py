"""Which pixels of a crop belong to the head, its hair and what holds it, with soft edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw, facing
from models.face3d.landmark_fit import FittedFace
from models.renderer.layers.head_sheet import CHIN, HAIR
from models.renderer.layers.masks import from_edge, smoothstep, without_holes
from models.renderer.layers.skull import skull

SIZE, ROUNDS = 128, 2
"""Side and rounds of the cut: what it costs grows with both."""

GUIDE, NEAR, DETAIL = 128, 2, 1e-4
"""Side on which the cut's edge is laid on the picture's, the filter's reach in its pixels, and the faintest edge."""

CERTAIN, LIKELY = 0.8, 1.12
"""Of the way to the head's outline: how far all is head, and how far it is the first guess."""

INSIDE = 0.8
"""Centimetres inside the mesh's edge from which on all is head."""

NECK, THROAT, CUT_TO, SHOULDERS = 3.0, 5.0, 5.0, ((0.0, 4.5), (4.0, 6.0), (9.0, 13.0), (14.0, 17.0))
"""Centimetres: what is surely and what is likely neck beside the chin; how far below it the cut goes; and, so far below
it, how wide the body is. What the cut does not give to a body (a shirt) is the person's too: it bends with the neck."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Guess:
    """What the geometry says of a picture of SIZE pixels.

    Attributes:
        labels: as the cut takes them, uint8 [SIZE, SIZE].
        limit: [SIZE, SIZE] in [0, 1], where the person may be.
        body: [SIZE, SIZE], 1 for shoulders.
        end: the row to which to cut.
    """

    labels: NDArray[np.uint8]
    limit: Array
    body: Array
    end: int


def head_alpha(picture: NDArray[np.uint8], face: FittedFace) -> Array:
    """How much of each pixel of a crop [S, S, 3] is the person's, [S, S] in [0, 1]; 0 beyond the head's reach."""
    guess = _guess(face, len(picture))
    small = np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
    cut = guess.body.copy()
    cut[: guess.end] = np.maximum(cut[: guess.end], _cut(small[: guess.end], guess.labels[: guess.end]))
    cut = _connected(cut, guess.labels == cv2.GC_FGD)
    rough = cv2.GaussianBlur(cut, (0, 0), 0.7) * guess.limit
    support = _enlarged(cv2.dilate(cut, np.ones((5, 5))) * guess.limit, len(picture))
    return smoothstep((_refined(picture, rough) - 0.08) / 0.84) * np.clip(support, 0, 1)


def _enlarged(values: NDArray[Any], side: int) -> Array:
    return np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _guess(face: FittedFace, side: int) -> _Guess:
    scale = SIZE / side
    rows, columns = np.mgrid[:SIZE, :SIZE]
    points = (np.stack([columns, rows], -1).reshape(-1, 2).astype(np.float32) + 0.5) / scale - 0.5
    reach = skull(face.pose, points)[0].reshape(SIZE, SIZE)
    placed = face.placed.copy()
    placed[:, :2] = (placed[:, :2] + 0.5) * scale - 0.5
    nothing = np.zeros((len(placed), 1), np.float32)
    drawn, _ = draw(placed, nothing, facing(placed, face.model.skin), SIZE, SIZE)
    unit = scale * face.pose.scale
    deep = from_edge(without_holes(drawn > EMPTY) > 0) > INSIDE * unit
    chin = placed[face.model.landmarks[CHIN], :2]
    below, beside = (rows - chin[1]) / unit, np.abs(columns - chin[0]) / unit
    labels = np.full((SIZE, SIZE), cv2.GC_PR_BGD, np.uint8)
    labels[(reach > HAIR) & (below < -1)] = cv2.GC_BGD
    labels[(reach < LIKELY) & (below < 2)] = cv2.GC_PR_FGD
    labels[(below >= 0) & (beside < THROAT)] = cv2.GC_PR_FGD
    labels[deep | ((reach < CERTAIN) & (below < -3)) | ((below >= -1) & (beside < NECK))] = cv2.GC_FGD
    body = (below >= 1) & (beside < np.interp(below, *np.transpose(SHOULDERS)))
    limit = np.where(below < -1, smoothstep((HAIR - reach) / 0.25), 1)
    end = int(np.clip(np.ceil(chin[1] + CUT_TO * unit), SIZE // 2, SIZE))
    return _Guess(labels, limit.astype(np.float32), body.astype(np.float32), end)


def _cut(picture: NDArray[np.uint8], guess: NDArray[np.uint8]) -> Array:
    """The picture [h, w, 3] cut by its colours from a guess: 1 for the person."""
    labels = guess.copy()
    cv2.setRNGSeed(0)  # or two cuts of one photo would differ
    models = np.zeros((2, 1, 65))
    cv2.grabCut(picture, labels, (0, 0, 1, 1), models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)


def _connected(cut: Array, seed: NDArray[np.bool_]) -> Array:
    """The component that holds most of a seed, without its holes."""
    _, labels = cv2.connectedComponents(cut.astype(np.uint8), connectivity=4)
    chosen = np.bincount(labels[seed & (cut > 0)]).argmax()
    return without_holes(labels == chosen).astype(np.float32)


def _refined(picture: NDArray[np.uint8], rough: Array) -> Array:
    """A rough mask [h, w] laid on the edges of a crop [S, S, 3]: [S, S].

    The guided filter (He, Sun & Tang 2010): around each pixel the affine map of the crop's colours that is nearest to
    the mask, found on a small picture.
    """

    def mean(values: NDArray[Any]) -> Array:
        return np.asarray(cv2.blur(values, (2 * NEAR + 1,) * 2), np.float32)

    side, size = len(picture), min(len(picture), GUIDE)
    guide = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    mask = _enlarged(rough, size)
    colour, level = mean(guide), mean(mask)
    r, g, b = guide[..., 0], guide[..., 1], guide[..., 2]
    squares = np.stack([r * r, r * g, r * b, g * g, g * b, b * b], -1)
    spread = mean(squares) - colour[..., [0, 0, 0, 1, 1, 2]] * colour[..., [0, 1, 2, 1, 2, 2]]
    spread[..., [0, 3, 5]] += np.float32(DETAIL)
    slope = _solved(spread, mean(guide * mask[..., None]) - colour * level[..., None])
    offset = level - (slope * colour).sum(-1)
    whole, alpha = _enlarged(mean(slope), side), _enlarged(mean(offset), side)
    for channel in range(3):
        alpha += whole[..., channel] * (picture[..., channel] / np.float32(255))
    return alpha


def _solved(matrix: Array, vector: Array) -> Array:
    """x of symmetric matrices · x = vectors [h, w, 3], by Cramer's rule.

    Args:
        matrix: rows from the diagonal on: xx, xy, xz, yy, yz, zz, [h, w, 6].
    """
    a, b, c, d, e, f = np.moveaxis(matrix.astype(np.float64), -1, 0)
    x, y, z = np.moveaxis(vector, -1, 0)
    aa, ab, ac, bb, bc, cc = d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b
    whole = np.stack([aa * x + ab * y + ac * z, ab * x + bb * y + bc * z, ac * x + bc * y + cc * z], -1)
    return np.asarray(whole / (a * aa + b * ab + c * ac)[..., None], np.float32)
