"""The task of POST /reenact: a driver's motion put on a photo, or on the face in a video."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import Transfer, sample, transfer
from models.errors import ControlError
from models.extractor.motion import smoothed
from workers import writing
from workers.attempt import Attempt
from workers.contract.kinds.common import CLIP_FORMATS, STILL_FORMATS
from workers.contract.kinds.reenact import ReenactOptions, ReenactRequest
from workers.editor import Editor, Pixels
from workers.media.clock import Clock
from workers.media.frame_count import check_frame_count
from workers.media.isolate import Decoder
from workers.media.sound_file import through_file
from workers.product import Product
from workers.reading import Footage, Performance, Reader
from workers.refusal import about
from workers.support import motion_warnings

if TYPE_CHECKING:
    from models.extractor.motion import VideoSource

_HALF_TICK_S = 0.0005  # containers round times to milliseconds


class Reenactment:
    """Reenacts with one loaded editor."""

    def __init__(self, editor: Editor, reader: Reader, decoder: Decoder, max_frames: int) -> None:
        self._editor, self._reader, self._decoder, self._max_frames = editor, reader, decoder, max_frames

    def run(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Put the driver's motion on the source. Raises whatever is wrong with either."""
        request = cast(ReenactRequest, attempt.request)
        reenact = self._photo if request.source_kind == "picture" else self._video
        return [reenact(attempt, request, folder)]

    def _photo(self, attempt: Attempt, request: ReenactRequest, folder: Path) -> Product:
        """A clip with the driver's times and sound, or a picture of its one pose."""
        options, space = request.options, self._editor.space
        source = self._reader.portrait(attempt, request.source_id, options.face)
        performance = self._reader.performance(attempt, request.driver_id, request.driver_kind, folder)
        if options.output.fps is not None and performance.moves:
            seconds = Clock.of(performance.motion.times, performance.motion.fps).seconds
            check_frame_count(self._max_frames, seconds * options.output.fps, field="options.output.fps")
        attempt.stage("motion", 0, len(performance.motion.times))
        driver = smoothed(performance.motion, options.smoothing, attempt.check)
        with about("driver"):
            motion = transfer(space, source.coefficients, driver.coefficients, _parameters(options))
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        path = folder / f"result.{_format(performance, options)}"
        clock = Clock.of(driver.times, driver.fps)
        if options.output.fps is not None and performance.moves:
            clock, motion = resampled(clock, motion, options.output.fps)
        frames = self._editor.render(source, motion, paste_back=options.paste_back, size=options.output.size)
        if not performance.moves:
            return writing.picture(attempt, path, frames, space.name, label=options.label)
        video = performance.video if path.suffix != ".gif" else None
        sound = self._decoder.sound(video, clock.seconds) if video else None
        return writing.clip(attempt, path, frames, clock, space.name, label=options.label, sound=sound)

    def _video(self, attempt: Attempt, request: ReenactRequest, folder: Path) -> Product:
        """The source's frames at their times, until a moving driver ends; the driver's sound, or else the source's."""
        options, space = request.options, self._editor.space
        footage = self._reader.footage(attempt, request.source_id, folder / "source")
        performance = self._reader.performance(attempt, request.driver_id, request.driver_kind, folder)
        driver = smoothed(performance.motion, options.smoothing, attempt.check)
        acts = len(driver.times) > 1
        until = Clock.of(driver.times, driver.fps).seconds - _HALF_TICK_S if acts else None
        track = self._reader.followed(attempt, footage, options.face, whose="source_", until=until)
        attempt.stage("motion", 0, len(track.motion.times))
        source = track.smoothed(options.smoothing, attempt.check).as_source()
        clock = Clock.of(track.motion.times, footage.info.fps)
        with about("driver"):
            driving = sample(driver.times, driver.coefficients, clock.times) if acts else driver.coefficients
            motion = transfer(space, source.coefficients, driving, _parameters(options))
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        path = folder / f"result.{options.output.format or next(iter(CLIP_FORMATS))}"
        sound = None
        heard = performance.video if acts and performance.video else footage.path if footage.info.audio else None
        if heard and path.suffix != ".gif":
            # On disk: while it is encoded, the decoder is busy with the source's frames.
            attempt.stage("decode")
            with attempt.timed("decode_s"):
                sound = through_file(self._decoder.sound(heard, clock.seconds), folder / "sound")
        frames = self._edited(attempt, footage, source, motion, options)
        return writing.clip(attempt, path, frames, clock, space.name, label=options.label, sound=sound)

    def _edited(
        self,
        attempt: Attempt,
        footage: Footage,
        source: "VideoSource",
        motion: NDArray[np.float32],
        options: ReenactOptions,
    ) -> Iterator[Pixels]:
        with closing(self._reader.frames(attempt, footage, during="render_s")) as timed:
            frames = (pixels for _, pixels in timed)
            yield from self._editor.render_video(
                frames, source, motion, paste_back=options.paste_back, size=options.output.size
            )


def _parameters(options: ReenactOptions) -> Transfer:
    return Transfer(options.mode, options.gains.model_dump(), options.region, options.normalise_crop)


def _format(performance: Performance, options: ReenactOptions) -> str:
    """The output format, default filled in. What a document of coefficients makes is known only now."""
    fitting = CLIP_FORMATS if performance.moves else STILL_FORMATS
    wanted = options.output.format
    if wanted is None:
        return next(iter(fitting))
    if wanted not in fitting:
        what = "a clip" if performance.moves else "a picture"
        raise ControlError(
            f"the driver's coefficients make {what}; choose one of {', '.join(fitting)}, not {wanted}",
            field="options.output.format",
        )
    return wanted


def resampled(clock: Clock, motion: NDArray[np.float32], fps: float) -> tuple[Clock, NDArray[np.float32]]:
    """The same motion at another, even rate: coefficients between frames are interpolated, so nothing judders."""
    even = Clock.even(max(1, round(clock.seconds * fps)), fps)
    return even, sample(clock.times, motion, even.times)
