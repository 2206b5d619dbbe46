"""Lips and lids on rendered frames, as MediaPipe sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datasets.speech.espeak import Utterance
from datasets.speech.recordings import RecordedClip
from evaluation.audio.lips import Agreement, LipGap
from evaluation.audio.silence import sounds
from evaluation.judge import Judge
from evaluation.measures import eye_opening, face_height, lip_opening
from models.audio import FRAME_RATE, MotionGains
from models.errors import EvaluationError
from models.portrait import PortraitEditor, Source

_SIZE = 256
_SHUT = 0.6  # of the eyes' usual opening: below it they blink
_NOISE, _STILLS = 2.0, 50  # levels of a camera's noise, and frames, of a still that is read as a video


@dataclass(frozen=True, eq=False)
class FaceTracks:
    """What the judge reads of a clip's frames [T]: the gap of the lips, per cent of the face's height, and the eyes'
    opening."""

    lips: NDArray[np.float64]
    eyes: NDArray[np.float64]


@dataclass(frozen=True)
class RenderedSpeech:
    """Speech on the frames of one photo.

    Attributes:
        agreement: of the lips with those of the test split's speaker.
        strangers: the same by speaker.
        silence: how far the lips wander (standard deviation, % of the face) while nobody speaks, by sound.
        still: the same of the photo alone, as a video with a camera's noise.
        blinks: a minute.
    """

    agreement: Agreement
    strangers: Mapping[str, Agreement]
    silence: Mapping[str, float]
    still: float
    blinks: float


class RenderedLips:
    """Makes a photo speak and has a judge measure its face.

    The photo's lips should be closed or nearly so: gaps of sentences count from the median one in the silence before.

    Args:
        photo: picture file with one face.
    """

    def __init__(self, editor: PortraitEditor, judge: Judge, photo: Path, temperature: float) -> None:
        with Image.open(photo) as image:
            self._source: Source = editor.analyse(np.array(ImageOps.exif_transpose(image).convert("RGB")))
        self._editor, self._judge, self._temperature = editor, judge, temperature

    def gap(self, spoken: Utterance) -> NDArray[np.float64]:
        """Lip gaps [T] of a sentence's frames, per cent of the face's height above rest, of a head that is still.

        Raises EvaluationError where the judge finds no face in most frames.
        """
        lips = self.tracks(spoken.sound, 0, MotionGains(head=0)).lips
        silent = lips[: max(1, int(spoken.phonemes[0].start * FRAME_RATE) - 2)]
        return np.asarray(lips - np.median(silent))

    def tracks(self, sound: NDArray[np.float32], seed: int, gains: MotionGains) -> FaceTracks:
        """Of the clip of a sound. Raises EvaluationError as `gap`."""
        chunks = self._editor.speak(self._source, [sound], seed=seed, temperature=self._temperature, gains=gains)
        motion = np.concatenate(list(chunks))
        return self._read(self._editor.render(self._source, motion, paste_back=False, size=_SIZE), len(motion))

    def still(self) -> FaceTracks:
        """Of the photo itself, under a camera's noise."""
        own = self._source.coefficients[None]
        photo = next(iter(self._editor.render(self._source, own, paste_back=False, size=_SIZE))).astype(np.float64)
        rng = np.random.default_rng(0)
        noisy = (np.clip(photo + rng.normal(0, _NOISE, photo.shape), 0, 255).astype(np.uint8) for _ in range(_STILLS))
        return self._read(noisy, _STILLS)

    def _read(self, frames: Iterable[NDArray[np.uint8]], count: int) -> FaceTracks:
        read = np.full((2, count), np.nan)
        for i, frame in enumerate(frames):
            reading = self._judge.read(frame)
            if reading is not None:
                read[:, i] = 100 * lip_opening(reading) / face_height(reading), eye_opening(reading)
        seen = np.flatnonzero(np.isfinite(read[0]))
        if len(seen) < count / 2:
            raise EvaluationError("the judge sees no face in most rendered frames: choose a clear, frontal photo")
        lips, eyes = (np.interp(np.arange(count), seen, track[seen]) for track in read)
        return FaceTracks(lips, eyes)


def rendered_speech(
    lips: RenderedLips, gap: LipGap, test: Sequence[RecordedClip], others: Mapping[str, Sequence[RecordedClip]]
) -> RenderedSpeech:
    """Measure speech on rendered frames.

    Args:
        gap: of the real lips.
        test: recordings of the speaker that most is learnt from, which no training saw; others: of other people.
    """
    drawn = {
        name: [lips.tracks(clip.sound, seed, MotionGains()) for seed, clip in enumerate(clips)]
        for name, clips in {"": test, **others}.items()
    }
    silence = {name: sound for name, sound in sounds().items() if name in ("silence", "faint noise")}
    silent = {name: lips.tracks(sound, 0, MotionGains(head=0)) for name, sound in silence.items()}
    agreements = {
        name: Agreement.of((gap(clip.motion), track.lips) for clip, track in zip(clips, drawn[name], strict=True))
        for name, clips in {"": test, **others}.items()
    }
    every = [*(track for tracks in drawn.values() for track in tracks), *silent.values()]
    return RenderedSpeech(
        agreements.pop(""),
        agreements,
        {name: float(track.lips[FRAME_RATE:].std()) for name, track in silent.items()},
        float(lips.still().lips.std()),
        blinks_seen([track.eyes for track in every]),
    )


def blinks_seen(eyes: Sequence[NDArray[np.float64]]) -> float:
    """Closures of eyes a minute, of their openings [T] in clips at 25 frames a second."""
    blinks = 0
    for track in eyes:
        shut = track < _SHUT * np.median(track)
        blinks += int((shut[1:] & ~shut[:-1]).sum())
    return blinks / (sum(map(len, eyes)) / FRAME_RATE / 60)
