"""What codecs do to a sound, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.speech.codecs import CODECS, through_codec


@pytest.mark.parametrize("codec", list(CODECS))
def test_a_codec_changes_the_sound_but_not_its_times(codec: str) -> None:
    rng = np.random.default_rng(0)
    time = np.arange(20_011) / 16_000
    beats = 0.3 * np.sin(2 * np.pi * 440 * time) * (np.sin(2 * np.pi * 3 * time) > 0)
    sound = (beats + 0.01 * rng.standard_normal(len(time))).astype(np.float32)
    heard = through_codec(sound, codec, CODECS[codec][1][0])
    assert heard.shape == sound.shape
    assert heard.dtype == np.float32
    assert not np.allclose(heard, sound, atol=1e-3)
    loudness = [np.abs(s[:20_000]).reshape(-1, 100).mean(1) for s in (sound, heard)]
    lags = [
        np.corrcoef(loudness[0][5:-5], loudness[1][5 + lag : len(loudness[1]) - 5 + lag])[0, 1] for lag in range(-5, 6)
    ]
    assert abs(int(np.argmax(lags)) - 5) <= 1, "within 6 ms"
    assert max(lags) > 0.9
