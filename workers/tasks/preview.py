"""The task of a preview: the same as an edit, in few pixels."""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, cast
from weakref import ref

from models.preview import reduced
from workers.attempt import Attempt
from workers.contract.kinds.preview import PreviewRequest
from workers.output import write_picture
from workers.output_file import OutputFile
from workers.source_warnings import motion_warnings
from workers.tasks.direction import edited_face
from workers.tasks.tools import TaskTools

if TYPE_CHECKING:
    from models.portrait import Source

_PORTRAITS = 8  # that people look at by turns


class PreviewTask:
    """Previews with one loaded editor; the portraits shown last are kept in the size that they are shown in."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input = tools.editor, tools.source_input
        self._small: OrderedDict[tuple[int, int], tuple[ref[Source], Source]] = OrderedDict()

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Make one picture. Raises whatever is wrong with the photo."""
        request = cast(PreviewRequest, attempt.request)
        space, output = self._editor.space, request.spec
        source = self._input.portrait(attempt, request.source_id, request.face)
        if output.paste_back:
            source = self._reduced(source, request.output.size)
        motion = edited_face(space, source.coefficients, request.controls)[None]
        attempt.warn(motion_warnings(space, source.coefficients, motion))
        frames = self._editor.render(source, motion, paste_back=output.paste_back, size=output.size)
        return [write_picture(attempt, folder, output, frames, space.name)]

    def _reduced(self, source: "Source", size: int) -> "Source":
        """The portrait so small; the same one for the same portrait, so that what is known of it stays known."""
        if max(source.image.shape[:2]) <= size:
            return source
        key = (id(source), size)  # which another portrait may have had before
        known = self._small.pop(key, None)
        small = known[1] if known is not None and known[0]() is source else reduced(source, size)
        self._small[key] = (ref(source), small)
        while len(self._small) > _PORTRAITS:
            self._small.popitem(last=False)
        return small
