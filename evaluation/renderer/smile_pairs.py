"""From a person's neutral photo to the same person's own smile: two real photographs, of which one is the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datasets.portraits import MADE_BY, Portraits
from datasets.tables import read_table
from evaluation.renderer.bench import COPIED, WARPED, RendererBench, cut
from evaluation.renderer.comparison import Comparison, compare
from evaluation.renderer.geometry import Geometry
from models.errors import EvaluationError, NoFaceError
from models.face3d.warp import warp

_SOURCE, _NEUTRAL, _SMILING = "london", "neutral_front", "smiling_front"


@dataclass(frozen=True)
class Smile:
    """Numbers of one person's neutral and smiling photo in the data."""

    identity: str
    neutral: int
    smiling: int


def smiles(data: Path, split: str = "test") -> list[Smile]:
    """The pairs of a split. Raises EvaluationError where there are none."""
    photos: dict[str, dict[str, int]] = {}
    columns = ("source", "split", "identity", "original")
    for number, row in enumerate(read_table(data / "portraits" / "index.csv", columns, MADE_BY)):
        if row["source"] == _SOURCE and row["split"] == split:
            photos.setdefault(row["identity"], {})[row["original"].partition("/")[0]] = number
    pairs = [
        Smile(identity, found[_NEUTRAL], found[_SMILING])
        for identity, found in photos.items()
        if {_NEUTRAL, _SMILING} <= found.keys()
    ]
    if not pairs:
        raise EvaluationError(
            f"{data / 'portraits' / 'index.csv'} has no {_NEUTRAL} and {_SMILING} photo of one person of the source "
            f"{_SOURCE} in the split {split}: measure the other parts, each with its own --only"
        )
    return pairs


def evaluate_smiles(
    bench: RendererBench, portraits: Portraits, geometry: Geometry, pairs: Iterable[Smile]
) -> tuple[list[Comparison], dict[str, str]]:
    """Drive each neutral photo by what the extractor reads in the smiling one. Also why some could not be: name -> why.

    Each photo is seen in its own square, and the smile's coefficients are taken as they are, pose and place too: the
    rendered crop should show what the smiling one's shows. `WARPED` is the known flow of the fitted mesh, from the same
    coefficients to the same coefficients.
    """
    found, unmeasured = [], {}
    for pair in pairs:
        name = f"smile pair {pair.identity}"
        try:
            source, target = (
                cut(bench.square(picture), picture)
                for picture in (portraits.picture(pair.neutral), portraits.picture(pair.smiling))
            )
        except NoFaceError as error:
            unmeasured[name] = str(error)
            continue
        own, requested = bench.coefficients(source), bench.coefficients(target)
        flow = geometry.retarget(pair.neutral, source, own, requested).flow
        pictures = bench.still(source, own, requested, layers=False) | {WARPED: warp(source, flow), COPIED: source}
        found.append(compare(bench, name, target, pictures))
    return found, unmeasured
