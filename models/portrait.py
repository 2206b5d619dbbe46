"""The portrait editor: a photo or video in, coefficients out; new coefficients in, pictures out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from models.audio import FILE as SPEECH_FILE
from models.audio import FRAME_RATE, STYLES, TEMPERATURE, MotionGains, SpeechMotion, at_rate, eased, speaking
from models.bundle import DEFAULT_BUNDLE, ManifestIdentity, load_networks, open_bundle
from models.coefficients import CoefficientSpace, LazyMotion, constrain
from models.errors import ControlError, NoSpeechError
from models.extractor import Crop, Extractor, Face, FaceTracker, TrackedFrame, square_crop
from models.extractor.face import choose_face
from models.extractor.motion import VideoSource
from models.extractor.sharpness import sharpness
from models.face3d.face_model import FaceModel
from models.face3d.photo_mesh import PhotoMesh
from models.prepared_photo import PreparedPhotos
from models.renderer import PIRenderer
from models.renderer.engine import CompiledEngine, Engine, fastest
from models.rendering import FrameRenderer
from models.runtime import thread_count
from models.several_faces import FaceComposite
from models.transparency import over_black, recovered, split

Over = Literal["white", "black"]
"""What is seen through the transparent parts of a photo."""

MOST_FACES = 32
"""How many faces of a picture `PortraitEditor.analyse_all` reads, the largest: those that a request may want."""


@dataclass(frozen=True)
class Source:
    """A portrait that is ready to be edited.

    Attributes:
        image: the photo, uint8 [H, W, 3] RGB; over white where it has transparency.
        face: the chosen face.
        crop: the square of the photo that the networks see; pose x, y and zoom are relative to it.
        coefficients: float32 [C] in the bundle's space.
        landmarks: float32 [478, 2], fractions of the crop.
        faces: how many the photo shows.
        sharpness: of the face; see `models.extractor.sharpness`.
        prepared, prepared_black: what drawing it has prepared, for the next time; over black for its transparency.
        alpha: of the photo, uint8 [H, W]; None where it has none.
    """

    image: np.ndarray
    face: Face
    crop: Crop
    coefficients: np.ndarray
    landmarks: np.ndarray
    faces: int = 1
    sharpness: float = 1.0
    alpha: np.ndarray | None = None
    prepared: PreparedPhotos = field(default_factory=PreparedPhotos, compare=False, repr=False)
    prepared_black: PreparedPhotos = field(default_factory=PreparedPhotos, compare=False, repr=False)


class PortraitEditor:
    """A loaded bundle. Holds weights and no request state, so one editor serves any number of requests in turn.

    `bundle` says which one it is; `speech` is None where it has no audio.safetensors.
    """

    def __init__(
        self,
        space: CoefficientSpace,
        extractor: Extractor,
        renderer: PIRenderer,
        device: torch.device,
        bundle: ManifestIdentity,
        speech: SpeechMotion | None = None,
        face: FaceModel | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.space = space
        self.bundle = bundle
        self.speech = speech
        self._extractor, self._renderer, self._device = extractor, renderer.to(device), device
        self._engine = engine
        self._frames = FrameRenderer(self._renderer, device, face, engine)

    @classmethod
    def load(
        cls,
        bundle: Path = DEFAULT_BUNDLE,
        device: str = "auto",
        threads: int | None = None,
        cache: Path | None = None,
    ) -> PortraitEditor:
        """Open and verify a bundle and load its networks.

        Args:
            bundle: folder with a `bundle.json`.
            device: "auto" (a GPU when there is one), "cpu", "cuda" or "cuda:1".
            threads: CPU threads of each network; None for `models.runtime.thread_count`.
            cache: folder where what is compiled for this machine is kept; None for nowhere.

        Raises:
            BundleError: the bundle is incomplete, altered or of another version, or its files do not fit each other.
        """
        opened = open_bundle(bundle)
        if threads is not None:
            torch.set_num_threads(threads)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        networks = load_networks(opened, torch.device(device), threads)
        return cls(
            networks.space,
            networks.extractor,
            networks.renderer,
            torch.device(device),
            opened.manifest.identity,
            networks.speech,
            networks.face,
            fastest(networks.renderer, torch.device(device), threads or thread_count(), cache),
        )

    def use_threads(self, count: int) -> None:
        """Give the networks another number of CPU threads; the extractor keeps that which it was loaded with."""
        torch.set_num_threads(count)
        if isinstance(self._engine, CompiledEngine):
            self._engine.use_threads(count)

    def analyse(self, image: np.ndarray, face: int | Literal["largest"] = "largest") -> Source:
        """Find the face, cut the crop and read its coefficients.

        Args:
            image: uint8 [H, W, 3] RGB, upright; [H, W, 4] with its alpha.
            face: "largest", or an index counted from the largest.

        Raises:
            NoFaceError: the detector sees no face.
            FaceIndexError: there are fewer faces than the index asks for.
        """
        image, alpha = split(image)
        faces = self._extractor.detect(image, every=face != "largest")
        chosen = choose_face(faces, face, "the picture")
        return self._read(image, alpha, [chosen], len(faces))[0]

    def analyse_all(self, image: np.ndarray) -> list[Source]:
        """Every face as `analyse` reads it, largest first; the place in the list is the index that `analyse` takes.

        Args:
            image: uint8 [H, W, 3] RGB, upright; [H, W, 4] with its alpha.

        Returns:
            The `MOST_FACES` largest; `faces` of each counts all that were found. Empty where there are none.
        """
        image, alpha = split(image)
        faces = self._extractor.detect(image, every=True)
        return self._read(image, alpha, faces[:MOST_FACES], len(faces)) if faces else []

    def _read(self, image: np.ndarray, alpha: np.ndarray | None, chosen: list[Face], found: int) -> list[Source]:
        """The chosen of the faces that were found, read together."""
        crops = [square_crop(face.box, face.turn) for face in chosen]
        views = np.stack([crop.cut(image, self._renderer.preset.image_size) for crop in crops])
        seen = self._extractor.extract(views)
        # Constrained like every edit, so that an edit of nothing asks for exactly what the source shows.
        return [
            Source(image, face, crop, constrain(self.space, own), landmarks, found, sharpness(view), alpha)
            for face, crop, own, landmarks, view in zip(
                chosen, crops, seen.coefficients, seen.landmarks, views, strict=True
            )
        ]

    def mesh(self, source: Source) -> PhotoMesh | None:
        """The bundle's face model laid on the photo, as a mesh; None where the bundle has no face model.

        Args:
            source: from `analyse`.
        """
        fit, side = self._frames.fit, source.crop.side
        if fit is None:
            return None
        face = fit.fit(source.landmarks, source.coefficients, side)
        height, width = source.image.shape[:2]
        return PhotoMesh.of(face, side, source.crop.to_picture, width, height)

    def track(
        self, frames: Iterable[tuple[float, np.ndarray]], face: int | Literal["largest"] = "largest"
    ) -> Iterator[TrackedFrame]:
        """Follow one face through a video, a frame at a time as they are read; see `FaceTracker`.

        Args:
            frames: seconds and uint8 [H, W, 3] RGB, upright, as `models.video.read_frames` gives them.
            face: "largest", or an index counted from the largest, in the first frame with a face.

        Yields:
            One for each frame, its coefficients constrained as `analyse` does; None where the face is out of sight.

        Raises:
            FaceIndexError: the first frame with faces has fewer than the index asks for.
        """
        for tracked in FaceTracker(self._extractor, face).track(frames):
            if tracked.coefficients is None:
                yield tracked
            else:
                yield replace(tracked, coefficients=constrain(self.space, tracked.coefficients))

    def speak(
        self,
        face: Source,
        sound: Iterable[NDArray[np.float32]],
        *,
        seed: int,
        temperature: float = TEMPERATURE,
        gains: MotionGains = MotionGains(),  # noqa: B008  (frozen)
        style: str = "neutral",
        fps: float = FRAME_RATE,
    ) -> Iterator[NDArray[np.float32]]:
        """The face's coefficients while it says what is heard, ready for `render`; drawn as the sound is read.

        The first and the last frame are the photo's own.

        Args:
            face: from `analyse`.
            sound: mono samples at 16 kHz in [-1, 1], chunks of any length.
            seed: another seed gives another motion, above all of the head.
            temperature: 0 for the most ordinary motion, 1 for the learnt variety.
            gains: factors on head, brows, blinks, mouth and gaze.
            style: a name of `models.audio.STYLES`.
            fps: frames a second; other rates than 25 are sampled from it.

        Yields:
            float32 [n, C], in all ⌈⌈samples / 640⌉·fps / 25⌉ frames.

        Raises:
            NoSpeechError: the bundle cannot speak.
            ControlError: a temperature or a rate that is none.
        """
        if self.speech is None:
            raise NoSpeechError(f"This bundle cannot speak: it holds no {SPEECH_FILE}. Load one that does.")
        drawn = self.speech.sample(sound, seed=seed, temperature=temperature)
        chosen = STYLES[style]
        gains = gains.times(chosen.gains)
        spoken = (speaking(self.space, face.coefficients, motion, gains) for motion in drawn)
        styled = (chosen.on(self.space, motion) for motion in spoken)
        return at_rate(eased(self.space, face.coefficients, styled), fps)

    def render(
        self,
        source: Source,
        motion: np.ndarray | LazyMotion,
        *,
        paste_back: bool = True,
        size: int | Literal["source"] = "source",
        layers: bool = True,
        alpha: bool = False,
    ) -> Iterator[np.ndarray]:
        """Render the source making a motion, frame by frame; frames are computed a batch at a time as they are read.

        When memory runs out, batches become smaller.

        Args:
            source: from `analyse`.
            motion: float32 [T, C] coefficients; a lazy one is computed as far as the frames need it.
            paste_back: True gives the whole photo, False the crop.
            size: side of the crop in the output, or "source" for the photo's own resolution. Needs paste_back=False.
            layers: draw the bundle's face model over what the networks make, where it has one. That follows sliders and
                speech exactly; motions that were read from pictures the networks follow better.
            alpha: keep the photo's transparency, where it has some; each frame then takes twice the time.

        Yields:
            uint8 [H, W, 3] RGB, or with the transparency [H, W, 4]. Outside the crop a pasted frame equals the photo
            bit for bit.

        Raises:
            ControlError: a motion of the wrong shape or not finite, or `size` together with `paste_back`.
            RenderMemoryError: not even one frame at a time fits into memory.
        """
        if not isinstance(motion, LazyMotion):
            self._check(motion)
        crops = _size_of_crops(source.crop, paste_back, size)

        def made(image: np.ndarray, over: Over) -> Iterator[np.ndarray]:
            return self._photo(source, motion, image, over, crops, layers=layers)

        return _shown(source, made, alpha=alpha)

    def render_faces(
        self,
        sources: Sequence[Source],
        motions: Sequence[np.ndarray],
        *,
        layers: bool = True,
        alpha: bool = False,
    ) -> Iterator[np.ndarray]:
        """Render several faces of one photo, each making its motion, in the whole photo.

        Args:
            sources: different faces of one photo, from `analyse_all`.
            motions: of each face, float32 [T, C]; all of one length.
            layers, alpha: as of `render`.

        Yields:
            T frames as `render` gives them; where two faces change a pixel, see `models.several_faces.FaceComposite`.

        Raises:
            ControlError: a motion of the wrong shape or not finite.
            RenderMemoryError: as `render` does.
        """
        for motion in motions:
            self._check(motion)
        squares = [source.crop for source in sources]

        def made(image: np.ndarray, over: Over) -> Iterator[np.ndarray]:
            clips = [
                self._photo(source, motion, image, over, None, layers=layers)
                for source, motion in zip(sources, motions, strict=True)
            ]
            return FaceComposite(image, squares).clip(clips)

        return _shown(sources[0], made, alpha=alpha)

    def _photo(
        self,
        source: Source,
        motion: np.ndarray | LazyMotion,
        image: np.ndarray,
        over: Over,
        crops: int | None,
        *,
        layers: bool,
    ) -> Iterator[np.ndarray]:
        """A source making a motion in its photo, whose transparent parts `image` shows over white or black."""
        landmarks = source.landmarks if layers else None
        prepared = source.prepared if over == "white" else source.prepared_black
        own = source.coefficients
        return self._frames.photo(image, source.crop, own, motion, crops, landmarks, prepared, seen=source.image)

    def render_video(
        self,
        frames: Iterable[np.ndarray],
        source: VideoSource,
        motion: np.ndarray,
        *,
        paste_back: bool = True,
        size: int | Literal["source"] = "source",
    ) -> Iterator[np.ndarray]:
        """Render every frame of a video with its face changed; like `render`, a batch at a time as frames are read.

        Frames that do not show the face stay as they are.

        Args:
            frames: uint8 [H, W, 3] RGB, all of one size, as `track` was given them; the first T are read.
            source: where the face is in T frames, from `track`.
            motion: float32 [T, C] coefficients, of every frame in its own square.
            paste_back: True gives whole frames, False the crops, all of them as large.
            size: side of the crops, or "source" for that of the first. Needs paste_back=False.

        Yields:
            T frames, uint8 [H, W, 3] RGB. Outside its square a pasted frame equals the video's bit for bit.

        Raises:
            ControlError: as `render` does; fewer frames than T.
            RenderMemoryError: as `render` does.
        """
        self._check(motion)
        return self._frames.video(frames, source, motion, _size_of_crops(source.squares[0], paste_back, size))

    def _check(self, motion: np.ndarray) -> None:
        if motion.ndim != 2 or motion.shape[1] != self.space.size or not np.isfinite(motion).all():
            raise ControlError(
                f"motion must be finite numbers of shape [frames, {self.space.size}], got {motion.shape}"
            )


def _shown(
    source: Source, made: Callable[[np.ndarray, Over], Iterator[np.ndarray]], *, alpha: bool
) -> Iterator[np.ndarray]:
    """What is made of a source's photo; of one with transparency made twice, over white and black, to tell it."""
    frames = made(source.image, "white")
    if not alpha or source.alpha is None:
        return frames
    return recovered(frames, made(over_black(source.image, source.alpha), "black"))


def _size_of_crops(square: Crop, paste_back: bool, size: int | Literal["source"]) -> int | None:
    """Side of the crops that come out; None when they are pasted back."""
    if not paste_back:
        return square.side if size == "source" else size
    if size != "source":
        raise ControlError(
            "output.size sets the size of the crop: use it with paste_back false, or leave it at 'source'.",
            field="options.output.size",
        )
    return None
