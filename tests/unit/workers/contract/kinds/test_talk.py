"""What POST /talk may ask for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from workers.contract.kinds import JobRequest
from workers.contract.kinds.talk import TalkFields, TalkOptions, TalkRequest


def request(**options: Any) -> TalkRequest:
    return TalkRequest.model_validate({"source_id": "s", "audio_id": "a", "options": options})


def test_no_option_is_required() -> None:
    options = request().options
    assert (options.seed, options.samples, options.pose, options.rate) == (None, 1, None, 25)
    assert set(options.gains.model_dump().values()) == {1}
    assert request().long, "it takes its time, and lets edits go first"


def test_a_request_comes_back_from_the_queue() -> None:
    output = {"format": "webm", "fps": 10}
    original = request(seed=3, samples=8, temperature=0, gains={"head": 0, "mouth": 2}, output=output)
    again: TalkRequest = TypeAdapter(JobRequest).validate_json(original.model_dump_json())
    assert again == original
    assert again.options.rate == 10


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "negative seed": ({"seed": -1}, "seed"),
    "seed of more than 32 bits": ({"seed": 2**32}, "seed"),
    "fraction of a seed": ({"seed": 1.5}, "seed"),
    "too hot": ({"temperature": 1.6}, "temperature"),
    "no sample": ({"samples": 0}, "samples"),
    "nine samples": ({"samples": 9}, "samples"),
    "gain too large": ({"gains": {"brows": 2.1}}, "gains"),
    "gain unknown": ({"gains": {"ears": 1}}, "gains"),
    "too slow": ({"fps": 0.5}, "fps"),
    "too fast": ({"fps": 61}, "fps"),
    "track that is none": ({"pose": [1, 2]}, "pose"),
    "size of the whole photo": ({"output": {"size": 128}}, ""),
    "unknown": ({"speed": 2}, "speed"),
}


@pytest.mark.parametrize(("options", "field"), WRONG.values(), ids=WRONG)
def test_wrong_options_are_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TalkOptions.model_validate(options)
    [error] = raised.value.errors()
    assert error["loc"][:1] == ((field,) if field else ())


def test_speech_makes_a_clip() -> None:
    for kind in ("mp4", "webm", "gif"):
        assert request(output={"format": kind}).options.output.format == kind
    with pytest.raises(ValidationError, match="speech makes a clip; choose one of mp4, webm, gif, not png"):
        request(output={"format": "png"})


def test_the_rate_is_given_once() -> None:
    assert request(fps=30).options.rate == 30
    assert request(output={"fps": 12.5}).options.rate == 12.5
    assert request(fps=30, output={"fps": 30}).options.rate == 30
    with pytest.raises(ValidationError, match="give one of the two"):
        request(fps=30, output={"fps": 25})


def test_head_poses_inside_of_the_options_never_reach_the_queue() -> None:
    fields = TalkFields.model_validate({"audio_kind": "audio", "options": {"pose": {"frames": []}, "seed": 3}})
    assert fields.inline_files() == {"pose": {"frames": []}}
    accepted = TalkRequest(**dict(fields), source_id="s", audio_id="a", pose_id="p")
    assert accepted.options == TalkOptions(seed=3)
    assert '"frames"' not in accepted.model_dump_json()
