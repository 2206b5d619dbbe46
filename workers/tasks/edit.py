"""The task of POST /edit: another expression and pose for the face in a photo."""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, keyframe_motion
from workers.attempt import Attempt
from workers.contract.kinds.edit import EditRequest
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
        source = self._input.portrait(attempt, request.source_id, request.options.face)
        motion = edited_motion(space, source.coefficients, request)
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        frames = self._editor.render(
            source, motion, paste_back=output.paste_back, size=output.size, alpha=output.has_alpha
        )
        if not output.is_clip:
            return [write_picture(attempt, folder, output, frames, space.name)]
        clock = Clock.even(len(motion), request.rate)
        return [write_clip(attempt, folder, output, frames, clock, space.name)]


def edited_motion(space: CoefficientSpace, source: NDArray[np.float32], request: EditRequest) -> NDArray[np.float32]:
    """float32 [T, C]: one frame for sliders, as many as the clip is long for keyframes."""
    controls = request.controls
    edited = edited_face(space, source, controls)
    if controls.keyframes is None:
        return edited[None]
    # Keyframes start from what the controls beside them make of the source.
    keyframes = [keyframe.named() for keyframe in controls.keyframes]
    return keyframe_motion(space, edited, keyframes, request.rate, controls.mode)
