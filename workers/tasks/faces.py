"""The task of POST /faces: what a photo's faces are like, before anything is made of them."""

from pathlib import Path
from typing import cast

from workers.attempt import Attempt
from workers.contract.faces import Faces
from workers.contract.kinds.faces import FacesRequest
from workers.face_report import detected_face
from workers.output import write_faces
from workers.output_file import OutputFile
from workers.tasks.tools import TaskTools


class FacesTask:
    """Looks at photos with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input = tools.editor, tools.source_input

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Write one document, of no face where there is none. Raises whatever is wrong with the photo."""
        (height, width), sources = self._input.portraits(attempt, cast(FacesRequest, attempt.request).source_id)
        space, speaks = self._editor.space, self._editor.speech is not None
        document = Faces(
            bundle=attempt.record.job.bundle,
            code_version=attempt.record.job.code_version,
            width=width,
            height=height,
            found=sources[0].faces if sources else 0,
            faces=[detected_face(index, source, space, speaks=speaks) for index, source in enumerate(sources)],
        )
        return [write_faces(attempt, folder, document, space.name)]
