"""The task of POST /extract: the coefficients of a photo, or of every frame of a video, as a document."""

from pathlib import Path
from typing import cast

from models.extractor.motion import smoothed
from workers.attempt import Attempt
from workers.contract.kinds.extract import ExtractRequest
from workers.output import write_document
from workers.output_file import OutputFile
from workers.tasks.tools import TaskTools


class ExtractTask:
    """Extracts with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._input = tools.source_input

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Write one document. Raises whatever is wrong with the source."""
        request = cast(ExtractRequest, attempt.request)
        options = request.options
        if request.source_kind == "picture":
            motion = self._input.photo_motion(attempt, request.source_id, options.face)
        else:
            video = self._input.video(attempt, request.source_id, folder / "source")
            track = self._input.track(attempt, video, options.face)
            attempt.stage("motion", 0, len(track.motion.times))
            motion = smoothed(track.motion, options.smoothing, attempt.check)
        return [write_document(attempt, folder, request.format, motion)]
