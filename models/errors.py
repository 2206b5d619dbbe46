"""The errors that `models` raises on purpose. The service turns `code` into a problem; messages say what to change."""

from __future__ import annotations


class PortraitError(Exception):
    """Root of the project's errors.

    `code` is stable: callers may branch on it, and it is part of the HTTP contract.
    `field` names the request field at fault, dotted, where there is one (`expression.jawOpen`).
    """

    code: str = "portrait_error"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ControlError(PortraitError):
    """Sliders, pose, raw coefficients or keyframes that cannot be applied."""

    code = "invalid_control"


class NoFaceError(PortraitError):
    """The picture shows no face that the detector finds."""

    code = "no_face"


class FaceIndexError(PortraitError):
    """The picture has faces, but fewer than the index asks for."""

    code = "face_index"


class BundleError(PortraitError):
    """A bundle that is missing, altered, incomplete or made for another version or network."""

    code = "invalid_bundle"


class SpaceError(PortraitError):
    """A coefficient space that this version does not know."""

    code = "unknown_space"


class TrainingDataError(PortraitError):
    """Training data that is missing or not laid out as the training entrypoint expects."""

    code = "training_data"


class DivergenceError(PortraitError, FloatingPointError):
    """A training whose loss is not finite: nothing can be learnt from it."""

    code = "training_diverged"


class EvaluationError(PortraitError):
    """Something that an evaluation needs is missing: its data, the judge's package or its model."""

    code = "evaluation"


class VideoError(PortraitError):
    """A video file that cannot be read: empty, of an unknown container or codec, or damaged from the start."""

    code = "unreadable_video"


class NoVideoError(VideoError):
    """A media file without a moving picture."""

    code = "no_video"


class MotionError(PortraitError):
    """A motion document that is damaged, incomplete or made for another coefficient space."""

    code = "invalid_motion"


class NoSpeechError(PortraitError):
    """The loaded bundle has no network that turns speech into motion."""

    code = "no_speech_model"


class RenderMemoryError(PortraitError):
    """Not even a single frame of this size can be rendered in the memory that there is."""

    code = "out_of_memory"
