"""Whether mouth and eyes stay as sharp as the skin around them at full resolution.

Measured on the two public-domain portraits, enlarged until their crop has 1024 pixels: the data's photos are 288² and
would have to be enlarged even more. Enlarged photos hold no detail of 1024²; what a soft patch loses of theirs shows
all the same.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.edit import Edit
from evaluation.renderer.regions import Mask, regions, skin
from evaluation.renderer.scores import luma
from models.errors import NoFaceError
from models.extractor import CROP

SIDE = 1024
EDITS = (
    Edit(),
    Edit({"mouthSmile": 0.5}),
    Edit({"jawOpen": 0.4}),
    Edit({"browInnerUp": 0.5}),
    Edit(pose={"yaw": 10}),
    Edit(pose={"roll": -10}),
)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Sharpness:
    """One edit of one portrait: gradient energy of each part over that of the same part in the photo.

    `kept` is a part's own ratio; `against_skin` divides it by the skin's: 1 is as sharp as the skin around it.
    """

    name: str
    kept: Mapping[str, float]

    def against_skin(self, part: str) -> float:
        return self.kept[part] / self.kept["skin"]


def evaluate_sharpness(bench: RendererBench, portraits: Mapping[str, Pixels]) -> tuple[list[Sharpness], dict[str, str]]:
    """Every edit of `EDITS` on every portrait, at `SIDE`². Also why some could not be: name -> why."""
    found, unmeasured = [], {}
    for name, picture in portraits.items():
        try:
            square = bench.square(picture)
        except NoFaceError as error:
            unmeasured[name] = str(error)
            continue
        photo, own = square.cut(picture, SIDE), bench.coefficients(cut(square, picture))
        before = _energies(bench, photo)
        for edit in EDITS:
            rendered = bench.render(photo, own, edit.apply(bench.space, own)[None])[0]
            after = _energies(bench, rendered)
            label = f"{name}: {edit.label or 'nothing'}"
            found.append(Sharpness(label, {part: after[part] / before[part] for part in before}))
    return found, unmeasured


def gradient_energy(picture: Pixels, mask: Mask) -> float:
    """Mean squared difference of neighbouring pixels' luma, right and below, in a mask [S, S]."""
    light = luma(picture)
    right, below = np.square(np.diff(light, axis=1))[:-1], np.square(np.diff(light, axis=0))[:, :-1]
    return float((right + below)[mask[:-1, :-1]].mean())


def public_portraits() -> dict[str, Pixels]:
    """Those of Eileen Collins (NASA) and Grace Hopper (US Navy) that the installed packages bring along."""
    found: dict[str, Pixels] = {}
    if importlib.util.find_spec("skimage") is not None:
        from skimage import data

        found["Collins"] = np.asarray(data.astronaut(), np.uint8)
    import matplotlib

    with Image.open(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")) as image:
        found["Hopper"] = np.asarray(image.convert("RGB"))
    return found


def _energies(bench: RendererBench, picture: Pixels) -> dict[str, float]:
    small = np.asarray(Image.fromarray(picture).resize((CROP, CROP), Image.Resampling.BICUBIC))
    masks = regions(bench.see(small[None]).landmarks[0], len(picture))
    parts = {"mouth": masks["mouth"], "eyes": masks["eyes"], "skin": skin(masks)}
    return {part: gradient_energy(picture, mask) for part, mask in parts.items()}
