"""The task of POST /talk: a photo says what an audio file says."""

import math
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, Transfer, sample, transfer
from models.coefficients.document import Motion
from models.coefficients.space import POSE_SIZE
from models.extractor.motion import smoothed
from workers.attempt import Attempt
from workers.audio_input import Speech
from workers.contract.errors import NoSpeechModelError
from workers.contract.kinds.reenact import ReenactOptions
from workers.contract.kinds.talk import MAX_SEED, TalkOptions, TalkRequest
from workers.media.clock import Clock
from workers.output import write_clip
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
        """Make one clip a sample, of seeds in a row. Raises whatever is wrong with photo or speech."""
        request = cast(TalkRequest, attempt.request)
        options = request.options
        if self._editor.speech is None:
            raise NoSpeechModelError
        speech = self._speech(attempt, request, folder)
        source = self._input.portrait(attempt, request.source_id, options.face)
        head = self._head(attempt, request, folder)
        motions = self._motions(attempt, source, speech, options)
        space = self._editor.space
        if head is not None:
            motions = {seed: turned(space, source, motion, head, options.rate) for seed, motion in motions.items()}
        for seed, motion in motions.items():
            times = np.arange(len(motion)) / options.rate
            motions[seed] = directed(space, source.coefficients, motion, request.controls, times)
            attempt.warn(motion_warnings(space, source.coefficients, motions[seed]))
        return self._clips(attempt, source, speech, request, motions, folder)

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

    def _motions(
        self, attempt: Attempt, source: "Source", speech: Speech, options: TalkOptions
    ) -> dict[int, NDArray[np.float32]]:
        """The motion [T, C] of every seed. They are small; only the sound is streamed."""
        from models.audio import MotionGains  # loads torch, which the tasks' module leaves to the editor

        first = secrets.randbelow(MAX_SEED + 1 - options.samples) if options.seed is None else options.seed
        total = options.samples * math.ceil(speech.seconds * options.rate)
        attempt.stage("motion", 0, total)
        done, motions = 0, {}
        for seed in range(first, first + options.samples):
            with closing(self._audio.samples(attempt, speech, during="motion_s")) as samples:
                chunks = self._editor.speak(
                    source,
                    samples,
                    seed=seed,
                    temperature=options.temperature,
                    gains=MotionGains(**options.gains.model_dump()),
                    style=options.style,
                    fps=options.rate,
                )
                parts = []
                for chunk in attempt.timed_steps("motion_s", chunks):
                    parts.append(chunk)
                    done += len(chunk)
                    attempt.stage("motion", done, max(total, done))
            motions[seed] = np.concatenate(parts)
        return motions

    def _clips(
        self,
        attempt: Attempt,
        source: "Source",
        speech: Speech,
        request: TalkRequest,
        motions: Mapping[int, NDArray[np.float32]],
        folder: Path,
    ) -> list[OutputFile]:
        output = request.output
        total = sum(len(motion) for motion in motions.values())
        clips: list[OutputFile] = []
        for seed, motion in motions.items():
            clock = Clock.even(len(motion), request.options.rate)
            clips.append(
                write_clip(
                    attempt,
                    folder,
                    output,
                    self._editor.render(
                        source, motion, paste_back=output.paste_back, size=output.size, alpha=output.has_alpha
                    ),
                    clock,
                    self._editor.space.name,
                    name=str(seed),
                    sound=self._audio.clip_sound(speech, clock.seconds, output.format) if output.has_sound else None,
                    before=sum(clip.frames for clip in clips),
                    total=total,
                    seed=seed,
                )
            )
        return clips


def turned(
    space: CoefficientSpace, source: "Source", motion: NDArray[np.float32], head: Motion, fps: float
) -> NDArray[np.float32]:
    """A motion [T, C] with other head poses: rotations as they are, places and sizes by their changes.

    They begin with the motion; the last one is kept to the end.
    """
    poses = sample(head.times - head.times[0], head.coefficients, np.arange(len(motion)) / fps)
    posed = transfer(space, source.coefficients, poses, Transfer("absolute", region="pose"))
    return np.concatenate([motion[:, :-POSE_SIZE], posed[:, -POSE_SIZE:]], axis=1)
