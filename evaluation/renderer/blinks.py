"""Whether eyes shut: photographs of held-out people, and drawings of some, with `eyeBlink` at 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.checks import Threshold
from evaluation.measures import eye_opening
from evaluation.photos import Photo
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.drawings import SIDE, drawings
from evaluation.renderer.edit import Edit
from models.coefficients import ARKIT
from models.errors import NoFaceError

PHOTOGRAPH = "photograph"
DRAWN = 10
"""How many of the photos are drawn too, and the public-domain portraits."""

SHUT = Threshold(high=0.2)
"""Fraction of the opening that a shut eye may leave: lashes have a height."""

_SIDES = [ARKIT.index[f"eyeBlink{side}"] for side in ("Left", "Right")]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Blink:
    """One picture with its eyes shut.

    Attributes:
        name, kind: of the picture; `PHOTOGRAPH`, or how it was drawn.
        left: eye opening afterwards over that before; None where the judge lost the face.
        score: its score of `eyeBlink` afterwards.
    """

    name: str
    kind: str
    left: float | None
    score: float | None

    @property
    def shut(self) -> bool:
        return self.left is not None and SHUT.admits(self.left)


def blink_pictures(
    bench: RendererBench, photos: Iterable[Photo], public: Mapping[str, Pixels]
) -> Iterator[tuple[str, str, Pixels]]:
    """Name, kind and pixels of every picture; those whose face is not found are left out."""
    named = list(public.items())
    for count, photo in enumerate(photos):
        yield f"photo {photo.number}", PHOTOGRAPH, photo.picture
        if count < DRAWN:
            named.append((f"photo {photo.number}", photo.picture))
    for name, picture in named:
        try:
            square = bench.square(picture)
        except NoFaceError:
            continue
        landmarks = bench.see(cut(square, picture)[None]).landmarks[0]
        for kind, drawn in drawings(square.cut(picture, SIDE), landmarks * SIDE):
            yield name, kind, drawn


def evaluate_blinks(
    bench: RendererBench, pictures: Iterable[tuple[str, str, Pixels]]
) -> tuple[list[Blink], dict[str, str]]:
    """Shut the eyes of pictures (name, kind, pixels), as the judge sees them. Also why some could not be."""
    found: list[Blink] = []
    unmeasured: dict[str, str] = {}
    if bench.judge is None:
        return found, unmeasured
    for name, kind, picture in pictures:
        try:
            square = bench.square(picture)
        except NoFaceError as error:
            unmeasured[f"{name}, {kind}"] = str(error)
            continue
        crop, own = square.cut(picture, square.side), bench.coefficients(cut(square, picture))
        before = bench.judge.read(crop)
        if before is None:
            unmeasured[f"{name}, {kind}"] = "the judge finds no face in it"
            continue
        requested = Edit({"eyeBlink": 1.0}).apply(bench.space, own)
        after = bench.judge.read(bench.render(crop, own, requested[None])[0])
        found.append(_blink(name, kind, before, after))
    return found, unmeasured


def shut_fractions(blinks: Sequence[Blink]) -> dict[str, list[float]]:
    """1 for each picture that is shut, 0 for each that is not: of photographs and of drawings."""
    return {
        name: [float(blink.shut) for blink in blinks if (blink.kind == PHOTOGRAPH) == photographs]
        for name, photographs in {"photographs": True, "drawings": False}.items()
    }


def _blink(name: str, kind: str, before: FaceReading, after: FaceReading | None) -> Blink:
    if after is None:
        return Blink(name, kind, None, None)
    return Blink(name, kind, eye_opening(after) / eye_opening(before), float(after.scores[_SIDES].mean()))
