"""What a job's client is warned of: the job succeeds, but the picture does not support all that was requested."""

from enum import StrEnum
from typing import Annotated

from pydantic import WithJsonSchema

from workers.contract.contract_model import ContractModel


class WarningCode(StrEnum):
    """Stable names of the warnings, each with what it means."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "WarningCode":
        """A member that is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    SEVERAL_FACES = "several_faces", "It shows several faces and `options.face` names none: the largest is taken."
    SMALL_FACE = "small_face", "The face is less than 64 pixels wide."
    BLURRED_FACE = "blurred_face", "The face is so blurred that its expression is read badly."
    HIDDEN_SIDE = "hidden_side", "The face looks aside, and is turned towards the side that the picture does not show."
    EXTREME_POSE = (
        "extreme_pose",
        "The head is turned, in all, beyond 35° of yaw, 30° of pitch or 50° of roll.",
    )
    FRAMES_WITHOUT_FACE = (
        "frames_without_face",
        "Frames do not show the face: a driver's motion is bridged there, a source's frames stay as they are.",
    )
    CUTS = "cuts", "A video's picture changes at once: from there on it may show another person."
    FRAMES_MISSING = "frames_missing", "A video file states more frames than it holds: it is cut off or damaged."
    SOUND_MISSING = (
        "sound_missing",
        "The sound that a driver's document refers to is no longer stored, or cannot be read: the clip has none of it.",
    )


ReportedCode = Annotated[
    WarningCode,
    # No enum: clients that were generated before a code was added would refuse the whole job.
    WithJsonSchema(
        {
            "type": "string",
            "description": f"A name of a warning; later versions may add some. Today: {', '.join(WarningCode)}.",
        }
    ),
]
"""A warning's code as clients read it."""


class JobWarning(ContractModel):
    """A warning of a job. `face` is the index of the face that it is about, largest first, where it is about one."""

    code: ReportedCode
    message: str
    face: int | None = None
