"""The sound of a driver: its own file's, or what its motion refers to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coefficients.sound_reference import SoundReference
from models.errors import VideoError
from workers.attempt import Attempt
from workers.contract.errors import (
    AudioError,
    DamagedMediaError,
    NoAudioError,
    SourceExpiredError,
    UnknownMotionError,
    UnknownSourceError,
)
from workers.contract.media_type import media_kind
from workers.contract.motion_names import is_motion_name
from workers.contract.motions import Motions
from workers.contract.sources import Sources
from workers.contract.warnings import JobWarning, WarningCode
from workers.media.isolate import Decoder

_NOT_THERE = (
    UnknownMotionError,
    UnknownSourceError,
    SourceExpiredError,
    AudioError,
    NoAudioError,
    DamagedMediaError,
    VideoError,
)


@dataclass(frozen=True)
class DriverSound:
    """A file in the job's folder, and where in its sound a motion begins.

    Attributes:
        rate: samples a second of the file.
        of_video: whether its clock begins with its first picture, and not with its first sample.
        offset_s: seconds on that clock at which the motion begins; below 0 it begins before the sound.
    """

    path: Path
    rate: int
    of_video: bool
    offset_s: float = 0.0

    def stretches(self, decoder: Decoder, seconds: float, rate: int) -> Iterator[NDArray[np.int16]]:
        """Its samples from the motion's first frame on, for so many seconds at most; see `Decoder`."""
        decode = decoder.sound if self.of_video else decoder.audio
        return decode(self.path, seconds, rate=rate, offset_s=self.offset_s)


class DriverSounds:
    """Finds the sounds that motions refer to."""

    def __init__(self, sources: Sources, motions: Motions, decoder: Decoder) -> None:
        self._sources, self._motions, self._decoder = sources, motions, decoder

    def fetch(self, attempt: Attempt, reference: SoundReference, path: Path) -> DriverSound | None:
        """Fetch the file with a motion's sound, whose time to live starts anew.

        A motion is of use without its sound, so a sound that is gone, or cannot be read, is a warning: then None.
        """
        attempt.stage("decode")
        try:
            with attempt.timed("decode_s"):
                return self._fetched(attempt, reference, path)
        except _NOT_THERE:
            message = "The sound that the driver's document refers to is gone or unreadable: upload it again, or set "
            attempt.warn([JobWarning(code=WarningCode.SOUND_MISSING, message=f'{message}options.sound to "none".')])
            return None

    def _fetched(self, attempt: Attempt, reference: SoundReference, path: Path) -> DriverSound:
        if is_motion_name(reference.source_id):
            return self._of_motion(attempt, reference, path)
        found = self._sources.use(attempt.owner, reference.source_id, attempt.record.retention_s)
        kind = media_kind(found.media_type, ("video", "audio"))
        if kind is None:
            raise NoAudioError("The file has no sound.")
        self._sources.fetch(attempt.owner, reference.source_id, path, attempt.check)
        rate = self._decoder.probe(path).audio_rate if kind == "video" else self._decoder.probe_audio(path).rate
        if rate is None:
            raise NoAudioError("The video has no sound.")
        of_video = kind == "video" and reference.clock == "picture"
        return DriverSound(path, rate, of_video=of_video, offset_s=reference.offset_s)

    def _of_motion(self, attempt: Attempt, reference: SoundReference, path: Path) -> DriverSound:
        if not self._motions.fetch_sound(attempt.owner, reference.source_id, path, attempt.check):
            raise NoAudioError("The motion has no sound.")
        return DriverSound(path, self._decoder.probe_audio(path).rate, of_video=False, offset_s=reference.offset_s)
