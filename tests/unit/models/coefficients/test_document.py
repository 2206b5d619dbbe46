"""Motion documents: written, read back, and refused when something is wrong with them."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_document, motion_npz, read_motion
from models.coefficients.sound_reference import SoundReference
from models.errors import MotionError


@pytest.fixture
def motion() -> Motion:
    rng = np.random.default_rng(0)
    coefficients = np.concatenate([rng.uniform(0, 1, (3, 53)), rng.normal(0, 0.2, (3, 6))], 1).astype(np.float32)
    boxes = np.array([[1, 2, 30, 40], [np.nan] * 4, [2, 3, 31, 41]])
    return Motion(ARKIT, np.array([0, 0.04, 0.11]), 25.0, coefficients, boxes, np.array([0.9, np.nan, 0.8]))


def as_json(motion: Motion, change: Callable[[dict[str, Any]], object] = lambda document: None) -> bytes:
    document = motion_document(motion)
    change(document)
    return json.dumps(document).encode()


def as_npz(motion: Motion, **changes: np.ndarray) -> bytes:
    with np.load(io.BytesIO(motion_npz(motion))) as arrays:
        held = {**arrays, **changes}
    file = io.BytesIO()
    np.savez(file, **held)
    return file.getvalue()


@pytest.mark.parametrize("write", [as_json, motion_npz])
def test_a_motion_survives_the_way_out_and_back(motion: Motion, write: Callable[[Motion], bytes]) -> None:
    again = read_motion(write(motion))
    assert again.fps == 25
    assert again.times == pytest.approx(motion.times)
    assert np.array_equal(again.coefficients, motion.coefficients)


@pytest.mark.parametrize("write", [as_json, motion_npz])
@pytest.mark.parametrize("sound", [None, SoundReference("a" * 64, -0.5), SoundReference("wave", 1, "sound")])
def test_where_the_sound_is_survives_too(
    motion: Motion, write: Callable[[Motion], bytes], sound: SoundReference | None
) -> None:
    assert read_motion(write(replace(motion, sound=sound))).sound == sound


@pytest.mark.parametrize(
    ("sound", "named"),
    [
        ({"offset_s": 1}, "source_id"),
        ([], "source_id"),
        ({"source_id": ""}, "source_id"),
        ({"source_id": "a" * 129}, "source_id"),
        ({"source_id": "a", "offset_s": "1"}, "offset_s"),
        ({"source_id": "a", "offset_s": math.nan}, "offset_s"),
        ({"source_id": "a", "offset_s": True}, "offset_s"),
        ({"source_id": "a", "offset_s": 3601}, "offset_s"),
        ({"source_id": "a", "clock": "wall"}, "clock"),
    ],
)
def test_a_sound_that_cannot_be_found_is_refused(motion: Motion, sound: object, named: str) -> None:
    with pytest.raises(MotionError, match=f"sound.*{named}"):
        read_motion(as_json(motion, lambda document: document.update(sound=sound)))


def test_the_document_speaks_the_apis_units_and_names_bridged_frames(motion: Motion) -> None:
    document = motion_document(motion)
    first, bridged, _ = document["frames"]
    yaw, *_, log_zoom = (float(v) for v in motion.coefficients[0, 53:])
    assert first["pose"]["yaw"] == pytest.approx(math.degrees(yaw))
    assert first["pose"]["zoom"] == pytest.approx(math.exp(log_zoom))
    assert first["expression"]["jawOpen"] == pytest.approx(float(motion.coefficients[0, ARKIT.index["jawOpen"]]))
    assert first["face"] == {"box": [1, 2, 30, 40], "score": pytest.approx(0.9)}
    assert bridged["face"] is None
    assert document["names"][-6:] == ["yaw", "pitch", "roll", "x", "y", "log zoom"]
    json.dumps(document, allow_nan=False)


def test_the_arrays_are_those_that_are_documented(motion: Motion) -> None:
    with np.load(io.BytesIO(motion_npz(motion)), allow_pickle=False) as arrays:
        assert {"times", "coefficients", "names", "space", "box", "score"} <= set(arrays)
        assert arrays["box"].shape == (3, 4)
        assert np.isnan(arrays["box"][1]).all()
        assert np.isnan(arrays["score"]).tolist() == [False, True, False]


def test_a_still_has_no_rate(motion: Motion) -> None:
    still = Motion(ARKIT, motion.times[:1], None, motion.coefficients[:1])
    assert motion_document(still)["fps"] is None
    for data in (as_json(still), motion_npz(still)):
        assert read_motion(data).fps is None


def test_an_edit_by_name_counts_where_raw_coefficients_are_left_out(motion: Motion) -> None:
    def edit(document: dict[str, Any]) -> None:
        for frame in document["frames"]:
            del frame["coefficients"]
        document["frames"][1]["expression"]["jawOpen"] = 0.25
        document["frames"][1]["pose"].update(yaw=30, zoom=1.1)

    again = read_motion(as_json(motion, edit))
    assert again.coefficients[0] == pytest.approx(motion.coefficients[0], abs=1e-6)
    assert again.coefficients[1, ARKIT.index["jawOpen"]] == pytest.approx(0.25)
    assert again.coefficients[1, [53, 58]] == pytest.approx([math.radians(30), math.log(1.1)])


def test_rounded_names_agree_with_raw_coefficients(motion: Motion) -> None:
    def shorten(document: dict[str, Any]) -> None:
        for frame in document["frames"]:
            frame["expression"] = {name: round(value, 3) for name, value in frame["expression"].items()}
            frame["pose"] = {name: round(value, 2) for name, value in frame["pose"].items() if name in "yaw pitch roll"}
            frame["pose"].update({"x": 0, "y": 0, "zoom": 1})
            frame["coefficients"][-3:] = [0, 0, 0]

    read_motion(as_json(motion, shorten))


def set_frame(index: int, key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["frames"][index].update({key: value})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda d: d.update(space="bfm"), "bfm"),
        (lambda d: d.pop("space"), "space"),
        (lambda d: d["names"].reverse(), "names"),
        (lambda d: d.pop("frames"), "frames"),
        (lambda d: d.update(frames=[]), "no frames"),
        (lambda d: d.update(frames=["a"]), r"frames\[0\]"),
        (lambda d: d.update(fps=0), "fps"),
        (set_frame(1, "time", None), r"frames\[1\].time"),
        (set_frame(1, "time", 0.0), "frame 1"),
        (set_frame(1, "time", math.inf), r"frames\[1\].time"),
        (set_frame(2, "coefficients", [0.0] * 58), r"frames\[2\].coefficients has 58"),
        (set_frame(2, "coefficients", "59"), r"frames\[2\].coefficients"),
        (lambda d: d["frames"][0]["coefficients"].__setitem__(4, math.nan), r"coefficients\[4\]"),
        (lambda d: d["frames"][0]["coefficients"].__setitem__(4, True), r"coefficients\[4\]"),
        (lambda d: d["frames"][0]["coefficients"].__setitem__(4, 10**400), r"coefficients\[4\]"),
        (lambda d: d["frames"][0]["expression"].update(jawOpen=0.123), "jawOpen is 0.123 by name"),
        (lambda d: d["frames"][0]["expression"].pop("jawOpen"), "jawOpen"),
        (lambda d: [d["frames"][0].pop(key) for key in ("coefficients", "expression", "pose")], "neither"),
        (lambda d: (d["frames"][0].pop("coefficients"), d["frames"][0]["pose"].update(zoom=0)), "zoom"),
        (lambda d: (d["frames"][0].pop("coefficients"), d["frames"][0]["pose"].update(yaw=400)), "yaw"),
    ],
)
def test_a_damaged_document_names_what_is_wrong(
    motion: Motion, change: Callable[[dict[str, Any]], object], names: str
) -> None:
    with pytest.raises(MotionError, match=names):
        read_motion(as_json(motion, change))


def test_weights_out_of_range_are_refused_even_when_names_agree(motion: Motion) -> None:
    motion.coefficients[1, 14] = 60  # percent
    with pytest.raises(MotionError, match="of frame 1 is 60"):
        read_motion(as_json(motion))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b"PK\x03\x04 no zip"])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(MotionError):
        read_motion(data)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"coefficients": np.zeros((3, 58))}, "58"),
        ({"coefficients": np.full((3, 59), np.nan)}, "frame 0"),
        ({"coefficients": np.array(["a", "b"])}, "cannot be read"),
        ({"coefficients": np.array([{}], object)}, "cannot be read"),
        ({"times": np.array([0.0, 0.0, 1.0])}, "frame 1"),
        ({"times": np.zeros(0), "coefficients": np.zeros((0, 59))}, "no frames"),
        ({"space": np.array("bfm")}, "bfm"),
        ({"names": np.array(["jawOpen"])}, "names"),
        ({"fps": np.array([25.0, 30.0])}, "cannot be read"),
    ],
)
def test_a_damaged_npz_names_what_is_wrong(motion: Motion, changes: dict[str, np.ndarray], names: str) -> None:
    with pytest.raises(MotionError, match=names):
        read_motion(as_npz(motion, **changes))


def test_an_npz_without_its_arrays_says_which_is_missing() -> None:
    file = io.BytesIO()
    np.savez(file, space=np.array("arkit"), times=np.zeros(1))
    with pytest.raises(MotionError, match="coefficients"):
        read_motion(file.getvalue())


def test_an_npz_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.coefficients.document.MOST_BYTES", 1 << 20)
    file = io.BytesIO()
    np.savez_compressed(file, space=np.array("arkit"), coefficients=np.zeros(2 << 20, np.uint8))
    assert len(file.getvalue()) < 1 << 16
    with pytest.raises(MotionError, match="unpacks"):
        read_motion(file.getvalue())


def test_a_truncated_npz_is_refused(motion: Motion) -> None:
    data = motion_npz(motion)
    with pytest.raises(MotionError):
        read_motion(data[: len(data) // 2])


def test_a_damaged_npz_is_a_motion_error_whatever_the_readers_raise(motion: Motion) -> None:
    whole, rng = motion_npz(motion), np.random.default_rng(0)
    messages = []
    for _ in range(300):
        data = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(2, len(data), 3)
        data[places] = rng.integers(0, 256, 3)
        try:
            read_motion(data.tobytes())
        except MotionError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("Error -3" in message or ".npy" in message for message in messages), "sentences of ours"
