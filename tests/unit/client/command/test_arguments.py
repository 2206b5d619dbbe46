"""What command lines ask of the API, and what they refuse by themselves."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from client.calls import SourceId
from client.command import batch, extract, extras, reenact, rendering, talk
from client.command.controls import POSE, SHORTHANDS, requested
from client.command.errors import CommandError
from client.command.main import main, parser
from client.command.output import paths_of
from client.documents import Job
from models.coefficients import ARKIT
from tests.unit.client.conftest import JOB
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.kinds.edit import EditOptions, FaceEdits
from workers.contract.kinds.reenact import ReenactOptions
from workers.contract.kinds.talk import TalkOptions


def controls(*words: str) -> dict[str, Any]:
    given = parser().parse_args(["edit", "photo.jpg", "-o", "out.jpg", *words])
    return dict(requested(given, absolute=given.absolute)["controls"])


def faces(command: str, *words: str) -> Any:
    """What is requested of several faces; every file is named f."""
    files = ["f", "f"] if command == "reenact" else ["f"]
    given = parser().parse_args([command, *files, "-o", "out.mp4", *words])
    assert "face" not in rendering.options(given)
    return requested(given)["faces"]


def test_flags_are_sliders_and_pose() -> None:
    given = controls("--smile", "0.7", "--brows-up", "-0.2", "--yaw", "-15", "--set", "jawOpen=0.1")
    assert given == {
        "expression": {"mouthSmile": 0.7, "browInnerUp": -0.2, "browOuterUp": -0.2, "jawOpen": 0.1},
        "pose": {"yaw": -15.0},
    }
    assert controls() == {}
    assert controls("--absolute", "--smile", "0") == {"mode": "absolute", "expression": {"mouthSmile": 0.0}}


def test_every_flag_is_a_slider_that_exists() -> None:
    for flag in SHORTHANDS:
        given = Controls.model_validate(controls(f"--{flag}", "0.5"))
        assert check_controls(given, ARKIT.document(), max_clip_seconds=60) == []
    assert set(POSE) == {axis.name for axis in ARKIT.pose}


def test_flags_go_on_top_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "controls.json"
    file.write_text(json.dumps({"keyframes": [{"time": 0}], "expression": {"jawOpen": 0.2}}))
    assert controls("--controls", str(file), "--smile", "1") == {
        "keyframes": [{"time": 0}],
        "expression": {"jawOpen": 0.2, "mouthSmile": 1.0},
    }


def test_flags_are_for_the_face_before_them_and_those_before_the_first_for_all(tmp_path: Path) -> None:
    file = tmp_path / "controls.json"
    file.write_text(json.dumps({"expression": {"jawOpen": 0.2, "cheekPuff": 1}}))
    words = ["--smile", "0.3", "--yaw", "5", "--face", "0", "--set", "jawOpen=1", "--face", "2"]
    wanted = faces("edit", *words, "--controls", str(file), "--yaw", "-9", "--set", "cheekPuff=0")
    assert wanted == [
        {"face": 0, "controls": {"expression": {"mouthSmile": 0.3, "jawOpen": 1.0}, "pose": {"yaw": 5.0}}},
        {
            "face": 2,
            "controls": {"expression": {"mouthSmile": 0.3, "jawOpen": 0.2, "cheekPuff": 0.0}, "pose": {"yaw": -9.0}},
        },
    ]
    FaceEdits.model_validate(wanted)
    assert controls("--smile", "0.3", "--face", "1", "--yaw", "5") == {
        "expression": {"mouthSmile": 0.3},
        "pose": {"yaw": 5.0},
    }


def test_a_face_may_have_a_driver_of_its_own() -> None:
    given = faces("reenact", "--face", "0", "--face", "1", "--driver", "own.mp4", "--smile", "1")
    own = {"controls": {"expression": {"mouthSmile": 1.0}}, "driver": Path("own.mp4")}
    assert given == [{"face": 0, "controls": {}}, {"face": 1, **own}]
    assert faces("reenact", "--face", "1", "--driver", "own.mp4") == [
        {"face": 1, "controls": {}, "driver": Path("own.mp4")}
    ]


@pytest.mark.parametrize(
    ("command", "words", "says"),
    [
        ("edit", ["--face", "largest", "--face", "1"], "needs its number"),
        ("edit", ["--face", "0", "--face", "1", "--crop"], "--crop and --size show one face"),
        ("reenact", ["--driver", "d", "--face", "1"], "after the --face"),
        ("talk", ["--face", "0", "--face", "1"], "one face at a time"),
        ("extract", ["--face", "0", "--face", "1"], "one face at a time"),
    ],
)
def test_faces_that_do_not_fit_are_refused_before_anything_is_sent(
    command: str, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"edit": [__file__, "-o", "o.png"], "extract": [__file__]}.get(command, [__file__, __file__, "-o", "o.mp4"])
    assert main([command, *files, *words]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "mouthSmile"], "NAME=NUMBER"),
        (["--set", "mouthSmile=much"], "NAME=NUMBER"),
        (["--set", "jawOpen=1", "--set", "jawOpen=0"], "jawOpen is given twice"),
        (["--set", "mouthSmile=1", "--smile", "1"], "mouthSmile is given twice"),
    ],
)
def test_a_wrong_value_is_reported_before_anything_is_sent(words: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        controls(*words)


def test_options_are_accepted_by_the_api() -> None:
    def given(*words: str) -> Any:
        return parser().parse_args(words)

    edited = rendering.options(given("edit", "p", "-o", "out.JPG", "--size", "256", "--face", "1", "--label"))
    assert edited == {"output": {"format": "jpeg", "size": 256}, "paste_back": False, "face": 1, "label": True}
    EditOptions.model_validate(edited)
    reenacted = reenact.options(
        given(
            "reenact",
            "p",
            "d",
            "-o",
            "o.webm",
            "--gain",
            "mouth=0",
            "--smoothing",
            "0",
            "--driver-place",
            "--absolute",
            "--sound",
            "none",
        )
    )
    assert reenacted["gains"] == {"mouth": 0.0}
    assert reenacted["smoothing"] == 0, "nought is a value"
    assert reenacted["normalise_crop"] is False
    assert reenacted["sound"] == "none"
    ReenactOptions.model_validate(reenacted)
    talking = talk.options(given("talk", "p", "a", "-o", "o.mp4", "--seed", "0", "--temperature", "0", "--fps", "20"))
    assert talking == {"output": {"format": "mp4", "fps": 20.0}, "seed": 0, "temperature": 0.0}
    TalkOptions.model_validate(talking)


def test_the_format_of_an_extraction_is_given_or_that_of_the_name() -> None:
    assert extract.format_of(None) == "json"
    assert extract.format_of(Path("face.OBJ")) == "obj"
    assert extract.format_of(Path("face.txt"), "obj") == "obj"
    assert parser().parse_args(["extract", "p", "--format", "obj"]).format == "obj"
    with pytest.raises(CommandError, match=r"-o FILE\.npz"):
        extract.format_of(None, "npz")


def test_notes_bundle_and_callback_are_requested(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["faces", "p", "--note", "order=7=a", "--note", "who=me", "--bundle", "next", "--callback", "https://here/"]
    given = extras.extras(parser().parse_args(words))
    assert given == {"metadata": {"order": "7=a", "who": "me"}, "bundle": "next", "callback": "https://here/"}
    with pytest.raises(CommandError, match="NAME=TEXT"):
        extras.extras(parser().parse_args(["faces", "p", "--note", "order"]))


def test_a_talk_into_a_document_is_its_motion() -> None:
    wanted = talk.options(parser().parse_args(["talk", "p", "a", "--seed", "7", "--fps", "50", "-o", "o.json"]))
    assert wanted == {"output": {"fps": 50.0}, "seed": 7, "result": "motion"}
    TalkOptions.model_validate(wanted)
    sized = talk.options(parser().parse_args(["talk", "p", "a", "--size", "128", "-o", "o.json"]))
    with pytest.raises(ValidationError, match="how a clip is written"):
        TalkOptions.model_validate(sized)


def test_a_face_is_driven_by_a_file_or_by_a_motion() -> None:
    named = parser().parse_args(["reenact", "p", "--motion", "nod", "-o", "o.mp4"])
    assert reenact.driver_of(named) == SourceId("nod")
    for words in (["p", "-o", "o.mp4"], ["p", "d", "--motion", "nod", "-o", "o.mp4"]):
        with pytest.raises(CommandError, match="--motion NAME, one of them"):
            reenact.driver_of(parser().parse_args(["reenact", *words]))


def test_results_of_a_batch_are_named_after_their_photos() -> None:
    assert batch.names_of(["a/one.jpg", "two.png"], "jpeg") == ["one.jpg", "two.jpg"]
    with pytest.raises(CommandError, match=r"both become one\.png"):
        batch.names_of(["a/one.jpg", "b/one.png"], "png")


def test_several_clips_are_named_after_their_seeds() -> None:
    clip = {"url": "u", "media_type": "video/mp4"}
    job = Job.model_validate(JOB | {"results": [clip | {"seed": 7}, clip | {"seed": 8}]})
    assert paths_of(job, Path("a/out.mp4")) == [Path("a/out-7.mp4"), Path("a/out-8.mp4")]
    assert paths_of(Job.model_validate(JOB), Path("out.mp4")) == [Path("out.mp4")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["edit", "nowhere.jpg", "-o", "out.png"], "nowhere.jpg"),
        (["edit", __file__, "-o", "out.bmp"], "has to end in one of .png"),
        (["extract", __file__, "-o", "out.txt"], ".json, .npz, .obj"),
        (["sliders", "--server", "localhost:8000"], "http://"),
    ],
)
def test_an_error_is_a_sentence_and_status_1(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    output = capsys.readouterr()
    assert says in output.err
    assert output.err.startswith("portrait: ")
    assert output.out == ""


def subcommands() -> dict[str, argparse.ArgumentParser]:
    [commands] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: found for name, found in commands.choices.items() if name != "keys"}


@pytest.mark.parametrize("name", subcommands())
def test_help_describes_every_argument_and_its_examples_can_be_typed(name: str, tmp_path: Path) -> None:
    described = subcommands()[name]
    assert described.description
    assert all(action.help for action in described._actions if not isinstance(action, argparse._SubParsersAction))
    for example in re.findall(r"^  portrait (.*)$", described.epilog or "", re.MULTILINE):
        assert parser().parse_args(shlex.split(example)).run


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "edit " in capsys.readouterr().err


def test_the_help_of_keys_is_its_programs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "client", "keys", "create", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "service.keys" in done.stdout


@pytest.mark.parametrize("module", ["service", "service.embedded", "workers", "client"])
def test_every_program_prints_help_instead_of_starting(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("usage: ")
    assert module == "client" or "docs/settings.md" in done.stdout
    assert done.stderr == ""
