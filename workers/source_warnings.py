"""Warnings of a source or driver: what its picture does not support of the request."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace
from workers.contract.kinds.common import FaceChoice
from workers.contract.warnings import JobWarning, WarningCode

if TYPE_CHECKING:
    from models.portrait import Source

_SMALL = 64  # pixels
_BLURRED = 0.016  # see `models.extractor.sharpness`
# Training photos of 29 degrees of yaw and more that were turned to the front showed two faces, 21 of 21.
_ASIDE, _ACROSS = math.radians(20), math.radians(12)
# A little more than the sliders take: a photo may show that much itself.
_FARTHEST = (("yaw", math.radians(35)), ("pitch", math.radians(30)), ("roll", math.radians(50)))


def portrait_warnings(source: "Source", face: FaceChoice, what: str = "source") -> Iterator[JobWarning]:
    """What is wrong with the face of a photo, the "source" or the "driver", that was chosen as `face`."""
    index = 0 if face == "largest" else face
    if face == "largest" and source.faces > 1:
        yield JobWarning(
            code=WarningCode.SEVERAL_FACES,
            message=f"The {what} shows {source.faces} faces; the largest was taken. "
            + ("Choose one by options.face." if what == "source" else "Send a picture of one."),
        )
    width = source.face.box[2] - source.face.box[0]
    if width < _SMALL:
        yield JobWarning(
            code=WarningCode.SMALL_FACE,
            message=f"The face of the {what} is {width:.0f} pixels wide; send a picture where it has {_SMALL}.",
            face=index,
        )
    if source.sharpness < _BLURRED:
        yield JobWarning(
            code=WarningCode.BLURRED_FACE,
            message=f"The face of the {what} is blurred, so its expression is read badly; send a sharper picture.",
            face=index,
        )


def pose_warnings(space: CoefficientSpace, own: NDArray[np.float32]) -> Iterator[WarningCode]:
    """What `motion_warnings` may tell of a source [C] as soon as its head is moved."""
    pose = np.abs(own[space.pose_start : space.pose_start + 3])
    if pose[0] > _ASIDE:
        yield WarningCode.HIDDEN_SIDE
    if any(shown > most for shown, (_, most) in zip(pose, _FARTHEST, strict=True)):
        yield WarningCode.EXTREME_POSE


def motion_warnings(
    space: CoefficientSpace, own: NDArray[np.float32], motion: NDArray[np.float32], face: int | None = None
) -> Iterator[JobWarning]:
    """What of a motion [T, C] a source [C], or a source in motion [T, C], cannot show.

    Args:
        face: its index, where the request has several.
    """
    pose = slice(space.pose_start, space.pose_start + 3)
    shown, requested = np.atleast_2d(own)[:, pose], motion[:, pose]
    turned = requested - shown
    hidden = (np.abs(shown[:, 0]) > _ASIDE) & (-np.sign(shown[:, 0]) * turned[:, 0] > _ACROSS)
    if hidden.any():
        worst = int(np.argmax(np.abs(turned[:, 0]) * hidden))
        yaw = abs(math.degrees(np.broadcast_to(shown, turned.shape)[worst, 0]))
        turn = abs(math.degrees(turned[worst, 0]))
        yield JobWarning(
            code=WarningCode.HIDDEN_SIDE,
            message=f"The face looks aside by {yaw:.0f}° of yaw and is turned by {turn:.0f}° "
            "towards the side that the picture hides; turn it less, or send a picture from nearer to the front.",
            face=face,
        )
    for axis, (name, most) in enumerate(_FARTHEST):
        farthest = float(np.abs(requested[:, axis]).max())
        moves = np.abs(turned[:, axis]).max() > math.radians(1)
        if farthest > most and moves:
            yield JobWarning(
                code=WarningCode.EXTREME_POSE,
                message=f"The head is turned to {math.degrees(farthest):.0f}° of {name}, the photo's own included; "
                f"keep it within {math.degrees(most):.0f}°.",
                face=face,
            )


def video_warnings(what: str, without_face: int, cuts: int, missing: int) -> Iterator[JobWarning]:
    """What a "video" or "source video" did not show of a face."""
    for code, count, message in (
        (WarningCode.FRAMES_WITHOUT_FACE, without_face, "frame(s) do not show the face"),
        (WarningCode.CUTS, cuts, "cut(s), after which it may show another person"),
        (WarningCode.FRAMES_MISSING, missing, "frame(s) that the file states could not be decoded"),
    ):
        if count:
            yield JobWarning(code=code, message=f"The {what}: {count} {message}.")
