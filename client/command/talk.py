"""`portrait talk`: a photo that says what is heard."""

from __future__ import annotations

import argparse
from typing import Any

from client.command import connection, controls, extras, media, output, per_face, rendering
from client.command.subcommand import add_subcommand


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "talk",
        "let the face of a photo say what a sound file says",
        "Or, with --idle and no sound, let it live without a word.",
        usage="PHOTO [SOUND] [OPTIONS] -o FILE",
        examples=("talk photo.jpg speech.wav -o out.mp4", "talk photo.jpg --idle 6 --style happy -o out.gif"),
    )
    parser.add_argument("photo", type=media.file, help=media.PHOTO)
    parser.add_argument("audio", type=media.file, nargs="?", help="a sound file, or a video whose sound is taken")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="without a sound: how long the face lives")
    parser.add_argument("--style", metavar="NAME", help="neutral, happy, sad, serious or lively")
    parser.add_argument("--pad-before", type=float, metavar="SECONDS", help="silence before the sound")
    parser.add_argument("--pad-after", type=float, metavar="SECONDS", help="silence after it")
    parser.add_argument("--seed", type=int, metavar="N", help="equal seeds give equal motions")
    parser.add_argument("--temperature", type=float, metavar="N", help="0 to 1.5: likely to varied motion")
    parser.add_argument("--samples", type=int, metavar="N", help="so many clips, 8 at most, named after their seeds")
    gains = "0 to 2: less or more of head, brows, blink, mouth or gaze; may be repeated"
    parser.add_argument("--gain", action="append", metavar="PART=N", help=gains)
    parser.add_argument(
        "--pose",
        type=media.file,
        metavar="FILE",
        help="head poses to use: a video, or what `portrait extract` wrote",
    )
    controls.add_arguments(parser)
    rendering.add_arguments(
        parser,
        writes=f"{output.CLIPS}; or .json: the motion alone, a driver for another portrait",
        fps="frames a second",
        faces=False,
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Make a photo talk."""
    wanted, changes = options(given), controls.requested(given)
    with connection.opened(given) as client:
        job = client.talk(given.photo, given.audio, pose=given.pose, **changes, options=wanted, **extras.extras(given))
        output.finish(client, job, given.output)
    return 0


def options(given: argparse.Namespace) -> dict[str, Any]:
    """The API's `options` that these arguments ask for. Raises CommandError."""
    own = {
        "face": per_face.named_face(given),
        "seed": given.seed,
        "temperature": given.temperature,
        "samples": given.samples,
        "idle": given.idle,
        "style": given.style,
        "pad": rendering.given_only({"before": given.pad_before, "after": given.pad_after}),
        "gains": rendering.numbers(given.gain, "--gain"),
    }
    if given.output.suffix.lower() != ".json":
        return rendering.options(given) | rendering.given_only(own)
    wanted = rendering.options_of(given, "mp4") | rendering.given_only(own)
    del wanted["output"]["format"]
    return wanted | {"result": "motion"}
