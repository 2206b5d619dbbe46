"""From the faces that were read in a picture to the document of POST /faces."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast

from models.coefficients import CoefficientSpace
from models.extractor.landmarks import eyes_closed, mouth_open
from workers.contract.faces import DetectedFace, EyesClosed, FacePoints, FacePose, RouteVerdict, RouteVerdicts
from workers.contract.warnings import WarningCode
from workers.source_warnings import portrait_warnings, pose_warnings

if TYPE_CHECKING:
    from models.portrait import Source


def detected_face(index: int, source: "Source", space: CoefficientSpace, *, speaks: bool) -> DetectedFace:
    """What clients read about one face.

    Args:
        index: of the face, largest first.
        source: the face.
        space: of its coefficients.
        speaks: whether the bundle has a speech model.
    """
    face = source.face
    yaw, pitch, roll = (
        round(math.degrees(angle), 2) for angle in source.coefficients[space.pose_start : space.pose_start + 3]
    )
    left, right = (round(closed, 3) for closed in eyes_closed(source.landmarks))
    crop = source.crop
    carried = [warning.code for warning in portrait_warnings(source, index)]
    return DetectedFace(
        index=index,
        box=[round(place, 2) for place in face.box],
        score=round(face.score, 4),
        crop=[float(place) for place in (crop.x, crop.y, crop.x + crop.side, crop.y + crop.side)],
        points=_points(source),
        turn=cast(Literal[0, 90, 180, 270], 90 * face.turn),
        pose=FacePose(yaw=yaw, pitch=pitch, roll=roll),
        size=round(face.box[2] - face.box[0], 2),
        sharpness=round(source.sharpness, 4),
        mouth_open=round(mouth_open(source.landmarks), 3),
        eyes_closed=EyesClosed(left=left, right=right),
        warnings=carried,
        verdicts=verdicts([*carried, *pose_warnings(space, source.coefficients)], speaks=speaks),
    )


def verdicts(codes: Sequence[WarningCode], *, speaks: bool) -> RouteVerdicts:
    """The rule: a route suits a face by the number of reasons against it.

    An edit turns the head only as it is told to, so what a face hides is no reason against it.
    """
    edit = _verdict([code for code in codes if code != WarningCode.HIDDEN_SIDE])
    moved = _verdict(codes)
    return RouteVerdicts(edit=edit, reenact=moved, talk=moved if speaks else None)


def _verdict(reasons: Sequence[WarningCode]) -> RouteVerdict:
    return RouteVerdict(verdict=("good", "usable", "poor")[min(len(reasons), 2)], reasons=list(reasons))


def _points(source: "Source") -> FacePoints:
    """By the person's own sides: the picture's left is the right of who looks out of it."""
    right_eye, left_eye, nose, mouth_right, mouth_left = (
        [round(float(place), 2) for place in point] for point in source.face.points
    )
    return FacePoints(left_eye=left_eye, right_eye=right_eye, nose=nose, mouth_left=mouth_left, mouth_right=mouth_right)
