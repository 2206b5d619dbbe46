"""Steps of a turned head's frame that look at every pixel, each in one pass and without pictures in between."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

ATTRIBUTES = 8
"""What a vertex of a turned mesh has: where the photo shows it (3), how far it faces the viewer there, how sure it is,
how far inside of the outline and on the hidden side; and how far its mirror image faces the viewer. After these the
mirror image's own place (3) may follow."""


@numba.njit(cache=True, fastmath=True, nogil=True)
def enlarged(drawn: Array, side: int) -> tuple[Array, Array, Array]:
    """Where the pixels of a picture of `side` pixels show the crop, columns and rows [side, side], and how far.

    Args:
        drawn: on a coarser grid [s, s, 4]: how far it moves, weight, and 1 where something was drawn. Linear.
    """
    size = len(drawn)
    columns, rows = np.empty((side, side), np.float32), np.empty((side, side), np.float32)
    weights = np.empty((side, side), np.float32)
    step, half, one = np.float32(size / side), np.float32(0.5), np.float32(1)
    for y in range(side):
        down = min(max((y + half) * step - half, np.float32(0)), np.float32(size - 1))
        top = int(down)
        bottom = min(top + 1, size - 1)
        low = np.float32(down - top)
        for x in range(side):
            across = min(max((x + half) * step - half, np.float32(0)), np.float32(size - 1))
            left = int(across)
            right = min(left + 1, size - 1)
            near = np.float32(across - left)
            a, b, c, d = (one - low) * (one - near), (one - low) * near, low * (one - near), low * near
            w, n, s, e = drawn[top, left], drawn[top, right], drawn[bottom, left], drawn[bottom, right]
            whole = one / max(a * w[3] + b * n[3] + c * s[3] + d * e[3], np.float32(1e-3))
            columns[y, x] = x + (a * w[0] + b * n[0] + c * s[0] + d * e[0]) * whole
            rows[y, x] = y + (a * w[1] + b * n[1] + c * s[1] + d * e[1]) * whole
            weights[y, x] = a * w[2] + b * n[2] + c * s[2] + d * e[2]
    return columns, rows, weights


@numba.njit(cache=True, fastmath=True, nogil=True)
def lay_skin(
    colours: Array, alpha: Array, shown: Array, skin: Array, cover: Array, held: Array, left: int, top: int
) -> None:
    """Lay a window's skin [h, w, 3] over a sheet's colours [S, S, 3], and both covers over each other, in place.

    Args:
        alpha: of the sheet [S, S], where `shown` [S, S] says how far it is there; becomes that of both.
        cover, held: of the skin, and how far it is to be believed against the sheet, [h, w].
    """
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            alpha[y, x] *= shown[y, x]
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            here = alpha[top + y, left + x]
            on_top = cover[y, x] * (np.float32(1) - (np.float32(1) - held[y, x]) * here)
            for k in range(3):
                below = colours[top + y, left + x, k]
                colours[top + y, left + x, k] = below + on_top * (skin[y, x, k] - below)
            alpha[top + y, left + x] = here + cover[y, x] * (np.float32(1) - here)


@numba.njit(cache=True, fastmath=True, nogil=True)
def lay_over(colours: Array, alpha: Array, behind: Array) -> None:
    """Lay colours [S, S, 3] with their alpha [S, S] over what is behind them [S, S, 3]; `colours` becomes both."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            for k in range(3):
                far = behind[y, x, k]
                colours[y, x, k] = far + alpha[y, x] * (colours[y, x, k] - far)


@numba.njit(cache=True, fastmath=True, nogil=True)
def lay_paint(picture: Array, added: Array, face: Array, left: int, top: int) -> None:
    """Add what was painted [S, S, 3 + 1] to a picture [S, S, 3], in place, as far as a window's face [h, w] goes."""
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            here = face[y, x]
            kept = np.float32(1) - here * min(max(added[top + y, left + x, 3], np.float32(0)), np.float32(1))
            for k in range(3):
                level = picture[top + y, left + x, k]
                picture[top + y, left + x, k] = level * kept + here * added[top + y, left + x, k]


@numba.njit(cache=True, fastmath=True, nogil=True)
def _smooth_step(value: float) -> float:
    """From 0 at 0 to 1 at 1, without a kink."""
    clipped = min(max(value, 0.0), 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


@numba.njit(cache=True, fastmath=True, nogil=True)
def bent(placed: Array, rigid: Array, posed: Array, certainty: Array, follows: Array) -> Array:
    """Vertices [V, 3] between a head that moves as it is and one with an expression, as far as each is certain [V],
    and between both and their place in the photo, as far as each follows [V]."""
    made = np.empty_like(placed)
    for i in range(len(placed)):
        for k in range(3):
            moved = rigid[i, k] + certainty[i] * (posed[i, k] - rigid[i, k])
            made[i, k] = placed[i, k] + follows[i] * (moved - placed[i, k])
    return made


@numba.njit(cache=True, fastmath=True, nogil=True)
def sides(
    is_drawn: NDArray[np.bool_], drawn: Array, seen: Array, facing: tuple[float, float], inside: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """What a window's mesh shows, [h, w] each: how surely, how far it is to be believed, and how well the photo has it.

    What is under eyes and mouth, where nothing is drawn, counts as sure as the face.

    Args:
        drawn: the `ATTRIBUTES` of a turned mesh, [h, w, ≥ 8].
        seen: [h, w], where the photo shows it.
        facing: between how far facing the viewer the photo shows nothing of a surface, and all.
        inside: centimetres inside of the outline from where a side counts, and over how many it comes in.
    """
    certainty, held, own = np.empty_like(seen), np.empty_like(seen), np.empty_like(seen)
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            if not is_drawn[y, x]:
                certainty[y, x] = held[y, x] = own[y, x] = 1
                continue
            shown = _smooth_step((drawn[y, x, 3] - np.float32(facing[0])) / np.float32(facing[1] - facing[0]))
            side = _smooth_step((drawn[y, x, 5] - np.float32(inside[0])) / np.float32(inside[1]))
            certainty[y, x] = drawn[y, x, 4]
            held[y, x] = max(shown, side, _smooth_step(np.float32(2) * drawn[y, x, 6]))
            own[y, x] = shown * seen[y, x]
    return certainty, held, own


@numba.njit(cache=True, fastmath=True, nogil=True)
def outlined(soft: Array, solid: NDArray[np.uint8], certainty: Array, border: float) -> tuple[Array, Array]:
    """How much of each pixel [h, w] a mesh covers, and how far it is of the face.

    Args:
        soft: the mesh's outline `solid` [h, w], blurred: what is half or less of it is left out.
        certainty: of the mesh, which covers all from `border` on.
    """
    cover, certain = np.empty_like(soft), np.empty_like(soft)
    for y in range(soft.shape[0]):
        for x in range(soft.shape[1]):
            edge = min(max(np.float32(2) * soft[y, x] - np.float32(1), np.float32(0)), np.float32(1)) * solid[y, x]
            cover[y, x] = edge * _smooth_step(certainty[y, x] / np.float32(border))
            certain[y, x] = cover[y, x] * certainty[y, x]
    return cover, certain


def compile_loops() -> None:
    """Compile, or read what an earlier process compiled: seconds that the first picture should not wait for.

    Each loop for arrays that lie in memory as those of a frame do.
    """
    drawn, solid = np.zeros((2, 2, ATTRIBUTES), np.float32), np.zeros((2, 2), np.uint8)
    one, colours = np.zeros((2, 2), np.float32), np.zeros((2, 2, 3), np.float32)
    enlarged(drawn[..., :4].copy(), 2)
    lay_skin(colours, one, one, colours, one, one, 0, 0)
    lay_over(colours, one, colours)
    lay_paint(colours, drawn, one, 0, 0)
    bent(colours[0], colours[0], colours[0], one[0], one[0])
    sides(solid > 0, drawn, one, (0.0, 1.0), (0.0, 1.0))
    outlined(one, solid, one, 1.0)
