"""The renderer's measurements as tables, as numbers, and as a manifest's metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.renderer.blinks import SHUT, Blink
from evaluation.renderer.clips import FLICKER
from evaluation.renderer.comparison import AED, APD, JUDGED_AED, JUDGED_APD, PICTURE, TARGET, Comparison
from evaluation.renderer.following import ACROSS, FOLLOWED
from evaluation.renderer.perceptual import frechet_distance
from evaluation.renderer.regions import REGIONS
from evaluation.renderer.response import MAIN, Slopes
from evaluation.renderer.suite import RendererReport
from evaluation.renderer.thresholds import verdicts
from evaluation.report import Table
from evaluation.statistics import Summary, summarise

_DISTANCES = (AED, APD, JUDGED_AED, JUDGED_APD)
_MEASURES = {
    **{f"{kind} {region}": (kind, 1.0) for kind in ("L1", "PSNR", "SSIM") for region in REGIONS},
    PICTURE: ("L1", 1.0),
    **dict.fromkeys(_DISTANCES, ("thousandths", 1000.0)),
    FLICKER: ("flicker", 1.0),
    **{name + source: ("correlation", 1.0) for source in ("", ACROSS) for name in FOLLOWED},
    "LPIPS": ("LPIPS", 1.0),
}
_UNITS = {
    "L1": ", levels",
    "PSNR": ", dB",
    "thousandths": ", thousandths",
    "flicker": " over the clip's own",
    "correlation": ", correlation",
}
_DIGITS = {"SSIM": 3, "LPIPS": 3}
_NO_WEIGHTS = "weights not given"


def tables(report: RendererReport) -> list[Table]:
    """Requirements first, then every part."""
    generated = report.generated
    return [
        _verdict_table(report),
        comparison_table("Own smile of held-out people, from the neutral photo (London)", report.smiles),
        comparison_table("Same-person reenactment of held-out clips, from the first frame (GRID)", report.clips),
        comparison_table("The same of speakers who were in no training, and another face driven", report.strangers),
        comparison_table("Random edits, against their known-flow targets", generated.forth),
        comparison_table("Random edits undone, against the untouched photo", generated.back),
        *(
            table
            for reader, slopes in report.responses.slopes.items()
            for table in _slope_tables(reader, slopes, report.responses.lost[reader])
        ),
        _blink_table(report.blinks),
        _other_table(report),
    ]


def comparison_table(title: str, comparisons: Sequence[Comparison]) -> Table:
    """Measures in rows, methods in columns: mean [95% interval]."""
    methods = list(comparisons[0].values) if comparisons else []
    rows = []
    for measure, (kind, factor) in _MEASURES.items():
        cells = [_values(comparisons, method, measure) for method in methods]
        if any(cells):
            texts = [summarise([factor * value for value in cell]).text(_DIGITS.get(kind, 2)) for cell in cells]
            rows.append((measure + _UNITS.get(kind, ""), *texts))
        elif measure == "LPIPS":
            rows.append((measure, *([_NO_WEIGHTS] * len(methods))))
    rows.append(("FID", *(_frechet(comparisons, method) for method in methods)))
    return Table(f"{title}: {len(comparisons)} (mean [95% interval])", ("measure", *methods), rows)


def renderer_data(report: RendererReport) -> dict[str, Any]:
    """Every number behind the tables."""
    generated = report.generated
    return {
        "flow": asdict(report.flow),
        **{
            name: {one.name: {method: dict(values) for method, values in one.values.items()} for one in comparisons}
            for name, comparisons in {
                "smiles": report.smiles,
                "clips": report.clips,
                "strangers": report.strangers,
                "random edits": generated.forth,
                "random edits undone": generated.back,
            }.items()
        },
        "edit of nothing": generated.nothing,
        "sliders": list(MAIN),
        "responses": {
            reader: {"rendered": _finite(slopes.rendered), "known": _finite(slopes.known)}
            for reader, slopes in report.responses.slopes.items()
        },
        "faces lost": dict(report.responses.lost),
        "identity": None if report.identity is None else asdict(report.identity),
        "steadiness": [asdict(one) for one in report.steadiness],
        "sharpness": [asdict(one) for one in report.sharpness],
        "blinks": [asdict(one) for one in report.blinks],
        "teeth": [asdict(one) for one in report.teeth],
        "seconds": report.seconds,
        "unmeasured": report.unmeasured,
    }


def metrics(report: RendererReport) -> dict[str, float]:
    """The requirements' values by name, as a bundle's manifest carries them."""
    return {
        verdict.what: round(verdict.value.mean, 4) for verdict in verdicts(report) if verdict.value.mean is not None
    }


def write(out: Path, report: RendererReport) -> None:
    """Write OUT/renderer.md, OUT/renderer.json and OUT/renderer_metrics.json."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "renderer.md").write_text("\n".join(table.markdown() for table in tables(report)))
    (out / "renderer.json").write_text(json.dumps(renderer_data(report), indent=1) + "\n")
    (out / "renderer_metrics.json").write_text(json.dumps(metrics(report), indent=2, ensure_ascii=False) + "\n")


def _verdict_table(report: RendererReport) -> Table:
    answer = {True: "yes", False: "no", None: "–"}
    rows: list[tuple[str, ...]] = [
        (
            one.what,
            str(one.threshold),
            one.value.text(3),
            "" if one.second is None else one.second.text(3),
            answer[one.met],
        )
        for one in verdicts(report)
    ]
    return Table(
        "What must hold (mean [95% interval])", ("what", "threshold", "value", "own extractor", "within"), rows
    )


def _slope_tables(reader: str, slopes: Slopes, lost: int) -> list[Table]:
    header = ("requested \\ judged", *MAIN)
    photos = len(slopes.rendered)
    titles = {
        f"Slopes and cross-talk judged by {reader}, {photos} photos, {lost} edits without a face": slopes.matrix()
    }
    if not slopes.unmixed:
        titles[f"The same of the known-flow targets, judged by {reader}"] = slopes.known_matrix()
    return [
        Table(
            title,
            header,
            [(slider, *(f"{value:.2f}" for value in row)) for slider, row in zip(MAIN, matrix, strict=True)],
        )
        for title, matrix in titles.items()
    ]


def _blink_table(blinks: Sequence[Blink]) -> Table:
    rows: list[tuple[str, ...]] = []
    for kind in dict.fromkeys(blink.kind for blink in blinks):
        some = [blink for blink in blinks if blink.kind == kind]
        left = summarise([blink.left for blink in some if blink.left is not None])
        score = summarise([blink.score for blink in some if blink.score is not None])
        rows.append((kind, str(left), f"{sum(blink.shut for blink in some)} of {len(some)}", str(score)))
    header = ("picture", "opening left", f"with {SHUT}", "eyeBlink score")
    return Table("Eyes with eyeBlink at 1, by MediaPipe (mean [95% interval])", header, rows)


def _other_table(report: RendererReport) -> Table:
    rows: list[tuple[str, ...]] = []
    if report.identity is None:
        rows.append(("identity", "no judge"))
    else:
        names = {"rendered": "edited by the bundle", "known": "the mesh's own warp", "stranger": "another person"}
        values = asdict(report.identity)
        rows += [
            (f"neutral shape against the photo's, mm: {text}", str(summarise(values[k]))) for k, text in names.items()
        ]
    rows.append(("tremor of a still's weights", _over(report, "tremor").text(4)))
    rows += [
        (f"shimmer that it drives, {region}, levels", summarise([s.shimmer[region] for s in report.steadiness]).text(3))
        for region in REGIONS
    ]
    rows += [
        (f"sharpness kept at 1024², {part}", summarise([one.kept[part] for one in report.sharpness]).text(3))
        for part in ("mouth", "eyes", "skin")
    ]
    return Table("Identity, steadiness, sharpness (mean [95% interval])", ("measure", "value"), rows)


def _over(report: RendererReport, name: str) -> Summary:
    return summarise([getattr(one, name) for one in report.steadiness])


def _values(comparisons: Sequence[Comparison], method: str, measure: str) -> list[float]:
    return [one.values[method][measure] for one in comparisons if measure in one.values[method]]


def _frechet(comparisons: Sequence[Comparison], method: str) -> str:
    features = {key: [one.features[key] for one in comparisons if key in one.features] for key in (method, TARGET)}
    if not all(features.values()):
        return _NO_WEIGHTS
    distance = frechet_distance(*(np.concatenate(features[key]) for key in (method, TARGET)))
    return "–" if distance is None else f"{distance:.1f}"


def _finite(matrix: np.ndarray) -> list[Any]:
    """NaN is no JSON."""
    values = matrix.astype(object)
    values[~np.isfinite(matrix)] = None
    return list(values.tolist())
