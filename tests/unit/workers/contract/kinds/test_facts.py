"""Facts that the contract and the models both need, and the contract may not import: both copies are equal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import annotated_types
import pytest

from models.audio import FRAME_RATE, SAMPLE_RATE, TEMPERATURE, MotionGains
from models.coefficients import ARKIT, BFM, CoefficientSpace
from models.coefficients.controls import Mode
from models.coefficients.space import POSE_LIMITS
from models.coefficients.transfer import GAINS, MOST_GAIN, Region
from workers import source_warnings
from workers.audio_input import SPEECH_RATE
from workers.contract.kinds import KINDS
from workers.contract.kinds.common import CLIP_FORMATS, STILL_FORMATS, Gain, Output, formats
from workers.contract.kinds.controls import MAX_COEFFICIENTS, MAX_SLIDERS, RAW_POSE_LIMITS, Controls, Pose
from workers.contract.kinds.extract import EXTRACT_FORMATS, ExtractFormat
from workers.contract.kinds.reenact import Gains, ReenactOptions
from workers.contract.kinds.talk import SPEECH_FPS, SpeechGains, TalkOptions
from workers.contract.warnings import WarningCode
from workers.media.clip import _FORMATS as ENCODED_CLIPS
from workers.media.still import _OPTIONS as ENCODED_STILLS

API_PAGE = Path(__file__).parents[5] / "docs" / "api.md"
SPACES = pytest.mark.parametrize("space", [ARKIT, BFM], ids=lambda space: space.name)


def limits(metadata: list[Any]) -> tuple[float, float]:
    """The least and largest value that a field takes."""
    [low] = [entry.ge for entry in metadata if isinstance(entry, annotated_types.Ge)]
    [high] = [entry.le for entry in metadata if isinstance(entry, annotated_types.Le)]
    return low, high


@SPACES
def test_pose_sliders_have_the_space_s_ranges(space: CoefficientSpace) -> None:
    assert {axis.name: (axis.min, axis.max) for axis in space.pose} == {
        name: limits(field.metadata) for name, field in Pose.model_fields.items()
    }


@SPACES
def test_a_space_fits_into_the_limits_of_a_request(space: CoefficientSpace) -> None:
    assert {slider.max for slider in space.expression} == {1}, "an expression value lies in [-1, 1]"
    assert len(space.expression) + len(space.shorthands) <= MAX_SLIDERS
    assert space.size <= MAX_COEFFICIENTS
    assert tuple(POSE_LIMITS.values()) == RAW_POSE_LIMITS


def test_modes_regions_and_gains_are_the_models() -> None:
    for options in (Controls, ReenactOptions):
        assert options.model_fields["mode"].annotation == Mode
    assert ReenactOptions.model_fields["region"].annotation == Region
    assert Gains.model_fields.keys() == set(GAINS)
    assert limits(get_args(Gain)[1].metadata) == (0, MOST_GAIN)
    assert SpeechGains().model_dump() == vars(MotionGains())


def test_rates_and_the_temperature_are_the_speech_model_s() -> None:
    assert (SPEECH_RATE, SPEECH_FPS, TalkOptions().temperature) == (SAMPLE_RATE, FRAME_RATE, TEMPERATURE)


def test_every_format_can_be_requested_and_encoded() -> None:
    requested = set(get_args(get_args(Output.model_fields["format"].annotation)[0]))
    assert requested == STILL_FORMATS.keys() | CLIP_FORMATS.keys()
    assert ENCODED_STILLS.keys() == STILL_FORMATS.keys()
    assert ENCODED_CLIPS.keys() == CLIP_FORMATS.keys()
    assert (next(iter(formats(clip=False))), next(iter(formats(clip=True)))) == ("png", "mp4"), (
        "the documented defaults"
    )
    assert set(get_args(ExtractFormat)) == EXTRACT_FORMATS.keys()


def test_warnings_mean_what_is_checked() -> None:
    assert f" {source_warnings._SMALL} pixels" in WarningCode.SMALL_FACE.meaning
    for name, most in source_warnings._FARTHEST:
        assert f"{round(most * 57.29578)}° of {name}" in WarningCode.EXTREME_POSE.meaning


def option(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """What the JSON schema says of an option, or of the gains, which are alike."""
    found = schema["properties"][name]
    if "$ref" in found:
        found = next(iter(schema["$defs"][found["$ref"].rpartition("/")[2]]["properties"].values()))
    return next((branch for branch in found.get("anyOf", []) if "minimum" in branch), found)


@pytest.mark.parametrize("kind", ["reenact", "talk"])
def test_the_api_page_s_ranges_are_the_options(kind: str) -> None:
    text = API_PAGE.read_text(encoding="utf-8")
    table = text[text.index(f"## `POST /{kind}`") :]
    table = table[table.index("| option |") :]
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) to ([\d.]+) \|(.*)$", table[: table.index("\n\n")], re.MULTILINE)
    schema = json.loads(json.dumps(KINDS[kind].documents["options"].model_json_schema()))
    assert len(rows) >= 2
    for name, low, high, meaning in rows:
        described = option(schema, name)
        assert (described["minimum"], described["maximum"]) == (float(low), float(high)), name
        default = described.get("default")
        if default and (stated := re.search(r"\(([\d.]+)\)", meaning)):
            assert float(stated[1]) == default, name
