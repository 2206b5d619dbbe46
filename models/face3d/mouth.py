"""Paint the part of the mouth that a photo does not show, from the 3DMM's own teeth, gums, tongue and socket.

Colours are those of a typical mouth, scaled to the brightness and tint of the photo's skin; smooth vertex normals shade
them and depth behind the lips darkens them, so that teeth stand out of a dark cavity as in a real picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.face3d.morphable import GUMS_AND_TONGUE, TEETH, MorphableModel
from models.face3d.raster import interpolate

TEETH_COLOUR = np.array([218, 205, 188], np.float32)
GUMS_COLOUR = np.array([158, 86, 84], np.float32)
SOCKET_COLOUR = np.array([72, 30, 30], np.float32)
TYPICAL_SKIN = 135.0  # mean level of the skin that the three colours go with
COLOURFUL = 60.0  # levels between the strongest and the weakest channel of skin from which on the colours are full
DARKENING = 0.22  # of the picture's side: depth behind the lips at which light has faded to the floor
FLOOR = 0.16


def _vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face_normal = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, triangles[:, k], face_normal)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)


def paint_mouth(
    model: MorphableModel,
    picture: np.ndarray,
    vertices: np.ndarray,
    triangle: np.ndarray,
    weights: np.ndarray,
    depth: np.ndarray,
    hidden: np.ndarray,
    skin: np.ndarray,
) -> np.ndarray:
    """Return `picture` (uint8 [size, size, 3]) with the `hidden` pixels (bool [size, size]) painted.

    Args:
        vertices, triangle, weights, depth: the target mesh and its rasterisation (`models.face3d.raster`).
        skin: the photo's pixels on the head, uint8 [P, 3]: they set brightness and tint.
    """
    size = picture.shape[0]
    normal = interpolate(_vertex_normals(vertices, model.interior), model.triangles, triangle, weights)
    facing = np.abs(normal[..., 2]) / (np.linalg.norm(normal, axis=-1) + 1e-9)
    part = model.part[triangle]
    colour = np.where((part == TEETH)[..., None], TEETH_COLOUR, SOCKET_COLOUR)
    colour = np.where((part == GUMS_AND_TONGUE)[..., None], GUMS_COLOUR, colour)
    level = float(np.median(skin)) / TYPICAL_SKIN
    # As colourful as the skin: a grey photo gets a grey mouth, a brown print a brown one, a faded photo a faded one.
    mean = skin.reshape(-1, 3).mean(0)
    tint = min(float(np.ptp(mean)) / COLOURFUL, 1)
    print_colour = colour.mean(-1, keepdims=True) * (mean / max(float(mean.mean()), 1.0))
    colour = print_colour * (1 - tint) + colour * tint
    lips = float(np.percentile(depth[hidden], 98))
    light = np.clip(1 - (lips - depth) / (DARKENING * size), FLOOR, 1) * (0.45 + 0.55 * facing)
    painted = np.clip(colour * (light * np.clip(level, 0.35, 1.25))[..., None], 0, 255).astype(np.float32)
    # The blur stands for the antialiasing that a z-buffer lacks; outside the hidden part the picture itself counts.
    painted = cv2.GaussianBlur(np.where(hidden[..., None], painted, picture), (0, 0), 0.7)
    alpha = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), 0.8)[..., None]
    alpha = np.where(hidden[..., None], np.maximum(alpha, 0.5), alpha)
    return np.clip(painted * alpha + picture * (1 - alpha), 0, 255).astype(np.uint8)
