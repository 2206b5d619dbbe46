"""Read the motion coefficients of a face from a picture or a video.

Prints a table, or writes a document that can be edited and sent to POST /edit or POST /reenact: as JSON (the answer of
POST /extract) or as npz (arrays times, coefficients [frames, 59], names, space, bundle, fps, box, score). Frames
without the face are bridged from their neighbours; in the document their face is null, their box NaN."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.coefficients import space
from models.coefficients.document import Motion, motion_document, motion_npz, names
from models.errors import PortraitError
from models.extractor.motion import smoothed, tracked_motion
from models.extractor.tracker import FaceTracker
from models.video import probe, read_frames

_SHOWN = 0.05  # weights that never reach this are left out of the table

_EXAMPLES = """examples:
  python -m models portrait.jpg
  python -m models talk.mp4 --smoothing 0.5 --out motion.json
  python -m models group.mp4 --face 1 --out motion.npz
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after an error, which goes to stderr."""
    options = _parser().parse_args(arguments)
    try:
        bundle = open_bundle(options.bundle)
        tracker = FaceTracker(load_extractor(bundle, options.threads), options.face)
        picture = _picture(options.media)
        fps = None if picture is not None else probe(options.media).fps
        frames = read_frames(options.media) if picture is None else [(0.0, picture)]
        track = tracked_motion(space(bundle.manifest.space), tracker.track(frames), fps)
        motion = smoothed(track.motion, options.smoothing)
    except (PortraitError, OSError) as error:
        print(f"{options.media}: {error}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    if options.out is None:
        print(_table(motion))  # noqa: T201
    else:
        _write(options.out, motion, bundle.manifest.identity.model_dump())
    for first, after in track.gaps:
        print(f"no face in frames {first} to {after - 1}: bridged", file=sys.stderr)  # noqa: T201
    for frame in track.cuts:
        print(f"a cut at frame {frame}: from there on it may be another person", file=sys.stderr)  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("media", type=Path, help="a picture or a video")
    parser.add_argument("--out", type=_document, metavar="FILE", help="write FILE.json or FILE.npz; default: a table")
    parser.add_argument("--smoothing", type=float, default=0.0, metavar="S", help="0 (none, the default) to 1")
    parser.add_argument(
        "--face",
        type=_face,
        default="largest",
        metavar="N",
        help="which face of the first frame that shows one, counted from the largest, from 0; default: the largest",
    )
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE, help="folder of weights; default: the shipped")
    parser.add_argument("--threads", type=int, help="CPU threads; default: one a core that may be used")
    return parser


def _document(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".json", ".npz"):
        raise argparse.ArgumentTypeError(f"{text}: the name must end in .json or .npz")
    return path


def _face(text: str) -> int | Literal["largest"]:
    if text == "largest":
        return "largest"
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: use 'largest' or a number from 0")
    return int(text)


def _picture(path: Path) -> np.ndarray | None:
    """uint8 [H, W, 3] RGB, upright; None when the file is no still picture."""
    try:
        with Image.open(path) as image:
            if getattr(image, "is_animated", False):
                return None
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError:
        return None


def _write(path: Path, motion: Motion, bundle: dict[str, str]) -> None:
    if path.suffix == ".npz":
        path.write_bytes(motion_npz(motion, bundle))
    else:
        path.write_text(json.dumps(motion_document(motion, bundle), indent=1, allow_nan=False) + "\n")


def _table(motion: Motion) -> str:
    """Pose in the API's units, then every weight that shows, with mean, deviation, least and most over the frames."""
    values = motion.coefficients.astype(np.float64)
    values[:, -6:-3] = np.degrees(values[:, -6:-3])
    values[:, -1] = np.exp(values[:, -1])
    labels = [*names(motion.space)[:-1], "zoom"]
    count = len(labels)
    shown = [*range(count - 6, count), *(i for i in range(count - 6) if np.abs(values[:, i]).max() >= _SHOWN)]
    seconds = motion.times[-1] - motion.times[0]
    head = "1 picture" if motion.fps is None else f"{len(values)} frames, {seconds:.2f} s, {motion.fps:.3g} frames/s"
    lines = [f"{head}; {count - 6 - (len(shown) - 6)} weights stay below {_SHOWN}"]
    lines.append(f"{'':20}{'mean':>9}{'deviation':>11}{'least':>9}{'most':>9}")
    for index in shown:
        channel = values[:, index]
        numbers = f"{channel.mean():9.3f}{channel.std():11.3f}{channel.min():9.3f}{channel.max():9.3f}"
        lines.append(f"{labels[index]:20}{numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
