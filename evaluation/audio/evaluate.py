"""All measurements of a bundle's speech, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.speech.recordings import RecordedClip, load_recordings
from datasets.speech.speakers import OTHERS, STRANGERS, load_speakers
from evaluation.audio import closures as closed_lips
from evaluation.audio import recorded, silence
from evaluation.audio.closures import Closure
from evaluation.audio.lips import Agreement, LipGap
from evaluation.audio.recorded import Diversity, Motion, Stranger, summarised
from evaluation.audio.rendered import RenderedLips, RenderedSpeech, rendered_speech
from evaluation.audio.silence import LipUnrest
from models.audio import FRAME_RATE, SpeechMotion

SPEED_SECONDS = 30
_DIVERSE = 20  # clips that several seeds are drawn for

Spectra = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class SpeechReport:
    """Everything measured of a bundle's speech.

    Attributes:
        temperature: that everything was drawn at where nothing else is closed_lips.
        nats: negative log-likelihood a number of `mouth` and `head`.
        agreements: temperature -> lips against real ones.
        strangers: speakers of whom there are a few clips each; of some, little or nothing was learnt.
        closures: where lips were measured ("motion", a language, or a photo's name) -> fractions.
        rendered: photo's name -> what a judge sees on its frames.
        lip_unrest: sound -> how far the lips move.
        blinks: a minute, of the motion and of the real speaker.
        diversity: between `seeds` seeds.
        spectra, real_spectra: signal -> frequencies and power density.
        speed: seconds of sound in a second, with `threads` threads.
        example: real and predicted lip gap of one clip.
    """

    temperature: float
    clips: int
    nats: Mapping[str, float]
    agreements: Mapping[float, Agreement]
    strangers: Mapping[str, Stranger]
    closures: Mapping[str, Closure]
    rendered: Mapping[str, RenderedSpeech]
    lip_unrest: Mapping[str, LipUnrest]
    blinks: tuple[float, float]
    diversity: Diversity
    seeds: int
    spectra: Spectra
    real_spectra: Spectra
    speed: float
    threads: int
    example: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False)


def evaluate_speech(
    speech: SpeechMotion,
    data: Path,
    recordings: Path,
    temperature: float,
    seeds: int,
    clips: int,
    threads: int,
    photos: Mapping[str, RenderedLips],
    rendered_clips: int,
) -> SpeechReport:
    """Measure the speech of a bundle.

    Args:
        recordings: folder that `python -m training.audio record` wrote.
        clips: at most so many of the test split.
        threads: that torch uses.
        photos: that are made to speak, by name.
        rendered_clips: at most so many of each speaker on their frames.

    Raises:
        TrainingDataError: recordings, 3DMM or eSpeak NG are missing.
    """
    gap = LipGap.of_mesh(data)
    test = load_recordings(data, recordings, "test")[:clips]
    drawn = {
        at: [recorded.spoken(speech, r, seed, at) for seed, r in enumerate(test)]
        for at in sorted({temperature, 1.0, 0.0}, reverse=True)
    }
    sentences = closed_lips.test_sentences()
    closures = {"motion": closed_lips.closure_of_motion(speech, gap, sentences, temperature)}
    for language, spoken in closed_lips.foreign_sentences().items():
        closures[language] = closed_lips.closure_of_motion(speech, gap, spoken, temperature)
    others = load_speakers(recordings / OTHERS)
    closures |= {name: closed_lips.closure(sentences, lips.gap) for name, lips in photos.items()}
    shown = {name: clips[:rendered_clips] for name, clips in others.items() if name in STRANGERS}
    rendered = {name: rendered_speech(lips, gap, test[:rendered_clips], shown) for name, lips in photos.items()}
    real = [_about_mean(r) for r in test]
    long = silence.long_sound([r.sound for r in test], 60)
    minute = [np.concatenate(list(speech.sample([long], seed=seed, temperature=temperature))) for seed in range(2)]
    several = [[recorded.spoken(speech, r, seed, temperature) for seed in range(seeds)] for r in test[:_DIVERSE]]
    return SpeechReport(
        temperature,
        len(test),
        recorded.likelihood(speech, test, load_recordings(data, recordings, "train")),
        {at: recorded.agreement(gap, test, motions) for at, motions in drawn.items()},
        recorded.strangers(speech, gap, others, temperature),
        closures,
        rendered,
        {name: silence.lip_unrest(speech, gap, sound, temperature) for name, sound in silence.sounds().items()},
        (silence.blinks_a_minute(minute), silence.blinks_a_minute([r.motion for r in test])),
        recorded.diversity(gap, several),
        seeds,
        recorded.spectra(gap, drawn[temperature]),
        recorded.spectra(gap, real),
        silence.times_real_time(speech, silence.long_sound([long], SPEED_SECONDS)),
        threads,
        (gap(test[0].motion), gap(drawn[temperature][0])),
    )


def _about_mean(recording: RecordedClip) -> Motion:
    return recording.motion - recording.motion.mean(0)


def thresholds(report: SpeechReport) -> Sequence[tuple[str, bool]]:
    """What the project requires of speech, and whether the report shows it."""
    best = report.agreements[report.temperature].best
    real = summarised(*report.real_spectra["lips"]).fractions
    made = summarised(*report.spectra["lips"]).fractions
    quick = (1 - made[0]) / (1 - real[0])
    amplitude = report.agreements[report.temperature].amplitude
    frames = [closure for name, closure in report.closures.items() if name not in closed_lips.FOREIGN]
    foreign = [min(c.closed, c.opened) for name, c in report.closures.items() if name in closed_lips.FOREIGN]
    shut, teeth = min(c.closed for c in frames), min(c.at_teeth for c in frames)
    unknown = [s.agreement.best for name, s in report.strangers.items() if name in STRANGERS]
    offset = 1000 * report.agreements[report.temperature].offset / FRAME_RATE
    of_strangers = float(np.mean(unknown)) if unknown else 0.0
    return [
        (f"lip correlation {best:.2f} ≥ 0.75", best >= 0.75),
        (f"lip correlation of strangers {of_strangers:.2f} ≥ 0.70", of_strangers >= 0.7),
        (f"amplitude of lips {amplitude:.2f} of 0.8–1.25", 0.8 <= amplitude <= 1.25),
        (f"power of lips above 2 Hz {quick:.2f} of the real one's, 0.75–1.25", 0.75 <= quick <= 1.25),
        (f"lips {offset:+.0f} ms from the sound, at most 20", abs(offset) <= 20),
        (f"bilabials closed {shut:.0%} ≥ 95 %", shut >= 0.95),
        (f"lip at the teeth in f and v {teeth:.0%} ≥ 80 %", teeth >= 0.8),
        (f"closed and opened in other languages {min(foreign):.0%} ≥ 85 %", min(foreign) >= 0.85),
        (f"blinks {report.blinks[0]:.0f} of 10–30 a minute", 10 <= report.blinks[0] <= 30),
        (f"head of seeds differs by {report.diversity.degrees:.1f}° ≥ 2°", report.diversity.degrees >= 2),
        (f"lips of seeds correlate at {report.diversity.lips:.2f} ≥ 0.8", report.diversity.lips >= 0.8),
        (f"{report.speed:.0f} × real time ≥ 40", report.speed >= 40),
        *(row for name, seen in report.rendered.items() for row in _rendered_thresholds(name, seen)),
    ]


def _rendered_thresholds(photo: str, seen: RenderedSpeech) -> Sequence[tuple[str, bool]]:
    strangers = [agreement.best for agreement in seen.strangers.values()]
    of_strangers = float(np.mean(strangers)) if strangers else 0.0
    own, offset = seen.agreement, 1000 * seen.agreement.offset / FRAME_RATE
    worst = max(seen.silence.values())
    return [
        (f"{photo}: lip correlation {own.best:.2f} ≥ 0.75", own.best >= 0.75),
        (f"{photo}: lip correlation of strangers {of_strangers:.2f} ≥ 0.70", of_strangers >= 0.7),
        (f"{photo}: amplitude {own.amplitude:.2f} of 0.8–1.25", 0.8 <= own.amplitude <= 1.25),
        (f"{photo}: another clip's lips {own.shuffled:.2f} ≤ {own.best - 0.2:.2f}", own.shuffled <= own.best - 0.2),
        (f"{photo}: lips {offset:+.0f} ms from the sound, at most 20", abs(offset) <= 20),
        (f"{photo}: lips in silence {worst:.2f} ≤ a still's {seen.still:.2f} %", worst <= seen.still),
        (f"{photo}: blinks {seen.blinks:.0f} of 10–30 a minute", 10 <= seen.blinks <= 30),
    ]
