"""The task of POST /talk: a photo says what an audio file says."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, LazyMotion, Transfer, sample, transfer
from models.coefficients.document import Motion
from models.coefficients.sound_reference import SoundReference
from models.coefficients.space import POSE_SIZE
from models.extractor.motion import smoothed
from workers.attempt import Attempt
from workers.audio_input import Speech
from workers.contract.errors import NoSpeechModelError
from workers.contract.kinds.reenact import ReenactOptions
from workers.contract.kinds.talk import MAX_SEED, TalkRequest
from workers.media.clock import Clock
from workers.output import write_clip, write_document
from workers.output_file import OutputFile
from workers.source_warnings import motion_warnings
from workers.tasks.direction import directed
from workers.tasks.tools import TaskTools

if TYPE_CHECKING:
    from models.portrait import Source


class TalkTask:
    """Makes photos talk with one loaded editor."""

    def __init__(self, tools: TaskTools) -> None:
        self._editor, self._input, self._audio = tools.editor, tools.source_input, tools.audio_input

    def run(self, attempt: Attempt, folder: Path) -> list[OutputFile]:
        """Make one clip, or document, a sample, of seeds in a row. Raises whatever is wrong with photo or speech."""
        request = cast(TalkRequest, attempt.request)
        from models.audio import frame_count  # loads torch, which the tasks' module leaves to the editor

        options = request.options
        if self._editor.speech is None:
            raise NoSpeechModelError
        speech = self._speech(attempt, request, folder)
        source = self._input.portrait(attempt, request.source_id, options.face)
        head = self._head(attempt, request, folder)
        sound = list(self._audio.samples(attempt, speech))
        frames = frame_count(sum(map(len, sound)), options.rate)
        poses = None if head is None else posed(self._editor.space, source, head, np.arange(frames) / options.rate)
        first = secrets.randbelow(MAX_SEED + 1 - options.samples) if options.seed is None else options.seed
        attempt.stage("motion", 0, options.samples * frames)
        clips: list[OutputFile] = []
        for seed in range(first, first + options.samples):
            motion = LazyMotion(self._motion(attempt, source, sound, request, poses, seed), frames)
            motion[np.zeros(1, np.intp)]  # what is wrong with the request shows here
            if options.result == "motion":
                clips.append(self._document(attempt, request, motion, folder, seed))
            else:
                clips.append(self._clip(attempt, source, speech, request, motion, folder, clips, seed))
            attempt.warn(motion_warnings(self._editor.space, source.coefficients, motion.whole()))
        return clips

    def _speech(self, attempt: Attempt, request: TalkRequest, folder: Path) -> Speech:
        """What is heard; silence for an idle clip."""
        options = request.options
        if request.audio_id is None:
            return Speech.silence(options.idle or 0)
        return self._audio.fetch(attempt, request.audio_id, folder / "audio", options.rate, options.pad)

    def _head(self, attempt: Attempt, request: TalkRequest, folder: Path) -> Motion | None:
        """The head poses to take instead of generated ones; a video's without its tremor."""
        if request.pose_id is None:
            return None
        motion = self._input.driving_motion(attempt, request.pose_id, request.pose_kind, folder, field="pose").motion
        return smoothed(motion, ReenactOptions().smoothing, attempt.check) if request.pose_kind == "video" else motion

    def _motion(
        self,
        attempt: Attempt,
        source: "Source",
        sound: Iterable[NDArray[np.float32]],
        request: TalkRequest,
        poses: NDArray[np.float32] | None,
        seed: int,
    ) -> Iterator[NDArray[np.float32]]:
        """The motion of a seed, a second or so at a time: the rest is drawn while the first frames are rendered."""
        from models.audio import MotionGains  # likewise

        space, options = self._editor.space, request.options
        chunks = self._editor.speak(
            source,
            sound,
            seed=seed,
            temperature=options.temperature,
            gains=MotionGains(**options.gains.model_dump()),
            style=options.style,
            fps=options.rate,
        )
        done = 0
        while True:
            # Rendering asks for all but the first.
            rendered = done and options.result == "clip"
            with attempt.paused("render_s") if rendered else nullcontext(), attempt.timed("motion_s"):
                attempt.check()
                chunk = next(chunks, None)
            if chunk is None:
                return
            frames = slice(done, done + len(chunk))
            if poses is not None:
                chunk = np.concatenate([chunk[:, :-POSE_SIZE], poses[frames]], axis=1)
            done += len(chunk)
            times = np.arange(frames.start, frames.stop) / options.rate
            yield directed(space, source.coefficients, chunk, request.controls, times)

    def _document(
        self, attempt: Attempt, request: TalkRequest, motion: LazyMotion, folder: Path, seed: int
    ) -> OutputFile:
        """The motion itself, which refers to the speech; nothing is rendered."""
        rate, sound = request.options.rate, None
        if request.audio_id is not None:
            sound = SoundReference(request.audio_id, -request.options.pad.before, "sound")
        times, space = np.arange(len(motion)) / rate, self._editor.space
        drawn = Motion(space, times, rate, motion.whole(), sound=sound)
        return write_document(attempt, folder, "json", drawn, name=str(seed), seed=seed)

    def _clip(
        self,
        attempt: Attempt,
        source: "Source",
        speech: Speech,
        request: TalkRequest,
        motion: LazyMotion,
        folder: Path,
        earlier: Sequence[OutputFile],
        seed: int,
    ) -> OutputFile:
        output = request.output
        clock = Clock.even(len(motion), request.options.rate)
        return write_clip(
            attempt,
            folder,
            output,
            self._editor.render(source, motion, paste_back=output.paste_back, size=output.size, alpha=output.has_alpha),
            clock,
            self._editor.space.name,
            name=str(seed),
            sound=self._audio.clip_sound(speech, clock.seconds, output.format) if output.has_sound else None,
            before=sum(clip.frames for clip in earlier),
            total=request.options.samples * len(motion),
            seed=seed,
        )


def posed(space: CoefficientSpace, source: "Source", head: Motion, times: NDArray[np.float64]) -> NDArray[np.float32]:
    """Head poses [T, POSE_SIZE] at seconds [T] of a track: rotations as they are, places and sizes by their changes.

    They begin with the motion; the last one is kept to the end.
    """
    poses = sample(head.times - head.times[0], head.coefficients, times)
    return transfer(space, source.coefficients, poses, Transfer("absolute", region="pose"))[:, -POSE_SIZE:]
