"""The models as the tasks see them, and how a worker loads them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, LazyMotion
from workers.contract.kinds.common import FaceChoice
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from models.audio import MotionGains, SpeechMotion
    from models.bundle import ManifestIdentity
    from models.extractor import TrackedFrame
    from models.extractor.motion import VideoSource
    from models.face3d.photo_mesh import PhotoMesh
    from models.portrait import Source

Pixels = NDArray[np.uint8]


class Editor(Protocol):
    """What the tasks need of `models.portrait.PortraitEditor`."""

    @property
    def bundle(self) -> "ManifestIdentity": ...

    @property
    def space(self) -> CoefficientSpace: ...

    @property
    def speech(self) -> "SpeechMotion | None": ...

    def use_threads(self, count: int) -> None: ...

    def analyse(self, image: Pixels, face: FaceChoice = "largest") -> "Source": ...

    def analyse_all(self, image: Pixels) -> "list[Source]": ...

    def mesh(self, source: "Source") -> "PhotoMesh | None": ...

    def track(
        self, frames: Iterable[tuple[float, Pixels]], face: FaceChoice = "largest"
    ) -> "Iterator[TrackedFrame]": ...

    def render(
        self,
        source: "Source",
        motion: NDArray[np.float32] | LazyMotion,
        *,
        paste_back: bool = True,
        size: int | Literal["source"] = "source",
        layers: bool = True,
        alpha: bool = False,
    ) -> Iterator[Pixels]: ...

    def render_faces(
        self,
        sources: "Sequence[Source]",
        motions: Sequence[NDArray[np.float32]],
        *,
        layers: bool = True,
        alpha: bool = False,
    ) -> Iterator[Pixels]: ...

    def render_video(
        self,
        frames: Iterable[Pixels],
        source: "VideoSource",
        motion: NDArray[np.float32],
        *,
        paste_back: bool = True,
        size: int | Literal["source"] = "source",
    ) -> Iterator[Pixels]: ...

    def speak(
        self,
        source: "Source",
        sound: Iterable[NDArray[np.float32]],
        *,
        seed: int,
        temperature: float,
        gains: "MotionGains",
        style: str = "neutral",
        fps: float = 25,
    ) -> Iterator[NDArray[np.float32]]: ...


def load_editor(settings: Settings) -> Editor:
    """Load the bundle that the settings name. Raises BundleError."""
    from models.bundle import DEFAULT_BUNDLE
    from models.portrait import PortraitEditor

    bundle = settings.bundle or DEFAULT_BUNDLE
    return PortraitEditor.load(
        bundle, device=settings.device, threads=settings.threads, cache=settings.cache_dir or _user_cache()
    )


def _user_cache() -> Path | None:
    """Where programs keep what can be made again; None for a user who has no place."""
    try:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
    return Path(folder, "pirenderer-service")
