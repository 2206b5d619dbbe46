"""Output: from rendered frames to finished files; a clip is encoded in a thread while further frames are rendered."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients.document import Motion, motion_json, motion_npz
from workers.attempt import Attempt
from workers.contract.faces import Faces
from workers.contract.kinds.common import OutputSpec
from workers.contract.kinds.extract import EXTRACT_FORMATS
from workers.editor import Pixels
from workers.media.clip import ClipWriter
from workers.media.clock import Clock
from workers.media.sound import Sound
from workers.media.still import write_still
from workers.media.visible_label import VisibleLabel
from workers.output_file import OutputFile
from workers.pipeline import write_behind

if TYPE_CHECKING:
    from models.face3d.photo_mesh import PhotoMesh

_BEHIND_BYTES = 64 * 2**20  # of rendered frames that wait to be encoded
_BEHIND_FRAMES = 8


def write_picture(
    attempt: Attempt, folder: Path, output: OutputSpec, frames: Iterator[Pixels], space: str
) -> OutputFile:
    """Render the first frame and write it as `result`. Raises EncodingError."""
    path = folder / f"result.{output.format}"
    with closing(cast("Generator[Pixels, None, None]", frames)):
        attempt.stage("render", 0, 1)
        with attempt.timed("render_s"):
            pixels = next(frames)
    height, width = pixels.shape[:2]
    attempt.stage("encode", 1, 1)
    with attempt.timed("encode_s"), path.open("wb") as file:
        marked = VisibleLabel(width, height).draw(pixels) if _is_marked(attempt, output) else pixels
        write_still(file, marked, output.format)
    return OutputFile(path, output.media_type, space, width, height)


def _is_marked(attempt: Attempt, output: OutputSpec) -> bool:
    """Whether pictures get the visible label: by the client's wish, or the operator's decision."""
    return output.label or attempt.force_label


def write_clip(
    attempt: Attempt,
    folder: Path,
    output: OutputSpec,
    frames: Iterator[Pixels],
    clock: Clock,
    space: str,
    *,
    name: str = "result",
    sound: Sound | None = None,
    before: int = 0,
    total: int | None = None,
    seed: int | None = None,
) -> OutputFile:
    """Render frames in this thread and encode them in another.

    Args:
        frames: as many as the clock has times; closed at the end.
        name: of the file, without its ending.
        sound: as `ClipWriter` takes it; closed at the end.
        before, total: frames of the job's earlier clips, and of all of them; None: this is the only one.
        seed: of the motion, for the result.

    Raises:
        EncodingError: the codec cannot take the frames' size.
        JobCancelled, GivenBack, JobTimeoutError, SupersededError: the attempt is to stop; at the next frame.
    """
    path = folder / f"{name}.{output.format}"
    writer = ClipWriter(path, output.format, clock, sound, attempt.check)
    total = total or len(clock.times)

    def encode(rendered: Iterator[Pixels]) -> None:
        label: VisibleLabel | None = None
        # The writer's end reads the sound to its end; closed before, it would cost the decoder's child.
        with closing(cast("Generator[object, None, None]", sound.stretches)) if sound else nullcontext(), writer:
            for frame in rendered:
                attempt.check()
                with attempt.timed("encode_s"):
                    if _is_marked(attempt, output):
                        label = label or VisibleLabel(width=frame.shape[1], height=frame.shape[0])
                    writer.write(label.draw(frame) if label else frame)

    with closing(cast("Generator[Pixels, None, None]", frames)):
        attempt.stage("render", before, total)
        with attempt.timed("render_s"):
            first = next(frames)
        depth = max(1, min(_BEHIND_FRAMES, _BEHIND_BYTES // first.nbytes))
        with write_behind(encode, depth) as put:
            put(first)
            done = before + 1
            attempt.stage("render", done, total)
            for done, frame in enumerate(attempt.timed_steps("render_s", frames), start=before + 2):
                put(frame)
                attempt.stage("render", done, total)
            if done == total:
                attempt.stage("encode", total, total)
    return OutputFile(
        path,
        output.media_type,
        space,
        width=writer.width,
        height=writer.height,
        frames=writer.frames,
        seconds=round(clock.seconds, 4),
        seed=seed,
    )


def write_document(
    attempt: Attempt,
    folder: Path,
    chosen: Literal["json", "npz"],
    motion: Motion,
    arrays: Mapping[str, NDArray[np.generic]] = MappingProxyType({}),
    *,
    made_here: bool = True,
    name: str = "result",
    seed: int | None = None,
) -> OutputFile:
    """Write coefficients as a file in the chosen format; npz takes more arrays.

    Args:
        made_here: whether this worker read or drew them, and not another document that they came in.
        name: of the file, without its ending.
        seed: that they were drawn with, for the result.
    """
    path = folder / f"{name}.{chosen}"
    bundle = attempt.record.job.bundle if made_here else None
    read_by = None if bundle is None else bundle.model_dump()
    code = attempt.record.job.code_version if made_here else None
    attempt.stage("encode", len(motion.times), len(motion.times))
    with attempt.timed("encode_s"):
        if chosen == "npz":
            path.write_bytes(motion_npz(motion, read_by, code, arrays))
        else:
            with path.open("w") as file:
                for text in motion_json(motion, read_by, code):
                    file.write(text)
                    attempt.check()
    seconds = None if motion.fps is None else round(Clock.of(motion.times, motion.fps).seconds, 4)
    frames = len(motion.times)
    return OutputFile(path, EXTRACT_FORMATS[chosen], motion.space.name, frames=frames, seconds=seconds, seed=seed)


def write_mesh(attempt: Attempt, folder: Path, mesh: "PhotoMesh", space: str) -> OutputFile:
    """Write a photo's mesh as `result`, an OBJ."""
    path = folder / "result.obj"
    attempt.stage("encode", 1, 1)
    with attempt.timed("encode_s"), path.open("w") as file:
        file.writelines(mesh.obj())
    return OutputFile(path, EXTRACT_FORMATS["obj"], space, mesh.width, mesh.height)


def write_faces(attempt: Attempt, folder: Path, faces: Faces, space: str) -> OutputFile:
    """Write what was seen of a picture's faces as `result`, as JSON."""
    path = folder / "result.json"
    attempt.stage("encode", 1, 1)
    with attempt.timed("encode_s"):
        path.write_text(faces.model_dump_json())
    return OutputFile(path, "application/json", space)
