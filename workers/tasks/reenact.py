"""The task of POST /reenact: a driver's motion put on a photo, or on the face in a video."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import Transfer, sample, transfer
from models.coefficients.document import Motion
from models.errors import ControlError
from models.extractor.motion import smoothed
from workers.attempt import Attempt
from workers.contract.kinds.common import OutputSpec, formats
from workers.contract.kinds.reenact import DRIVERS, FaceMotion, ReenactOptions, ReenactRequest
from workers.driver_sound import DriverSound
from workers.editor import Pixels
from workers.error_context import error_context
from workers.media.clip import sound_rate
from workers.media.clock import Clock
from workers.media.frame_count import check_frame_count
from workers.media.sound import Sound
from workers.media.sound_file import through_file
from workers.motion_input import DrivingMotion
from workers.output import write_clip, write_picture
from workers.output_file import OutputFile
from workers.source_input import VideoFile
from workers.source_warnings import motion_warnings
from workers.tasks.direction import directed
from workers.tasks.tools import TaskTools

if TYPE_CHECKING:
    from models.extractor.motion import VideoSource
    from models.portrait import Source

_HALF_TICK_S = 0.0005  # containers round times to milliseconds


class ReenactTask:
    """Reenacts with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input, self._decoder = tools.editor, tools.source_input, tools.decoder
        self._sounds, self._max_frames = tools.driver_sounds, tools.max_frames

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Put the driver's motion on the source. Raises whatever is wrong with either."""
        request = cast(ReenactRequest, attempt.request)
        reenact = self._photo if request.source_kind == "picture" else self._video
        return [reenact(attempt, request, folder)]

    def _photo(self, attempt: Attempt, request: ReenactRequest, folder: Path) -> OutputFile:
        """A clip with the driver's times and sound, or a picture of its one pose."""
        options, space = request.options, self._editor.space
        several = request.faces.root
        if several:
            sources = self._input.chosen(attempt, request.source_id, [each.face for each in several])
        else:
            sources = [self._input.portrait(attempt, request.source_id, options.face)]
        driving = self._input.driving_motion(attempt, request.driver_id, request.driver_kind, folder)
        if options.output.fps is not None and driving.is_clip:
            seconds = Clock.of(driving.motion.times, driving.motion.fps).seconds
            check_frame_count(self._max_frames, seconds * options.output.fps, field="options.output.fps")
        attempt.stage("motion", 0, len(driving.motion.times))
        driver = _steady(attempt, driving, options)
        output, clock = _output(driving, options), Clock.of(driver.times, driver.fps)
        shown = clock if options.output.fps is None or not driving.is_clip else at_rate(clock, options.output.fps)
        moved = several or [FaceMotion(controls=request.controls)]
        drivers = [self._driver_of(attempt, request, place, driver, folder) for place in range(len(moved))]
        motions = []
        for each, source, coefficients in zip(moved, sources, drivers, strict=True):
            with error_context("driver"):
                motion = transfer(space, source.coefficients, coefficients, _parameters(options, driving))
            if shown is not clock:
                motion = sample(clock.times, motion, shown.times)
            motions.append(directed(space, source.coefficients, motion, each.controls, shown.times))
            attempt.warn(motion_warnings(space, source.coefficients, motions[-1], each.face if several else None))
        frames = self._drawn(sources, motions, output, layers=driving.of_sliders, together=bool(several))
        if not output.is_clip:
            return write_picture(attempt, folder, output, frames, space.name)
        heard = self._heard(attempt, driving, options, output, folder)
        sound = None if heard is None else self._sound(heard, shown, output)
        return write_clip(attempt, folder, output, frames, shown, space.name, sound=sound)

    def _drawn(
        self,
        sources: "Sequence[Source]",
        motions: Sequence[NDArray[np.float32]],
        output: OutputSpec,
        *,
        layers: bool,
        together: bool,
    ) -> Iterator[Pixels]:
        """One face, or several together.

        Measured on clips, the networks show more truly than the layers what was read from a driver's face.
        """
        if together:
            return self._editor.render_faces(sources, motions, layers=layers, alpha=output.has_alpha)
        ((source,), (motion,)) = (sources, motions)
        return self._editor.render(
            source, motion, paste_back=output.paste_back, size=output.size, layers=layers, alpha=output.has_alpha
        )

    def _driver_of(
        self, attempt: Attempt, request: ReenactRequest, place: int, driver: Motion, folder: Path
    ) -> NDArray[np.float32]:
        """What moves one of the faces, [T, C] at the times of the request's driver: that one, or the face's own."""
        own = request.faces.root[place].driver_id if request.faces.root else None
        if own is None:
            return driver.coefficients
        field = f"faces.{place}.driver_id"
        kind = self._input.kind(attempt, own, DRIVERS)
        driving = self._input.driving_motion(attempt, own, kind, folder, field=field)
        other = _steady(attempt, driving, request.options)
        if len(other.times) == 1:
            return np.repeat(other.coefficients, len(driver.times), 0)
        return sample(other.times, other.coefficients, np.minimum(driver.times, other.times[-1]))

    def _video(self, attempt: Attempt, request: ReenactRequest, folder: Path) -> OutputFile:
        """The source's frames at their times, until a moving driver ends; the driver's sound, or else the source's."""
        options, space = request.options, self._editor.space
        output = options.output_spec(clip=True)
        video = self._input.video(attempt, request.source_id, folder / "source")
        driving = self._input.driving_motion(attempt, request.driver_id, request.driver_kind, folder)
        driver = _steady(attempt, driving, options)
        moves = len(driver.times) > 1
        until = Clock.of(driver.times, driver.fps).seconds - _HALF_TICK_S if moves else None
        track = self._input.track(attempt, video, options.face, metric_prefix="source_", until=until)
        attempt.stage("motion", 0, len(track.motion.times))
        source = track.smoothed(options.smoothing, attempt.check).as_source()
        clock = Clock.of(track.motion.times, video.info.fps)
        with error_context("driver"):
            sampled = sample(driver.times, driver.coefficients, clock.times) if moves else driver.coefficients
            motion = transfer(space, source.coefficients, sampled, _parameters(options, driving))
        motion = directed(space, source.coefficients, motion, request.controls, clock.times)
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        sound = None
        heard = self._heard(attempt, driving, options, output, folder) if moves else None
        if heard is None and options.sound != "none" and output.has_sound:
            heard = video.sound()
        if heard is not None:
            # On disk: while it is encoded, the decoder is busy with the source's frames.
            attempt.stage("decode")
            with attempt.timed("decode_s"):
                decoded = self._sound(heard, clock, output)
                sound = Sound(decoded.rate, through_file(decoded.stretches, folder / "sound"))
        frames = self._edited(attempt, video, source, motion, output)
        return write_clip(attempt, folder, output, frames, clock, space.name, sound=sound)

    def _heard(
        self, attempt: Attempt, driving: DrivingMotion, options: ReenactOptions, output: OutputSpec, folder: Path
    ) -> DriverSound | None:
        """The driver's sound, or that of the driver which a document was made of, where the clip is to have it."""
        if options.sound != "driver" or not output.has_sound:
            return None
        reference = driving.motion.sound
        return driving.sound if reference is None else self._sounds.fetch(attempt, reference, folder / "heard")

    def _sound(self, heard: DriverSound, clock: Clock, output: OutputSpec) -> Sound:
        """A sound at its own rate, if the result can have it."""
        rate = sound_rate(output.format, heard.rate)
        return Sound(rate, heard.stretches(self._decoder, clock.seconds, rate))

    def _edited(
        self,
        attempt: Attempt,
        video: VideoFile,
        source: "VideoSource",
        motion: NDArray[np.float32],
        output: OutputSpec,
    ) -> Iterator[Pixels]:
        with closing(self._input.frames(attempt, video, during="render_s")) as timed:
            frames = (pixels for _, pixels in timed)
            yield from self._editor.render_video(frames, source, motion, paste_back=output.paste_back, size=output.size)


def _parameters(options: ReenactOptions, driving: DrivingMotion) -> Transfer:
    # What sliders made begins at rest, and is all meant.
    reference = "first" if driving.of_sliders else options.reference
    return Transfer(options.mode, options.gains.model_dump(), options.region, options.normalise_crop, reference)


def _steady(attempt: Attempt, driving: DrivingMotion, options: ReenactOptions) -> Motion:
    """A driver's motion without the extractor's tremor, where it was extracted."""
    return driving.motion if driving.of_sliders else smoothed(driving.motion, options.smoothing, attempt.check)


def _output(driving: DrivingMotion, options: ReenactOptions) -> OutputSpec:
    """How the result is delivered. Whether a document of coefficients makes a clip is known only now."""
    output, fitting = options.output_spec(clip=driving.is_clip), formats(clip=driving.is_clip)
    if output.format not in fitting:
        what = "a clip" if driving.is_clip else "a picture"
        raise ControlError(
            f"the driver's coefficients make {what}; choose one of {', '.join(fitting)}, not {output.format}",
            field="options.output.format",
        )
    return output


def at_rate(clock: Clock, fps: float) -> Clock:
    """An even clock of about the same length: a motion that is sampled by it does not judder."""
    return Clock.even(max(1, round(clock.seconds * fps)), fps)
