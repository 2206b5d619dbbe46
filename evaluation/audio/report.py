"""The report on speech as a table, as JSON and as plots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot

from datasets.speech.speakers import STRANGERS
from evaluation.audio.closures import FOREIGN
from evaluation.audio.evaluate import SpeechReport, thresholds
from evaluation.audio.recorded import BANDS, summarised
from evaluation.audio.rendered import RenderedSpeech
from evaluation.report import Table
from models.audio import FRAME_RATE


def speech_table(report: SpeechReport) -> Table:
    """A row a measure."""
    rows: list[tuple[str, ...]] = [
        (f"negative log-likelihood, {name}", "", f"{value:.2f} nats a number") for name, value in report.nats.items()
    ]
    for at, agreement in report.agreements.items():
        threshold = "≥ 0.75" if at == report.temperature else ""
        rows.append((f"lip correlation, temperature {at:g}, best lag within ±1", threshold, f"{agreement.best:.2f}"))
        rows.append(("… at no lag; mean best lag", "", f"{agreement.still:.2f}; {agreement.lag:+.1f} frames"))
        rows.append(
            (
                "… of another clip's lips; amplitude",
                "0.8 to 1.25",
                f"{agreement.shuffled:.2f}; {agreement.amplitude:.2f}",
            )
        )
        rows.append(("… offset of motion and sound", "", f"{1000 * agreement.offset / FRAME_RATE:+.0f} ms"))
    for name, stranger in report.strangers.items():
        lips = stranger.agreement
        text = f"{lips.best:.2f}; {lips.amplitude:.2f}; {stranger.quick:.0%} ({stranger.real_quick:.0%})"
        what = f"speaker {name}, {stranger.clips} clips: correlation; amplitude; power above 2 Hz (real)"
        rows.append((what, "≥ 0.70" if name in STRANGERS else "", text))
    for name, closure in report.closures.items():
        threshold = "≥ 85 %" if name in FOREIGN else "≥ 95 %"
        rows.append((f"bilabials closed, {name}", threshold, f"{closure.closed:.0%} of {closure.bilabials}"))
        rows.append(
            (f"lip at the teeth in f and v, {name}", "≥ 80 %", f"{closure.at_teeth:.0%} of {closure.labiodentals}")
        )
        rows.append((f"open vowels opened, {name}", "", f"{closure.opened:.0%} of {closure.vowels}"))
    rows += [row for name, seen in report.rendered.items() for row in _rendered_rows(name, seen)]
    for name, unrest in report.lip_unrest.items():
        text = f"{unrest.mean:.2f} (95 %: {unrest.most:.2f}), wanders by {unrest.deviation:.2f}"
        rows.append((f"lip gap above rest to {name}, % of the face", "", text))
    made, real = report.blinks
    rows.append(("blinks a minute (the real speaker)", "10 to 30", f"{made:.1f} ({real:.1f})"))
    rows.append((f"head pose between {report.seeds} seeds", "≥ 2°", f"{report.diversity.degrees:.1f}°"))
    rows.append((f"lip correlation between {report.seeds} seeds", "≥ 0.8", f"{report.diversity.lips:.2f}"))
    for name in report.spectra:
        parts = [summarised(*spectra[name]) for spectra in (report.spectra, report.real_spectra)]
        texts = [f"{p.deviation:.2f} ({', '.join(f'{fraction:.0%}' for fraction in p.fractions)})" for p in parts]
        rows.append((f"{name}: deviation (fractions of {_bands()} Hz), made / real", "", " / ".join(texts)))
    rows.append((f"motion made, {report.threads} threads", "≥ 40 × real time", f"{report.speed:.1f} ×"))
    title = f"Speech on {report.clips} held-out clips, temperature {report.temperature:g}"
    return Table(title, ("measure", "threshold", "value"), rows)


def _rendered_rows(photo: str, seen: RenderedSpeech) -> list[tuple[str, str, str]]:
    what = f"rendered on {photo}"
    rows = []
    for name, lips, threshold in (
        ("test clips", seen.agreement, "≥ 0.75; 0.8 to 1.25"),
        *((f"speaker {name}", lips, "≥ 0.70; 0.8 to 1.25") for name, lips in seen.strangers.items()),
    ):
        offset = f"{1000 * lips.offset / FRAME_RATE:+.0f} ms"
        text = f"{lips.best:.2f}; {lips.amplitude:.2f}; {lips.shuffled:.2f}; {offset}"
        rows.append((f"{what}, {name}: correlation; amplitude; of another clip's lips; offset", threshold, text))
    text = ", ".join(f"{deviation:.2f} to {name}" for name, deviation in seen.silence.items())
    rows.append((f"{what}: lips wander, % of the face", f"≤ {seen.still:.2f} (a still)", text))
    rows.append((f"{what}: blinks a minute", "10 to 30", f"{seen.blinks:.1f}"))
    return rows


def speech_data(report: SpeechReport) -> dict[str, Any]:
    """Every number behind the table."""
    return {
        "temperature": report.temperature,
        "clips": report.clips,
        "nats": dict(report.nats),
        "agreements": {f"{at:g}": asdict(agreement) for at, agreement in report.agreements.items()},
        "strangers": {name: asdict(stranger) for name, stranger in report.strangers.items()},
        "closures": {name: asdict(closure) for name, closure in report.closures.items()},
        "rendered": {name: asdict(seen) for name, seen in report.rendered.items()},
        "lip_unrest": {name: asdict(unrest) for name, unrest in report.lip_unrest.items()},
        "blinks_a_minute": {"made": report.blinks[0], "real": report.blinks[1]},
        "diversity": asdict(report.diversity) | {"seeds": report.seeds},
        "spectra": {
            name: {"made": asdict(summarised(*report.spectra[name])), "real": asdict(summarised(*real))}
            for name, real in report.real_spectra.items()
        },
        "times_real_time": report.speed,
        "threads": report.threads,
        "thresholds": dict(thresholds(report)),
    }


def draw(report: SpeechReport, out: Path) -> Path:
    """OUT/speech.png: one clip's lips, real and made, and the spectra of lips and head."""
    figure, axes = pyplot.subplots(1, 1 + len(report.spectra), figsize=(5 + 3 * len(report.spectra), 3.2))
    real, made = report.example
    for track, label in ((real, "real"), (made, "made")):
        axes[0].plot(np.arange(len(track)) / FRAME_RATE, track, label=label)
    axes[0].set(title="lip gap of one clip", xlabel="seconds", ylabel="% of the face's height")
    axes[0].legend()
    for axis, name in zip(axes[1:], report.spectra, strict=True):
        for spectra, label in ((report.real_spectra, "real"), (report.spectra, "made")):
            axis.semilogy(*spectra[name], label=label)
        axis.set(title=f"power of {name}", xlabel="Hz")
    figure.tight_layout()
    out.mkdir(parents=True, exist_ok=True)
    path = out / "speech.png"
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    return path


def _bands() -> str:
    return ", ".join(f"{low:g}–{high:g}" for low, high in BANDS)
