"""The task of POST /edit: another expression and pose for the face in a photo."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, keyframe_motion
from workers.attempt import Attempt
from workers.contract.kinds.controls import Controls
from workers.contract.kinds.edit import EditRequest
from workers.editor import Pixels
from workers.media.clock import Clock
from workers.output import write_clip, write_picture
from workers.output_file import OutputFile
from workers.source_warnings import motion_warnings
from workers.tasks.direction import edited_face
from workers.tasks.tools import TaskTools


class EditTask:
    """Edits with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input = tools.editor, tools.source_input

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Make one picture, or one clip where there are keyframes. Raises whatever is wrong with the photo."""
        request = cast(EditRequest, attempt.request)
        output, space = request.output, self._editor.space
        frames, length = self._several(attempt, request) if request.faces.root else self._one(attempt, request)
        if not output.is_clip:
            return [write_picture(attempt, folder, output, frames, space.name)]
        return [write_clip(attempt, folder, output, frames, Clock.even(length, request.rate), space.name)]

    def _one(self, attempt: Attempt, request: EditRequest) -> tuple[Iterator[Pixels], int]:
        """The frames of an edit of one face, and how many they are."""
        output, space = request.output, self._editor.space
        source = self._input.portrait(attempt, request.source_id, request.options.face)
        motion = edited_motion(space, source.coefficients, request.controls, request.rate)
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        frames = self._editor.render(
            source, motion, paste_back=output.paste_back, size=output.size, alpha=output.has_alpha
        )
        return frames, len(motion)

    def _several(self, attempt: Attempt, request: EditRequest) -> tuple[Iterator[Pixels], int]:
        """The same of several faces; who is done earlier stays as he is."""
        space, faces = self._editor.space, request.faces.root
        sources = self._input.chosen(attempt, request.source_id, [each.face for each in faces])
        motions = []
        for each, source in zip(faces, sources, strict=True):
            motions.append(edited_motion(space, source.coefficients, each.controls, request.rate))
            attempt.warn(motion_warnings(space, source.coefficients, motions[-1], each.face))
        length = max(map(len, motions))
        held = [np.pad(motion, ((0, length - len(motion)), (0, 0)), mode="edge") for motion in motions]
        return self._editor.render_faces(sources, held, alpha=request.output.has_alpha), length


def edited_motion(
    space: CoefficientSpace, source: NDArray[np.float32], controls: Controls, rate: float
) -> NDArray[np.float32]:
    """float32 [T, C]: one frame for sliders, as many as the clip is long for keyframes, at so many a second."""
    edited = edited_face(space, source, controls)
    if controls.keyframes is None:
        return edited[None]
    # Keyframes start from what the controls beside them make of the source.
    keyframes = [keyframe.named() for keyframe in controls.keyframes]
    return keyframe_motion(space, edited, keyframes, rate, controls.mode)
