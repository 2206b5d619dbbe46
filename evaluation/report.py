"""Results as tables on the terminal, Markdown for the model card and JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rich.table

from evaluation.checks import CHECKS, ZERO_EDIT, Check
from evaluation.edits import EditsResult, PhotoResult
from evaluation.flow import FlowReport
from evaluation.reenactment import ClipResult
from evaluation.statistics import Summary, summarise


@dataclass(frozen=True)
class Table:
    """A titled table of strings."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def rich(self) -> rich.table.Table:
        table = rich.table.Table(*self.header, title=self.title)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        return f"### {self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write(out: Path, name: str, table: Table, data: dict[str, Any]) -> None:
    """Write OUT/NAME.md and OUT/NAME.json."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text(table.markdown())
    (out / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n")


def flow_table(report: FlowReport) -> Table:
    return Table(
        f"Flow error on {report.network.count} held-out targets, pixels of 256² (mean [95% interval])",
        ("flow", "end-point error"),
        [("warping network", str(report.network)), ("no motion", str(report.no_motion))],
    )


def edits_table(result: EditsResult) -> Table:
    rows = [_check_row(check, result.photos) for check in CHECKS]
    for group, photos in _groups(result.photos).items():
        values = [photo.zero_edit_psnr for photo in photos]
        within = fraction(map(ZERO_EDIT.admits, values))
        rows.append(
            (
                f"zero edit, {group}",
                "PSNR of the face crop, dB",
                str(ZERO_EDIT),
                str(summarise(values)),
                within,
                "–",
                "",
            )
        )
    return Table(
        f"Edits of {len(result.photos)} held-out photos (mean [95% interval])",
        ("edit", "measure", "threshold", "MediaPipe", "photos within the threshold", "own extractor", "in"),
        rows,
    )


def edits_data(result: EditsResult) -> dict[str, Any]:
    """Every number behind the table."""
    return {
        "checks": {
            check.name: {
                group: {
                    "judged": asdict(summary(photo.outcomes[check.name].judged for photo in photos)),
                    "extracted": asdict(summary(photo.outcomes[check.name].extracted for photo in photos)),
                }
                for group, photos in _groups(result.photos).items()
            }
            for check in CHECKS
        },
        "photos": [
            {
                "number": photo.number,
                "colour": photo.colour,
                "zero_edit_psnr": photo.zero_edit_psnr,
                "outcomes": {name: asdict(outcome) for name, outcome in photo.outcomes.items()},
            }
            for photo in result.photos
        ],
        "unmeasured": {str(number): reason for number, reason in result.unmeasured.items()},
    }


def reenactment_table(clips: list[ClipResult]) -> Table:
    def row(
        measure: str, threshold: str, values: Iterable[float | None], copied: Iterable[float] | None = None
    ) -> tuple[str, ...]:
        return (measure, threshold, str(summary(values)), "–" if copied is None else str(summarise(list(copied))))

    return Table(
        f"Same-person reenactment of {len(clips)} held-out clips, re-extracted (mean [95% interval] over clips)",
        ("measure", "threshold", "reenacted", "first frame repeated"),
        [
            *(
                row(f"correlation of {channel}", "≥ 0.9", [clip.correlation[channel] for clip in clips])
                for channel in ("jawOpen", "yaw", "pitch")
            ),
            row(
                "AED, thousandths of a weight",
                "",
                [1000 * clip.expression_distance for clip in clips],
                [1000 * clip.copied_expression_distance for clip in clips],
            ),
            row(
                "APD, thousandths",
                "",
                [1000 * clip.pose_distance for clip in clips],
                [1000 * clip.copied_pose_distance for clip in clips],
            ),
        ],
    )


def _groups(photos: list[PhotoResult]) -> dict[str, list[PhotoResult]]:
    colour, grey = [photo for photo in photos if photo.colour], [photo for photo in photos if not photo.colour]
    return {name: group for name, group in {"all": photos, "colour": colour, "grey": grey}.items() if group}


def summary(values: Iterable[float | None]) -> Summary:
    """Of the values that there are."""
    return summarise([value for value in values if value is not None])


def _check_row(check: Check, photos: list[PhotoResult]) -> tuple[str, ...]:
    outcomes = [photo.outcomes[check.name] for photo in photos]
    judged = summary(outcome.judged for outcome in outcomes)
    within = fraction(outcome.judged is not None and check.threshold.admits(outcome.judged) for outcome in outcomes)
    own = summary(outcome.extracted for outcome in outcomes)
    return (check.name, check.unit, str(check.threshold), str(judged), within, str(own), check.extracted_unit)


def fraction(passes: Iterable[bool]) -> str:
    """How many of how many passed."""
    verdicts = list(passes)
    return f"{sum(verdicts)} of {len(verdicts)}"
