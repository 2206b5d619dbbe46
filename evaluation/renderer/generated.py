"""Random edits of held-out people, there and back: from the photo to the known-flow target, and from that back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evaluation.measures import psnr
from evaluation.photos import Photo
from evaluation.renderer.bench import COPIED, WARPED, RendererBench, cut
from evaluation.renderer.comparison import Comparison, compare
from evaluation.renderer.edit import draw_edit
from evaluation.renderer.geometry import Geometry
from models.errors import NoFaceError
from models.face3d.warp import warp


@dataclass(frozen=True, eq=False)
class Generated:
    """What random edits of photos came to.

    Attributes:
        forth: photo -> known-flow target, which is itself a warp of the photo with mouth and lids painted.
        back: known-flow target -> the untouched photo, a real picture.
        nothing: PSNR in dB of the crop after an edit of nothing, one for each photo.
        unmeasured: photo -> why.
    """

    forth: list[Comparison]
    back: list[Comparison]
    nothing: list[float]
    unmeasured: dict[str, str]


def evaluate_generated(bench: RendererBench, geometry: Geometry, photos: Iterable[Photo], seed: int) -> Generated:
    """One random edit of each photo; the same seed requests the same edit of the same photo.

    The networks are given the coefficients that the target was made with (the fit's, not the extractor's): what is
    wrong here is the renderer's alone. An edit of nothing uses the extractor's, as the service does.
    """
    result = Generated([], [], [], {})
    for photo in photos:
        name = f"photo {photo.number}"
        try:
            square = bench.square(photo.picture)
        except NoFaceError as error:
            result.unmeasured[name] = str(error)
            continue
        crop = cut(square, photo.picture)
        own, edit = (
            geometry.own(photo.number, square),
            draw_edit(bench.space, np.random.default_rng((seed, photo.number))),
        )
        requested = edit.apply(bench.space, own)
        pair = geometry.retarget(photo.number, crop, own, requested)
        forth = bench.still(crop, own, requested) | {COPIED: crop}
        back = bench.still(pair.picture, requested, own)
        back |= {WARPED: warp(pair.picture, pair.reverse_flow), COPIED: pair.picture}
        result.forth.append(compare(bench, f"{name}: {edit.label}", pair.picture, forth))
        result.back.append(compare(bench, f"{name}: {edit.label}", crop, back))
        seen = bench.coefficients(crop)
        result.nothing.append(psnr(bench.render(crop, seen, seen[None])[0], crop))
    return result
