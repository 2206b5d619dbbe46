"""The table of heads turned far."""

from __future__ import annotations

import numpy as np

from evaluation.renderer.turns import TOLERANCE, TURN, TurnsResult
from evaluation.report import Table, fraction, summary
from evaluation.statistics import summarise


def turns_table(result: TurnsResult) -> Table:
    turned = [(outcome, np.sign(outcome.requested)) for outcome in result.turned]
    rows: list[tuple[str, ...]] = [
        (
            f"turned by ±{TURN:g}°",
            fraction(outcome.faces == 1 for outcome, _ in turned),
            str(summary(None if outcome.turned is None else side * outcome.turned for outcome, side in turned)),
            str(summary(None if outcome.known is None else side * outcome.known for outcome, side in turned)),
            str(summary(None if outcome.fitted is None else side * outcome.fitted for outcome, side in turned)),
            fraction(outcome.is_met for outcome, _ in turned),
            str(summarise([outcome.unchanged for outcome, _ in turned])),
        )
    ]
    for name, key in (("from the side to 0°: degrees off", abs), ("the same, with their sign", float)):
        fronts = result.fronts
        rows.append(
            (
                name,
                fraction(outcome.faces == 1 for outcome in fronts),
                str(summary(None if outcome.turned is None else key(outcome.turned) for outcome in fronts)),
                "–",
                str(summary(None if outcome.fitted is None else key(outcome.fitted) for outcome in fronts)),
                fraction(outcome.is_met for outcome in fronts),
                str(summarise([outcome.unchanged for outcome in fronts])),
            )
        )
    return Table(
        f"Turns of {len(result.turned) // 2} held-out photos (mean [95% interval])",
        (
            "head",
            "one face found",
            "degrees by MediaPipe",
            "the same in the pair generator's picture",
            "degrees by the 3DMM on MediaPipe's landmarks",
            f"of these within {TOLERANCE:g}°",
            "background unchanged",
        ),
        rows,
    )
