"""Disguises, changes from rest, items, and windows of them."""

from __future__ import annotations

import ctypes.util
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.speech import augment
from datasets.speech.change import crossfaded, head_change, mouth_at_rest, mouth_change, retimed, sway
from datasets.speech.items import Item, batches, load_items, save_items
from datasets.speech.recordings import RecordedClip
from models.audio.channels import HEAD, MOUTH
from models.audio.features import BANDS, HOPS_PER_FRAME, SILENCE, LogMel, padded
from models.errors import TrainingDataError
from training.audio.corpus import Amounts
from training.audio.corpus_builder import CorpusBuilder
from training.audio.sentences import syllables

JAW = MOUTH.index("jawOpen")


def test_rest_is_the_mouth_in_silence(recordings: list[RecordedClip]) -> None:
    rest = mouth_at_rest(recordings)
    assert rest[JAW] == pytest.approx(0.1)
    change = mouth_change(recordings[0], rest)
    assert change.shape == (75, len(MOUTH))
    assert np.abs(change[recordings[0].silent()]).max() < 1e-6
    assert change[:, JAW].max() > 0.4


def test_heads_are_described_about_their_mean(recordings: list[RecordedClip]) -> None:
    head = head_change(recordings[1])
    assert head.shape == (75, len(HEAD))
    assert np.abs(head.mean(0)).max() < 2e-3
    assert np.ptp(head[:, HEAD.index("yaw")]) > 0.02


def test_sway_moves_smoothly_by_some_degrees() -> None:
    moved = np.degrees(sway(np.random.default_rng(0), 2000)[:, HEAD.index("yaw")])
    assert 1 < moved.std() < 3
    assert np.abs(np.diff(moved)).max() < 1.5


def test_retiming_and_crossfading_keep_sound_and_motion_together() -> None:
    ramp = np.arange(10, dtype=np.float32)[:, None]
    assert retimed(ramp, np.arange(5) * 2.0)[:, 0].tolist() == [0, 2, 4, 6, 8]
    joined = crossfaded([np.zeros((8, 1), np.float32), np.ones((8, 1), np.float32)], 3)
    assert joined[:, 0].tolist() == [0] * 6 + [0.5] + [1] * 6


def test_speed_shortens_a_sound_and_raises_it() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000).astype(np.float32)
    fast, speed = augment.at_speed(tone, 1.25)
    assert (len(fast), speed) == (12_800, 1.25)
    assert np.abs(np.fft.rfft(fast)).argmax() / len(fast) * 16_000 == pytest.approx(625, abs=5)


def test_a_disguise_changes_the_sound_but_not_its_length(recordings: list[RecordedClip]) -> None:
    sound = recordings[0].sound
    heard = [augment.disturbed(np.random.default_rng(seed), sound, recordings[1].sound) for seed in range(8)]
    assert {len(other) for other in heard} == {len(sound)}
    assert all(np.abs(other).max() <= 1 and np.isfinite(other).all() for other in heard)
    assert np.corrcoef(np.abs(sound), np.abs(heard[0]))[0, 1] > 0.3


def test_a_telephone_has_no_bass(recordings: list[RecordedClip]) -> None:
    rng = np.random.default_rng(0)
    noise = augment.coloured_noise(rng, 32_000, 0)
    features = LogMel()(padded(torch.from_numpy(np.stack([noise, augment.on_telephone(rng, noise)]))))
    plain, phone = features.mean(1)
    assert (plain - phone)[0] > 0.8
    assert (plain - phone)[-1] > 0.8
    assert abs((plain - phone)[BANDS // 2]) < 0.2


def test_sounds_without_speech_are_of_many_kinds() -> None:
    levels = [float(np.sqrt((augment.non_speech(np.random.default_rng(i), 32_000) ** 2).mean())) for i in range(40)]
    assert min(levels) < 1e-4
    assert max(levels) > 0.05


@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="needs libespeak-ng1")
def test_every_kind_of_item_has_features_for_its_motion(recordings: list[RecordedClip]) -> None:
    builder = CorpusBuilder(recordings)
    items = [builder._made(kind, number) for kind in ("recorded", "spoken", "non_speech") for number in range(3)]
    for item in [*items, *builder.shard("heldout_recorded")]:
        assert item.features.shape == (HOPS_PER_FRAME * len(item.motion), BANDS)
        assert item.motion.shape[1] == len(MOUTH) + len(HEAD)
        assert np.isfinite(item.motion).all()
        assert np.isfinite(item.features).all()
    assert np.array_equal(items[1].motion, builder._made("recorded", 1).motion), "a number is a seed"
    assert np.abs(items[-1].motion[:, : len(MOUTH)]).max() == 0
    louder = np.corrcoef(items[0].features.mean(1)[::HOPS_PER_FRAME], items[0].motion[:, JAW])[0, 1]
    assert louder > 0.5, "sound and motion lie side by side"


def test_shards_come_back_as_they_were(tmp_path: Path) -> None:
    items = [Item(np.full((4 * n, BANDS), n, np.float16), np.full((n, 24), n, np.float32)) for n in (3, 5)]
    save_items(tmp_path / "recorded-0000.npz", items)
    save_items(tmp_path / "heldout_recorded.npz", items[:1])
    loaded = load_items(tmp_path)
    assert {kind: [len(item.motion) for item in items] for kind, items in loaded.items()} == {
        "recorded": [3, 5],
        "heldout_recorded": [3],
    }
    assert (loaded["recorded"][1].features == 5).all()
    with pytest.raises(TrainingDataError, match="corpus"):
        load_items(tmp_path / "nowhere")


def test_windows_are_surrounded_by_silence() -> None:
    item = Item(np.ones((40, BANDS), np.float16), np.arange(10, dtype=np.float32)[:, None])
    features, motion = item.window(2, 6, 5, 4)
    assert features.shape == (60, BANDS)
    assert (features[:12] == np.float32(SILENCE)).all()
    assert (features[12:52] == 1).all()
    assert (features[52:] == np.float32(SILENCE)).all()
    assert motion[:, 0].tolist() == [2, 3, 4, 5, 6, 7]
    silent = LogMel()(torch.zeros(1, 640 + 240))
    assert silent[0, 0].numpy() == pytest.approx(np.full(BANDS, SILENCE), abs=1e-5)


def test_batches_draw_kinds_as_often_as_requested() -> None:
    kinds = {kind: [Item(np.zeros((40, BANDS)), np.full((10, 1), i))] for i, kind in enumerate(("a", "b", "c"))}
    drawn = batches(kinds, {"a": 0.6, "b": 0.2, "missing": 5}, 50, 4, (1, 1), 0)
    values = torch.cat([next(drawn)[1][:, 0, 0] for _ in range(20)])
    assert (values == 0).float().mean() == pytest.approx(0.75, abs=0.05)
    assert not (values == 2).any()


def test_amounts_name_their_shards() -> None:
    names = Amounts(disguises=2, sentences=150, non_speech=10).shards(224)
    assert names == [
        "heldout_recorded",
        "heldout_spoken",
        "recorded-0000",
        "recorded-0001",
        "spoken-0000",
        "spoken-0001",
        "non_speech-0000",
    ]


def test_clips_of_other_speakers_are_described_from_their_own_rest(recordings: list[RecordedClip]) -> None:
    other = [
        RecordedClip(f"other{i}", (clip.motion + 0.2).astype(np.float32), clip.sound, clip.spoken)
        for i, clip in enumerate(recordings[:2])
    ]
    builder = CorpusBuilder(recordings, [other])
    assert builder.recordings == len(recordings) + 6 * len(other)
    assert np.abs(builder._mouth(other[0]) - builder._mouth(recordings[0])).max() < 1e-5


def test_syllables_are_rich_in_what_lips_do() -> None:
    texts = [syllables(np.random.default_rng(seed)) for seed in range(50)]
    letters = "".join(texts).lower()
    assert len(set(texts)) == 50
    assert sum(letters.count(letter) for letter in "pbmfv") / sum(letters.count(letter) for letter in "tdnlrskgz") > 0.5
    assert all(letters.count(vowel) for vowel in "aeiou")
