"""The task of POST /talk: a photo says what is heard."""

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
from workers import writing
from workers.attempt import Attempt
from workers.contract.errors import NoSpeechModelError
from workers.contract.kinds.common import CLIP_FORMATS
from workers.contract.kinds.reenact import ReenactOptions
from workers.contract.kinds.talk import MAX_SEED, TalkOptions, TalkRequest
from workers.editor import Editor
from workers.hearing import Listener, Recording
from workers.media.clock import Clock
from workers.product import Product
from workers.reading import Reader
from workers.support import motion_warnings

if TYPE_CHECKING:
    from models.portrait import Source


class Talking:
    """Makes photos talk with one loaded editor."""

    def __init__(self, editor: Editor, reader: Reader, listener: Listener) -> None:
        self._editor, self._reader, self._listener = editor, reader, listener

    def run(self, attempt: Attempt, folder: Path) -> list[Product]:
        """As many clips as samples are asked for, of seeds in a row. Raises whatever is wrong with photo or speech."""
        request = cast(TalkRequest, attempt.request)
        options = request.options
        if self._editor.speech is None:
            raise NoSpeechModelError
        recording = self._listener.recording(attempt, request.audio_id, folder / "audio", options.rate)
        source = self._reader.portrait(attempt, request.source_id, options.face)
        head = self._head(attempt, request, folder)
        motions = self._motions(attempt, source, recording, options)
        if head is not None:
            space = self._editor.space
            motions = {seed: turned(space, source, motion, head, options.rate) for seed, motion in motions.items()}
        for motion in motions.values():
            attempt.warn(motion_warnings(self._editor.space, source.coefficients, motion))
        return self._clips(attempt, source, recording, options, motions, folder)

    def _head(self, attempt: Attempt, request: TalkRequest, folder: Path) -> Motion | None:
        """The head poses to take instead of generated ones; a video's without its tremor."""
        if request.pose_id is None:
            return None
        motion = self._reader.performance(attempt, request.pose_id, request.pose_kind, folder, field="pose").motion
        return smoothed(motion, ReenactOptions().smoothing, attempt.check) if request.pose_kind == "video" else motion

    def _motions(
        self, attempt: Attempt, source: "Source", recording: Recording, options: TalkOptions
    ) -> dict[int, NDArray[np.float32]]:
        """The motion [T, C] of every seed. They are small; only the sound is streamed."""
        from models.audio import SpeechGains  # loads torch, which the tasks' module leaves to the editor

        first = secrets.randbelow(MAX_SEED + 1 - options.samples) if options.seed is None else options.seed
        total = options.samples * math.ceil(recording.info.seconds * options.rate)
        attempt.stage("motion", 0, total)
        done, motions = 0, {}
        for seed in range(first, first + options.samples):
            with closing(self._listener.speech(attempt, recording, during="motion_s")) as speech:
                chunks = self._editor.speak(
                    source,
                    speech,
                    seed=seed,
                    temperature=options.temperature,
                    gains=SpeechGains(**options.gains.model_dump()),
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
        recording: Recording,
        options: TalkOptions,
        motions: Mapping[int, NDArray[np.float32]],
        folder: Path,
    ) -> list[Product]:
        ending: str = options.output.format or next(iter(CLIP_FORMATS))
        total = sum(len(motion) for motion in motions.values())
        clips: list[Product] = []
        for seed, motion in motions.items():
            clock = Clock.even(len(motion), options.rate)
            clips.append(
                writing.clip(
                    attempt,
                    folder / f"{seed}.{ending}",
                    self._editor.render(source, motion, paste_back=options.paste_back, size=options.output.size),
                    clock,
                    self._editor.space.name,
                    label=options.label,
                    sound=None if ending == "gif" else self._listener.track(recording, clock.seconds),
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

    They begin with the motion; the last one is held.
    """
    poses = sample(head.times - head.times[0], head.coefficients, np.arange(len(motion)) / fps)
    posed = transfer(space, source.coefficients, poses, Transfer("absolute", region="pose"))
    return np.concatenate([motion[:, :-POSE_SIZE], posed[:, -POSE_SIZE:]], axis=1)
