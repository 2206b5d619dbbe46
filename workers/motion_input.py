"""Motions that need no decoding: shipped ones, stored ones, and documents that came with a request."""

from dataclasses import dataclass, replace
from typing import IO

import numpy as np

from models.coefficients import CoefficientSpace, keyframe_motion
from models.coefficients.document import Motion
from workers.attempt import Attempt
from workers.contract.motion_names import is_motion_name
from workers.contract.motion_templates import MOTION_TEMPLATES, RATE
from workers.contract.motions import Motions
from workers.contract.settings import Settings
from workers.contract.sources import Sources
from workers.driver_sound import DriverSound
from workers.media.isolate import Decoder
from workers.media.video_size import check_video_length


@dataclass(frozen=True, eq=False)
class DrivingMotion:
    """The motion of a driver.

    Attributes:
        motion: of T frames, holes bridged.
        is_clip: whether it is a video or the motion of one, and so makes a clip.
        sound: of a video's own file; None where it has none. What a document refers to is `motion.sound`.
        of_sliders: whether sliders made it, from a face at rest, and no picture was read.
    """

    motion: Motion
    is_clip: bool
    sound: DriverSound | None = None
    of_sliders: bool = False


class MotionInput:
    """Reads motions for one coefficient space with a decoder."""

    def __init__(
        self,
        space: CoefficientSpace,
        sources: Sources,
        motions: Motions,
        decoder: Decoder,
        settings: Settings,
    ) -> None:
        self._space, self._sources, self._motions = space, sources, motions
        self._decoder, self._settings = decoder, settings

    def read(self, attempt: Attempt, source_id: str) -> DrivingMotion:
        """Read the motion of an uploaded document, or the one of this name.

        Raises:
            UnknownMotionError, UnknownSourceError, SourceExpiredError: it is not there.
            MotionError, TooManyFramesError, VideoTooLongError, DamagedMediaError: by what is in it.
        """
        if source_id in MOTION_TEMPLATES:
            return DrivingMotion(self._ready(source_id), is_clip=True, of_sliders=True)
        attempt.stage("decode")
        if not is_motion_name(source_id):
            with attempt.timed("decode_s"):
                return self._document(self._sources.open(attempt.owner, source_id))
        of_sliders = self._motions.get(attempt.owner, source_id).facts.of_sliders
        with attempt.timed("decode_s"):
            return self._document(self._motions.open(attempt.owner, source_id), of_sliders=of_sliders)

    def _ready(self, name: str) -> Motion:
        space = self._space
        at_rest = np.zeros(space.size, np.float32)
        coefficients = keyframe_motion(space, at_rest, MOTION_TEMPLATES[name].keyframes, RATE)
        return Motion(space, np.arange(len(coefficients)) / RATE, RATE, coefficients)

    def _document(self, opened: IO[bytes], *, of_sliders: bool = False) -> DrivingMotion:
        space, most = self._space, self._settings.max_frames
        with opened as file:
            times, fps, coefficients, sound = self._decoder.motion(file.read(), space.name, most)
        check_video_length(self._settings.max_video_seconds, float(times[-1] - times[0]))
        if sound is not None:  # whoever cuts a document's beginning off cuts that of its sound
            sound = replace(sound, offset_s=sound.offset_s + float(times[0]))
        motion = Motion(space, times - times[0], fps, coefficients, sound=sound)
        return DrivingMotion(motion, is_clip=fps is not None or len(times) > 1, of_sliders=of_sliders)
