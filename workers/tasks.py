"""What each kind of job does: read the request's files, make a motion, render it, write a file."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, apply_controls, keyframe_motion
from models.extractor.motion import smoothed
from workers import writing
from workers.attempt import Attempt
from workers.contract.kinds.common import STILL_FORMATS
from workers.contract.kinds.edit import EditRequest
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.editor import Editor
from workers.hearing import Listener
from workers.media.clock import Clock
from workers.media.isolate import Decoder
from workers.product import Product
from workers.reading import Reader
from workers.reenactment import Reenactment
from workers.refusal import about
from workers.runner import CURRENT, Task
from workers.support import motion_warnings
from workers.talking import Talking


def run(job_id: str, attempt: int) -> None:
    """What RQ calls; the worker that executes the RQ job has set its runner."""
    CURRENT.get().run(job_id, attempt)


class Tasks:
    """The tasks of all kinds of jobs, around one loaded editor."""

    def __init__(self, editor: Editor, sources: SourceRegistry, decoder: Decoder, settings: Settings) -> None:
        self._editor, self._reader = editor, Reader(editor, sources, decoder, settings)
        self._decoder = decoder
        self._reenactment = Reenactment(editor, self._reader, decoder, settings.max_frames)
        self._talking = Talking(editor, self._reader, Listener(sources, decoder, settings))

    def by_kind(self) -> dict[str, Task]:
        """The task of every kind of job."""
        tasks = {
            "edit": self.edit,
            "extract": self.extract,
            "reenact": self._reenactment.run,
            "talk": self._talking.run,
        }
        return {kind: self._guarded(task) for kind, task in tasks.items()}

    def edit(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Change expression and pose of a photo: one picture, or a clip where there are keyframes."""
        request = cast(EditRequest, attempt.request)
        options = request.options
        source = self._reader.portrait(attempt, request.source_id, options.face)
        motion = _edited(self._editor.space, source.coefficients, request)
        attempt.warn(motion_warnings(self._editor.space, source.coefficients, motion))
        path = folder / f"result.{request.output.format}"
        frames = self._editor.render(source, motion, paste_back=options.paste_back, size=options.output.size)
        if request.output.format in STILL_FORMATS:
            return [writing.picture(attempt, path, frames, self._editor.space.name, label=options.label)]
        clock = Clock.even(len(motion), request.rate)
        return [writing.clip(attempt, path, frames, clock, self._editor.space.name, label=options.label)]

    def extract(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Read the coefficients of a photo, or of every frame of a video, into a document."""
        request = cast(ExtractRequest, attempt.request)
        options = request.options
        if request.source_kind == "picture":
            motion = self._reader.still(attempt, request.source_id, options.face)
        else:
            footage = self._reader.footage(attempt, request.source_id, folder / "source")
            track = self._reader.followed(attempt, footage, options.face)
            attempt.stage("motion", 0, len(track.motion.times))
            motion = smoothed(track.motion, options.smoothing, attempt.check)
        return [writing.document(attempt, folder / f"result.{request.format}", motion)]

    def _guarded(self, task: Callable[[Attempt, Path], list[Product]]) -> Task:
        @wraps(task)
        def guarded(attempt: Attempt, folder: Path) -> list[Product]:
            with about("source"), self._decoder.interrupted_by(attempt.check):
                return task(attempt, folder)

        return guarded


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
        return keyframe_motion(space, edited, keyframes, request.rate, controls.mode)
    return edited[None]
