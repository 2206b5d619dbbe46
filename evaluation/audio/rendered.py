"""Lips on rendered frames, as MediaPipe sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datasets.speech.espeak import Utterance
from evaluation.judge import Judge
from evaluation.measures import face_height, lip_opening
from models.audio import MotionGains
from models.errors import EvaluationError
from models.portrait import PortraitEditor, Source

_SIZE = 256


class RenderedLips:
    """Makes a photo speak sentences and has a judge measure its lips.

    The photo's lips should be closed or nearly so: gaps count from the median one in the silence before it.

    Args:
        photo: picture file with one face.
    """

    def __init__(self, editor: PortraitEditor, judge: Judge, photo: Path, temperature: float) -> None:
        with Image.open(photo) as image:
            self._source: Source = editor.analyse(np.array(ImageOps.exif_transpose(image).convert("RGB")))
        self._editor, self._judge, self._temperature = editor, judge, temperature

    def gap(self, spoken: Utterance) -> NDArray[np.float64]:
        """Lip gaps [T] of a sentence's frames, per cent of the face's height above rest.

        Raises EvaluationError where the judge finds no face in most frames.
        """
        chunks = self._editor.speak(
            self._source, [spoken.sound], seed=0, temperature=self._temperature, gains=MotionGains(head=0)
        )
        motion = np.concatenate(list(chunks))
        gaps = np.full(len(motion), np.nan)
        for i, frame in enumerate(self._editor.render(self._source, motion, paste_back=False, size=_SIZE)):
            reading = self._judge.read(frame)
            if reading is not None:
                gaps[i] = 100 * lip_opening(reading) / face_height(reading)
        seen = np.flatnonzero(np.isfinite(gaps))
        if len(seen) < len(gaps) / 2:
            raise EvaluationError("the judge sees no face in most rendered frames: choose a clear, frontal photo")
        filled = np.interp(np.arange(len(gaps)), seen, gaps[seen])
        silent = filled[: max(1, int(spoken.phonemes[0].start * 25) - 2)]
        return np.asarray(filled - np.median(silent))
