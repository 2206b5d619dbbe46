"""The extractor on moving pictures: speech against fits of the teacher's landmarks, and a still that must not move."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import Landmarker
from models.coefficients import ARKIT
from models.errors import NoFaceError
from models.extractor import Extractor, FaceTracker
from models.face3d.fitting import SpeakerFit
from models.face3d.landmark_mesh import LandmarkMesh
from models.video import read_frames

CHANNELS = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")

STILL_FRAMES, NOISE, CRF = 50, 2.0, 23
"""Length of a still's video, its noise (standard deviation in levels of 255) and its H.264 quality."""

_COUNT = len(ARKIT.expression)
_IDENTITY_FRAMES = 25
_BLINK = 0.1  # a lid that varies by less in standard deviation does not blink in the clip


def evaluate_clip(extractor: Extractor, teacher: Landmarker, mesh: LandmarkMesh, clip: Path) -> dict[str, float]:
    """Correlation of `CHANNELS` with the 3DMM's fit to the teacher's landmarks, one identity for the whole clip.

    A lid that does not blink in the clip is left out. Raises NoFaceError where the extractor or the teacher sees no
    face in two frames or more.
    """
    frames = list(read_frames(clip))
    tracked = [frame.coefficients for frame in FaceTracker(extractor).track(frames)]
    readings = [teacher.read(picture) for _, picture in frames]
    both = [(c, r) for c, r in zip(tracked, readings, strict=True) if c is not None and r is not None]
    if len(both) < 2:
        raise NoFaceError(f"{clip.name} shows no face that both the extractor and the teacher see")
    landmarks, scores = (np.stack([getattr(r, name) for _, r in both]) for name in ("landmarks", "scores"))
    some = np.linspace(0, len(both) - 1, min(_IDENTITY_FRAMES, len(both))).astype(int)
    fit = SpeakerFit.of_frames(mesh, landmarks[some], scores[some])
    fitted = np.stack([fit.fit(points, score).expression for points, score in zip(landmarks, scores, strict=True)])
    return channel_correlation(fitted, np.stack([c for c, _ in both])[:, :_COUNT])


def channel_correlation(fitted: NDArray[np.float32], read: NDArray[np.float32]) -> dict[str, float]:
    """Correlation of `CHANNELS` in two sequences of weights [T, 53]; 0 where what was read does not move at all."""
    found = {}
    for name in CHANNELS:
        a, b = fitted[:, ARKIT.index[name]], read[:, ARKIT.index[name]]
        if a.std() >= (_BLINK if "Blink" in name else 1e-6):
            found[name] = float(np.corrcoef(a, b)[0, 1]) if b.std() else 0.0
    return found


def tremor(extractor: Extractor, picture: NDArray[np.uint8], seed: int = 0) -> dict[str, float]:
    """How much a still, shown as a noisy compressed video, is read to move: standard deviations over its frames.

    "expression": of the weight that moves most; "mean expression": mean of all weights; "pose": of the angle that moves
    most, degrees. Raises NoFaceError where the tracker does not see the face in every frame.
    """
    deviation = still_readings(extractor, picture, seed).std(0)
    return {
        "expression": float(deviation[:_COUNT].max()),
        "mean expression": float(deviation[:_COUNT].mean()),
        "pose": float(np.degrees(deviation[_COUNT : _COUNT + 3].max())),
    }


def still_readings(extractor: Extractor, picture: NDArray[np.uint8], seed: int = 0) -> NDArray[np.float32]:
    """The coefficients [F, 59] that are read from a still [H, W, 3] shown as a noisy compressed video.

    Raises NoFaceError where the tracker does not see the face in every frame.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "still.mp4"
        rng = np.random.default_rng(seed)
        _encode(path, (_noisy(picture, rng) for _ in range(STILL_FRAMES)))
        tracked = [frame.coefficients for frame in FaceTracker(extractor).track(read_frames(path))]
    seen = [coefficients for coefficients in tracked if coefficients is not None]
    if len(seen) < STILL_FRAMES:
        raise NoFaceError(f"the face of the still was seen in {len(seen)} of {STILL_FRAMES} frames")
    return np.stack(seen)


def _noisy(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    noise = rng.normal(0, NOISE, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _encode(path: Path, frames: Iterable[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(CRF)})
        for index, pixels in enumerate(frames):
            if not index:
                stream.height, stream.width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
                stream.pix_fmt = "yuv420p"
            even = np.ascontiguousarray(pixels[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode(None))
