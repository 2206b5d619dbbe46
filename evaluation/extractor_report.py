"""The extractor's measurements as a table, with the thresholds of the project, and as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.checks import Threshold
from evaluation.extractor import ExtractorReport
from evaluation.extractor_photos import FACE_FREE
from evaluation.report import Table
from evaluation.statistics import summarise


def extractor_table(report: ExtractorReport) -> Table:
    scores = report.portraits
    groups = {"": np.ones_like(scores.colour), ", colour": scores.colour, ", grey": ~scores.colour}
    turns = dict(zip(("yaw", "pitch", "roll"), scores.rotation_error.T, strict=True))
    speech = {name: [c[name] for c in report.clips.values() if name in c] for name in _channels(report)}
    rows = [
        _row("portraits found at IoU 0.5, %", Threshold(low=99), 100 * scores.found),
        _single(f"false faces on {FACE_FREE} pictures", Threshold(high=1), report.false_faces),
        *(
            _row(f"landmark error, % of inter-ocular distance{name}", Threshold(high=3), scores.landmark_error[group])
            for name, group in groups.items()
        ),
        *(_row(f"{axis} error, degrees", Threshold(high=3), errors) for axis, errors in turns.items()),
        _row("correlation with the fit, mean of blendshapes", Threshold(low=0.85), list(scores.correlation.values())),
        *(_row(f"correlation of {n} in clips", Threshold(low=0.9), values) for n, values in speech.items()),
        _row("still, deviation of the worst weight", Threshold(high=0.01), _stills(report, "expression"), digits=4),
        _row("still, mean deviation of a weight", Threshold(high=0.01), _stills(report, "mean expression"), digits=4),
        _row("still, deviation of the worst angle, degrees", Threshold(high=0.3), _stills(report, "pose")),
        _single("detection, ms", Threshold(high=25), report.milliseconds["detection"]),
        _single("regression, ms", Threshold(high=8), report.milliseconds["regression"]),
        _single("both files, MB", Threshold(high=15), sum(report.megabytes.values())),
    ]
    title = f"Extractor on {len(scores.found)} held-out portraits and {len(report.clips)} clips (mean [95% interval])"
    return Table(title, ("measure", "threshold", "value", "within"), rows)


def extractor_data(report: ExtractorReport) -> dict[str, Any]:
    """Every number behind the table."""
    scores = report.portraits
    return {
        "portraits": {
            "colour": scores.colour.tolist(),
            "found": scores.found.tolist(),
            "landmark_error": scores.landmark_error.tolist(),
            "rotation_error": scores.rotation_error.tolist(),
            "correlation": scores.correlation,
        },
        "false_faces": report.false_faces,
        "clips": {name: dict(values) for name, values in report.clips.items()},
        "stills": [dict(still) for still in report.stills],
        "milliseconds": dict(report.milliseconds),
        "megabytes": dict(report.megabytes),
        "unmeasured": dict(report.unmeasured),
    }


def _channels(report: ExtractorReport) -> list[str]:
    return list(dict.fromkeys(name for values in report.clips.values() for name in values))


def _stills(report: ExtractorReport, name: str) -> list[float]:
    return [still[name] for still in report.stills]


def _row(measure: str, threshold: Threshold, values: Sequence[float] | np.ndarray, digits: int = 2) -> tuple[str, ...]:
    summary = summarise(list(values))
    return (
        measure,
        str(threshold),
        summary.text(digits),
        "–" if summary.mean is None else _verdict(threshold, summary.mean),
    )


def _single(measure: str, threshold: Threshold, value: float | None) -> tuple[str, ...]:
    return (
        measure,
        str(threshold),
        "–" if value is None else f"{value:.4g}",
        "–" if value is None else _verdict(threshold, value),
    )


def _verdict(threshold: Threshold, value: float) -> str:
    return "yes" if threshold.admits(value) else "no"
