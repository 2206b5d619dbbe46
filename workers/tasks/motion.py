"""The task of POST /motions: a driver's motion and sound are kept under a name."""

from dataclasses import replace
from pathlib import Path
from typing import cast

from models.coefficients.document import Motion
from models.coefficients.sound_reference import SoundReference
from workers.attempt import Attempt
from workers.contract.kinds.motion import MotionRequest
from workers.contract.stored_motion import MotionFacts
from workers.driver_sound import DriverSound
from workers.media.clock import Clock
from workers.media.sound import RATE, Sound
from workers.media.sound_file import write_flac
from workers.motion_input import DrivingMotion
from workers.output import write_document
from workers.output_file import OutputFile
from workers.tasks.tools import TaskTools


class MotionTask:
    """Stores motions with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._input, self._motions, self._decoder = tools.source_input, tools.motions, tools.decoder
        self._sounds = tools.driver_sounds

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Write the motion's document, and keep it. Raises whatever is wrong with the driver, or with its name."""
        request = cast(MotionRequest, attempt.request)
        self._motions.ensure_free(attempt.owner, request.name, attempt.record.job.id)
        driving = self._input.driving_motion(
            attempt, request.driver_id, request.driver_kind, folder, face=request.options.face
        )
        sound = self._sound(attempt, driving, folder)
        reference = None if sound is None else SoundReference(request.name)
        of_pictures = request.driver_kind != "motion"
        motion = replace(driving.motion, sound=reference)
        output = write_document(attempt, folder, "json", motion, made_here=of_pictures)
        facts = MotionFacts(
            title=request.title or request.name,
            description=request.description,
            space=motion.space.name,
            bundle=attempt.record.job.bundle if of_pictures else None,
            frames=len(motion.times),
            fps=motion.fps,
            seconds=_seconds(motion) if driving.is_clip else None,
            of_sliders=driving.of_sliders,
        )
        with attempt.timed("store_s"):
            kept = self._motions.add(
                attempt.owner,
                request.name,
                facts,
                output.path,
                sound,
                job=attempt.record.job.id,
                attempt=attempt.record.attempt,
                life_s=attempt.record.retention_s,
                check=attempt.check,
            )
        attempt.if_lost(lambda: self._motions.take_back(attempt.owner, kept))
        return [output]

    def _sound(self, attempt: Attempt, driving: DrivingMotion, folder: Path) -> Path | None:
        """A file of the driver's sound, as long as the motion and without a picture; None where nothing is heard."""
        if not driving.is_clip:
            return None
        heard = driving.sound
        if driving.motion.sound is not None:
            heard = self._sounds.fetch(attempt, driving.motion.sound, folder / "heard")
        return None if heard is None else self._written(attempt, heard, _seconds(driving.motion), folder / "sound.flac")

    def _written(self, attempt: Attempt, heard: DriverSound, seconds: float, path: Path) -> Path | None:
        rate = min(heard.rate, RATE)
        with attempt.timed("decode_s"):
            found = write_flac(path, Sound(rate, heard.stretches(self._decoder, seconds, rate)), seconds)
        return path if found else None


def _seconds(motion: Motion) -> float:
    return Clock.of(motion.times, motion.fps).seconds
