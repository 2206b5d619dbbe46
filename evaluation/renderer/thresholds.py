"""What this project requires of a renderer, and whether it was reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.checks import Threshold
from evaluation.renderer.bench import COPIED, RENDERED, WARPED
from evaluation.renderer.blinks import SHUT, shut_fractions
from evaluation.renderer.comparison import AED, JUDGED_AED, PICTURE, Comparison
from evaluation.renderer.following import ACROSS, FOLLOWED
from evaluation.renderer.response import JUDGE, MAIN, OWN, Slopes
from evaluation.renderer.suite import RendererReport
from evaluation.statistics import Summary, ratio, summarise

MOUTH = "L1 mouth"
SLOPE = Threshold(0.85, 1.15)
CROSS_TALK = Threshold(high=0.15)
OF_COPYING = {JUDGED_AED: 0.45, MOUTH: 0.45, PICTURE: 0.75}
"""Measure of clips -> most that may be left of what copying the first frame gives."""
FOLLOWS = Threshold(low=0.9)
EYES_SHUT = {"photographs": Threshold(low=0.9), "drawings": Threshold(low=0.8)}
NONE = Threshold(high=0)
SHARP = Threshold(low=0.95)
"""As sharp as the skin, give or take what a measurement on two portraits can tell."""


@dataclass(frozen=True)
class Verdict:
    """One requirement: `value` is what counts, `second` the other reader's where there are two."""

    what: str
    threshold: Threshold
    value: Summary
    second: Summary | None = None

    @property
    def met(self) -> bool | None:
        """Whether the mean lies within the threshold; None where nothing was measured."""
        return None if self.value.mean is None else self.threshold.admits(self.value.mean)


def verdicts(report: RendererReport) -> list[Verdict]:
    """Every requirement, in the order of the project's own list."""
    smiles, clips = report.smiles, report.clips
    found = [Verdict("flow error on the fixed test, pixels of 256²", Threshold(high=1.3), report.flow.network)]
    found += [
        Verdict(f"own smile, {measure}: lead over “{baseline}”", Threshold(low=0), lead(smiles, measure, baseline))
        for measure in (MOUTH, AED)
        for baseline in (COPIED, WARPED)
    ]
    found.append(Verdict("clips, AED of copying over the renderer's", Threshold(low=3), times(clips, AED)))
    found.append(Verdict(f"clips, {MOUTH}: lead over “{COPIED}”", Threshold(low=0), lead(clips, MOUTH, COPIED)))
    for what, driven in (("clips", clips), ("clips of strangers", report.strangers)):
        found += [
            Verdict(f"{what}, {measure} over copying's", Threshold(high=most), fraction(driven, measure))
            for measure, most in OF_COPYING.items()
        ]
    found += [
        Verdict(f"clips of strangers, {name}{ACROSS}", FOLLOWS, averages(report.strangers, name + ACROSS))
        for name in FOLLOWED
    ]
    judge, own = report.responses.slopes.get(JUDGE), report.responses.slopes[OWN]
    first = judge or own
    second = own if judge else None
    found += [
        Verdict(f"slope of {slider}", SLOPE, first.slope(slider), second.slope(slider) if second else None)
        for slider in MAIN
    ]
    found.append(Verdict("largest cross-talk", CROSS_TALK, worst(first), worst(second) if second else None))
    found.append(Verdict("edit of nothing, dB", Threshold(low=34), summarise(report.generated.nothing)))
    for part in ("mouth", "eyes"):
        sharpness = summarise([one.against_skin(part) for one in report.sharpness])
        found.append(Verdict(f"{part} at 1024², sharpness over the skin's", SHARP, sharpness))
    for name, shut in shut_fractions(report.blinks).items():
        what = f"{name} whose eyes `eyeBlink` 1 shuts to {SHUT.high:g} of their opening"
        found.append(Verdict(what, EYES_SHUT[name], summarise(shut)))
    found.append(Verdict("pixels of teeth outside the lips", NONE, summarise([one.outside for one in report.teeth])))
    repeated = [float(one.repeated) for one in report.steadiness]
    return [*found, Verdict("equal descriptors, largest difference of frames", NONE, summarise(repeated))]


def lead(comparisons: list[Comparison], measure: str, baseline: str) -> Summary:
    """By how much the baseline's value is above the renderer's: mean of the differences."""
    both = _both(comparisons, measure, baseline)
    return summarise([base - made for made, base in both])


def times(comparisons: list[Comparison], measure: str) -> Summary:
    """Mean value of copying over the renderer's mean value."""
    both = _both(comparisons, measure, COPIED)
    return ratio([base for _, base in both], [made for made, _ in both])


def fraction(comparisons: list[Comparison], measure: str) -> Summary:
    """Mean over the clips of the renderer's value as a fraction of copying's."""
    return summarise([made / base for made, base in _both(comparisons, measure, COPIED)])


def averages(comparisons: list[Comparison], measure: str) -> Summary:
    """Mean of the renderer's values, where there are such."""
    return summarise([one.values[RENDERED][measure] for one in comparisons if measure in one.values[RENDERED]])


def worst(slopes: Slopes) -> Summary:
    """The largest off-diagonal entry of the cross-talk matrix by size; its interval is that of the same entry."""
    matrix = np.abs(slopes.matrix() - np.diag(np.diagonal(slopes.matrix())))
    if not np.isfinite(matrix).any():
        return summarise([])
    i, j = np.unravel_index(np.nanargmax(matrix), matrix.shape)
    entry = slopes.photos()[:, i, j]
    entry = entry[np.isfinite(entry)]
    return summarise((entry * np.sign(entry.mean())).tolist())


def _both(comparisons: list[Comparison], measure: str, baseline: str) -> list[tuple[float, float]]:
    return [
        (one.values[RENDERED][measure], one.values[baseline][measure])
        for one in comparisons
        if measure in one.values[RENDERED] and measure in one.values[baseline]
    ]
