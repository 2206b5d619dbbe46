"""What each kind of job does: read the request's files, make a motion, render it, write a file."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, Transfer, apply_controls, keyframe_motion, transfer
from models.errors import ControlError
from models.extractor.smoothing import smooth
from workers import writing
from workers.attempt import Attempt
from workers.contract.requests import (
    CLIP_FORMATS,
    KEYFRAME_FPS,
    STILL_FORMATS,
    EditOptions,
    EditRequest,
    ExtractRequest,
    ReenactOptions,
    ReenactRequest,
)
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.editor import Editor, Pixels
from workers.media.clock import Clock
from workers.media.isolate import Decoder
from workers.product import Product
from workers.reading import Performance, Reader
from workers.refusal import about
from workers.runner import CURRENT, Task

if TYPE_CHECKING:
    from models.portrait import Source


def run(job_id: str, attempt: int) -> None:
    """What RQ calls; the worker that executes the RQ job has set its runner."""
    CURRENT.get().run(job_id, attempt)


class Tasks:
    """The tasks of all kinds of jobs, around one loaded editor."""

    def __init__(self, editor: Editor, sources: SourceRegistry, decoder: Decoder, settings: Settings) -> None:
        self._editor, self._decoder = editor, decoder
        self._reader = Reader(editor, sources, decoder, settings)

    def by_kind(self) -> dict[str, Task]:
        """The task of every kind of job."""
        tasks = {"edit": self.edit, "extract": self.extract, "reenact": self.reenact}
        return {kind: _translated(task) for kind, task in tasks.items()}

    def edit(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Change expression and pose of a photo: one picture, or a clip where there are keyframes."""
        request = cast(EditRequest, attempt.request)
        options = request.options
        source = self._reader.portrait(attempt, request.source_id, options.face)
        motion = _edited(self._editor.space, source.coefficients, request)
        path = folder / f"result.{request.format}"
        frames = self._rendered(source, motion, options)
        if request.format in STILL_FORMATS:
            return [writing.picture(attempt, path, frames, self._editor.space.name, label=options.label)]
        clock = Clock.even(len(motion), options.output.fps or KEYFRAME_FPS)
        return [writing.clip(attempt, path, frames, clock, self._editor.space.name, label=options.label)]

    def reenact(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Put a driver's motion on a photo: a clip with the driver's times and sound, or a picture of its one pose."""
        request = cast(ReenactRequest, attempt.request)
        options = request.options
        source = self._reader.portrait(attempt, request.source_id, options.face)
        performance = self._reader.performance(attempt, request.driver_id, request.driver_kind, folder)
        with about("driver"):
            motion = _reenacted(self._editor.space, source.coefficients, performance, options)
        kind = _format(performance, options)
        path = folder / f"result.{kind}"
        space, label = self._editor.space.name, options.label
        if kind in STILL_FORMATS:
            return [writing.picture(attempt, path, self._rendered(source, motion, options), space, label=label)]
        clock = Clock.of(performance.motion.times, performance.motion.fps)
        if options.output.fps is not None:
            clock, motion = _resampled(clock, motion, options.output.fps)
        sound = self._sound(performance, clock) if kind != "gif" else None
        frames = self._rendered(source, motion, options)
        return [writing.clip(attempt, path, frames, clock, space, label=label, sound=sound)]

    def extract(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Read the coefficients of a photo, or of every frame of a video, into a document."""
        request = cast(ExtractRequest, attempt.request)
        options = request.options
        if request.source_kind == "picture":
            motion = self._reader.still(attempt, request.source_id, options.face)
        else:
            path, info = self._reader.video(attempt, request.source_id, folder)
            motion = self._reader.followed(attempt, path, info, options.face)
            smoothed = smooth(motion.times, motion.coefficients, options.smoothing)
            motion = replace(motion, coefficients=smoothed)
        return [writing.document(attempt, folder / f"result.{request.format}", motion)]

    def _rendered(self, source: "Source", motion: NDArray[np.float32], options: EditOptions) -> Iterator[Pixels]:
        return self._editor.render(source, motion, paste_back=options.paste_back, size=options.output.size)

    def _sound(self, performance: Performance, clock: Clock) -> Iterator[NDArray[np.int16]] | None:
        return self._decoder.sound(performance.video, clock.seconds) if performance.video else None


def _edited(space: CoefficientSpace, source: NDArray[np.float32], request: EditRequest) -> NDArray[np.float32]:
    """float32 [T, C]: one frame for sliders, as many as the clip is long for keyframes."""
    controls = request.controls
    edited = apply_controls(
        space,
        source,
        mode=controls.mode,
        expression=controls.expression,
        pose=controls.pose.named(),
        coefficients=controls.coefficients,
    )
    if controls.keyframes is not None:  # they start from what the controls beside them make of the source
        keyframes: list[dict[str, Any]] = [
            {"time": keyframe.time, "expression": keyframe.expression, "pose": keyframe.pose.named()}
            for keyframe in controls.keyframes
        ]
        return keyframe_motion(space, edited, keyframes, request.options.output.fps or KEYFRAME_FPS, controls.mode)
    return edited[None]


def _reenacted(
    space: CoefficientSpace, source: NDArray[np.float32], performance: Performance, options: ReenactOptions
) -> NDArray[np.float32]:
    """The source's motion [T, C] after a driver's."""
    driving = smooth(performance.motion.times, performance.motion.coefficients, options.smoothing)
    parameters = Transfer(options.mode, options.gains.model_dump(), options.region, options.normalise_crop)
    return transfer(space, source, driving, parameters)


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


def _resampled(clock: Clock, motion: NDArray[np.float32], fps: float) -> tuple[Clock, NDArray[np.float32]]:
    """The same motion at another, even rate: coefficients between frames are interpolated, so nothing judders."""
    even = Clock.even(max(1, round(clock.seconds * fps)), fps)
    columns = [np.interp(even.times, clock.times, column) for column in motion.T]
    return even, np.stack(columns, -1).astype(np.float32)


def _translated(task: Callable[[Attempt, Path], list[Product]]) -> Task:
    @wraps(task)
    def translated(attempt: Attempt, folder: Path) -> list[Product]:
        with about("source"):
            return task(attempt, folder)

    return translated
