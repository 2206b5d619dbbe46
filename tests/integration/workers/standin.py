"""A worker process around a stand-in for the portrait editor, whose speed and faults the requests choose.

Everything else in the process is real. A frame takes 0.2 s times its mouthFunnel; mouthPucker 1 is a bug in the
renderer, cheekPuffLeft 1 never returns. With STANDIN_SETUP_FAILS in the environment the models do not load;
STANDIN_BUNDLE names the bundle.

In a video the brightness of a frame is its jawOpen, so that a flash that goes in as a driver comes out as a flash;
black frames show no face, and bluish ones take 0.2 s to look at. Speech opens the mouth wherever it is loud; at
temperature 0 every stretch of it takes 0.2 s, above 1 every frame made of it does. With STANDIN_MUTE in the environment
there is no speech model.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from models.coefficients import ARKIT
from models.errors import BundleError, NoFaceError
from models.extractor import Crop, Face, TrackedFrame
from models.extractor.motion import VideoSource
from workers.contract.bundle import BundleIdentity

SQUARE = Crop(0, 0, 64)
SPEECH_RATE = 16_000
YAW = -6


class Standin:
    """Finds a face in every picture that is not of one colour; rendered, its middle is inverted, white where the mouth
    is wide open, and black where the head is turned far to the right."""

    space = ARKIT

    def __init__(self) -> None:
        if "STANDIN_SETUP_FAILS" in os.environ:
            raise BundleError("renderer.safetensors is altered; fetch the bundle again")

    @property
    def bundle(self) -> BundleIdentity:
        """As `models.bundle` gives it, which would load torch."""
        name = os.environ.get("STANDIN_BUNDLE", "stand-in")
        return BundleIdentity(name=name, version="1", digest=hashlib.sha256(name.encode()).hexdigest())

    @property
    def speech(self) -> object | None:
        """Something, where there is a speech model."""
        return None if "STANDIN_MUTE" in os.environ else self

    def use_threads(self, count: int) -> None:
        """Its networks are none, but it keeps a list for those who ask in STANDIN_THREADS."""
        if "STANDIN_THREADS" in os.environ:
            with Path(os.environ["STANDIN_THREADS"]).open("a") as file:
                file.write(f"{count}\n")

    def analyse(self, image: np.ndarray, face: int | str = "largest") -> SimpleNamespace:
        """The photo's middle as the face, all coefficients 0."""
        if image.std() == 0:
            raise NoFaceError("No face was found; send a picture with one.")
        found = Face((1.0, 2.0, 3.0, 4.0), 0.9, np.zeros((5, 2)))
        own = np.zeros(ARKIT.size, np.float32)
        return SimpleNamespace(
            image=image,
            face=found,
            crop=SQUARE,
            coefficients=own,
            landmarks=np.zeros((478, 2)),
            faces=1,
            sharpness=1.0,
            prepared=SimpleNamespace(nbytes=0, watch=lambda looked_up: None),
            prepared_black=SimpleNamespace(nbytes=0, watch=lambda looked_up: None),
            alpha=None,
        )

    def analyse_all(self, image: np.ndarray) -> list[SimpleNamespace]:
        """The photo's middle; nobody in a picture of one colour."""
        return [self.analyse(image)] if image.std() else []

    def mesh(self, source: SimpleNamespace) -> None:
        """It has no face model."""

    def track(self, frames: Iterable[tuple[float, np.ndarray]], face: int | str = "largest") -> Iterator[TrackedFrame]:
        """jawOpen as bright as the frame, everything else 0."""
        for seconds, image in frames:
            red, _, blue = image.mean((0, 1))
            time.sleep(0.2 if blue > red + 50 else 0)
            coefficients = np.zeros(ARKIT.size, np.float32)
            coefficients[ARKIT.index["jawOpen"]] = image.mean() / 255
            seen = Face((1.0, 2.0, 3.0, 4.0), 0.9, np.zeros((5, 2))) if image.mean() > 10 else None
            yield TrackedFrame(seconds, seen, coefficients if seen else None, SQUARE if seen else None)

    def speak(
        self,
        source: SimpleNamespace,
        sound: Iterable[np.ndarray],
        *,
        temperature: float,
        fps: float,
        **_: object,
    ) -> Iterator[np.ndarray]:
        """A frame a chunk."""
        size, heard = round(SPEECH_RATE / fps), np.zeros(0, np.float32)
        for stretch in sound:
            time.sleep(0.2 if temperature == 0 else 0)
            heard = np.concatenate([heard, stretch])
            while len(heard) >= size:
                yield self._heard(heard[:size], temperature)
                heard = heard[size:]
        if len(heard):
            yield self._heard(heard, temperature)

    def _heard(self, samples: np.ndarray, temperature: float) -> np.ndarray:
        coefficients = np.zeros((1, ARKIT.size), np.float32)
        coefficients[0, ARKIT.index["jawOpen"]] = np.abs(samples).max() > 0.1
        coefficients[0, ARKIT.index["mouthFunnel"]] = temperature > 1
        return coefficients

    def render(self, source: SimpleNamespace, motion: np.ndarray, **_: object) -> Iterator[np.ndarray]:
        """As many frames as the motion has."""
        for coefficients in motion:
            yield self._frame(source.image, coefficients)

    def render_faces(
        self, sources: list[SimpleNamespace], motions: list[np.ndarray], **_: object
    ) -> Iterator[np.ndarray]:
        """All at the same place: the first."""
        return self.render(sources[0], motions[0])

    def render_video(
        self, frames: Iterable[np.ndarray], source: VideoSource, motion: np.ndarray, **_: object
    ) -> Iterator[np.ndarray]:
        """As many frames as the motion has, those without a face as they are."""
        for image, seen, coefficients in zip(frames, source.seen, motion, strict=False):
            yield self._frame(image, coefficients) if seen else image

    def _frame(self, image: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        if coefficients[ARKIT.index["mouthPucker"]] == 1:
            raise RuntimeError("a bug in the renderer")
        hangs = coefficients[ARKIT.index["cheekPuffLeft"]] == 1
        time.sleep(3600 if hangs else 0.2 * float(coefficients[ARKIT.index["mouthFunnel"]]))
        frame = image.copy()
        height, width = frame.shape[:2]
        middle = frame[height // 4 : -(height // 4), width // 4 : -(width // 4)]
        middle[:] = 255 if coefficients[ARKIT.index["jawOpen"]] > 0.6 else 255 - middle
        if coefficients[YAW] > 0.4:
            middle[:] = 0
        return frame


if __name__ == "__main__":
    import sys

    from workers.contract.settings import Settings
    from workers.process import serve

    sys.exit(serve(Settings(), load=lambda _: Standin()))
