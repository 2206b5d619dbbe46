"""What each kind of job does, in terms of `models`; no other module of the workers knows them."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, apply_controls, keyframe_motion
from models.errors import PortraitError
from workers.attempt import Attempt
from workers.contract.errors import ServiceError
from workers.contract.jobs import CLIP_FORMATS, STILL_FORMATS, EditRequest, ExtractRequest
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.extraction import extraction_document
from workers.media.clip import ClipWriter
from workers.media.isolate import Decoder
from workers.media.mark import Mark
from workers.media.still import write_still
from workers.product import Product
from workers.runner import CURRENT, Task

if TYPE_CHECKING:
    from models.portrait import Source

Pixels = NDArray[np.uint8]


class Editor(Protocol):
    """What the tasks need of `models.portrait.PortraitEditor`."""

    @property
    def space(self) -> CoefficientSpace: ...

    def analyse(self, image: Pixels, face: int | Literal["largest"] = "largest") -> "Source": ...

    def render(
        self,
        source: "Source",
        motion: NDArray[np.float32],
        *,
        paste_back: bool = True,
        size: int | Literal["source"] = "source",
    ) -> Iterator[Pixels]: ...


class RequestRefusedError(ServiceError):
    """The models cannot do what was asked for; code and field are theirs."""

    status = 422

    def __init__(self, error: PortraitError) -> None:
        super().__init__(str(error))
        self.code = error.code
        self.title = error.code.replace("_", " ").capitalize()
        self.field = error.field or "source"  # whatever names no field is about the picture


def run(job_id: str, attempt: int) -> None:
    """What RQ calls; the worker that executes the RQ job has set its runner."""
    CURRENT.get().run(job_id, attempt)


def load_editor(settings: Settings) -> Editor:
    """Load the bundle that the settings name. Raises BundleError."""
    from models.bundle import DEFAULT_BUNDLE
    from models.portrait import PortraitEditor

    bundle = settings.bundle or DEFAULT_BUNDLE
    return PortraitEditor.load(bundle, device=settings.device, threads=settings.threads)


class Tasks:
    """The tasks of all kinds of jobs, around one loaded editor."""

    def __init__(self, editor: Editor, sources: SourceRegistry, decoder: Decoder) -> None:
        self._editor, self._sources, self._decoder = editor, sources, decoder

    def by_kind(self) -> dict[str, Task]:
        """The task of every kind of job."""
        return {"edit": _translated(self.edit), "extract": _translated(self.extract)}

    def edit(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Change expression and pose of a photo: one picture, or a clip where there are keyframes."""
        request = cast(EditRequest, attempt.request)
        source = self._analyse(attempt, request)
        motion = _motion(self._editor.space, source.coefficients, request)
        output = request.options.output
        frames = self._editor.render(source, motion, paste_back=request.options.paste_back, size=output.size)
        with closing(cast("Generator[Pixels, None, None]", frames)):
            rendered = self._watched(attempt, frames, len(motion), label=request.options.label)
            path = folder / f"result.{request.format}"
            if request.format in STILL_FORMATS:
                return [self._still(attempt, path, next(rendered))]
            return [self._clip(attempt, path, rendered, output.fps)]

    def extract(self, attempt: Attempt, folder: Path) -> list[Product]:
        """Read the coefficients of a photo into a JSON document."""
        source = self._analyse(attempt, cast(ExtractRequest, attempt.request))
        path = folder / "result.json"
        path.write_text(json.dumps(extraction_document(self._editor.space, source)))
        return [Product(path, "application/json", self._editor.space.name)]

    def _analyse(self, attempt: Attempt, request: EditRequest | ExtractRequest) -> "Source":
        attempt.stage("decode")
        with attempt.timed("decode_s"), self._sources.open(request.source_id) as file:
            image = self._decoder.picture(file.read())
        attempt.stage("extract")
        with attempt.timed("extract_s"):
            return self._editor.analyse(image, request.options.face)

    def _watched(self, attempt: Attempt, frames: Iterator[Pixels], total: int, *, label: bool) -> Iterator[Pixels]:
        mark: Mark | None = None
        attempt.stage("render", 0, total)
        for done, frame in enumerate(attempt.timed_steps("render_s", frames), start=1):
            if label:
                mark = mark or Mark(width=frame.shape[1], height=frame.shape[0])
            yield mark.draw(frame) if mark else frame
            attempt.stage("render", done, total)

    def _still(self, attempt: Attempt, path: Path, picture: Pixels) -> Product:
        attempt.stage("encode", 1, 1)
        with attempt.timed("encode_s"), path.open("wb") as file:
            write_still(file, picture, path.suffix[1:])
        height, width = picture.shape[:2]
        return Product(path, STILL_FORMATS[path.suffix[1:]], self._editor.space.name, width, height)

    def _clip(self, attempt: Attempt, path: Path, frames: Iterator[Pixels], fps: float) -> Product:
        with attempt.timed("encode_s"):
            writer = ClipWriter(path, path.suffix[1:], fps)
        with writer:
            for frame in frames:
                with attempt.timed("encode_s"):
                    writer.write(frame)
        return Product(
            path,
            CLIP_FORMATS[path.suffix[1:]],
            self._editor.space.name,
            width=writer.width,
            height=writer.height,
            frames=writer.frames,
            seconds=round(writer.frames / fps, 4),
        )


def _motion(space: CoefficientSpace, source: NDArray[np.float32], request: EditRequest) -> NDArray[np.float32]:
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
        return keyframe_motion(space, edited, keyframes, request.options.output.fps, controls.mode)
    return edited[None]


def _translated(task: Callable[[Attempt, Path], list[Product]]) -> Task:
    @wraps(task)
    def translated(attempt: Attempt, folder: Path) -> list[Product]:
        try:
            return task(attempt, folder)
        except PortraitError as error:
            raise RequestRefusedError(error) from error

    return translated
