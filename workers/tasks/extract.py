"""The task of POST /extract: what a photo, or every frame of a video, shows as numbers; or a photo's mesh."""

from dataclasses import replace
from pathlib import Path
from typing import cast

from models.coefficients.sound_reference import SoundReference
from models.extractor.motion import smoothed
from workers.attempt import Attempt
from workers.contract.errors import NoFaceModelError
from workers.contract.kinds.extract import ExtractRequest
from workers.output import write_document, write_mesh
from workers.output_file import OutputFile
from workers.source_input import motion_of
from workers.tasks.tools import TaskTools


class ExtractTask:
    """Extracts with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input = tools.editor, tools.source_input

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Write one document. Raises whatever is wrong with the source."""
        request = cast(ExtractRequest, attempt.request)
        options = request.options
        if request.source_kind == "picture":
            return [self._photo(attempt, request, folder)]
        video = self._input.video(attempt, request.source_id, folder / "source")
        track = self._input.track(attempt, video, options.face, landmarks=options.landmarks)
        attempt.stage("motion", 0, len(track.motion.times))
        sound = SoundReference(request.source_id) if video.info.audio else None
        motion = replace(smoothed(track.motion, options.smoothing, attempt.check), sound=sound)
        return [write_document(attempt, folder, "npz" if request.format == "npz" else "json", motion)]

    def _photo(self, attempt: Attempt, request: ExtractRequest, folder: Path) -> OutputFile:
        """The coefficients, with the mesh where the format has a place for it."""
        source = self._input.portrait(attempt, request.source_id, request.options.face)
        space = self._editor.space
        motion = motion_of(space, source, landmarks=request.options.landmarks)
        if request.format == "json":
            return write_document(attempt, folder, "json", motion)
        with attempt.timed("extract_s"):
            mesh = self._editor.mesh(source)
        if request.format == "npz":
            return write_document(attempt, folder, "npz", motion, {} if mesh is None else mesh.arrays())
        if mesh is None:
            raise NoFaceModelError
        return write_mesh(attempt, folder, mesh, space.name)
