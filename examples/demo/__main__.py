"""Edit two public-domain portraits over HTTP, let one drive the other, and let one talk.

    make demo      or      python -m examples.demo [--url http://127.0.0.1:8000] [--output out/contact_sheet.png]

Beside the contact sheet go reenactment.mp4 and, where the service's bundle has a speech model, talk.mp4. Without
`--url` it starts the embedded stack (Redis, API, one worker) on a free port and stops it at the end.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from PIL import Image

from client import PortraitClient, ProblemError
from examples.demo.client import edit, perform, reenact, talk
from examples.demo.contact_sheet import EDITS, contact_sheet, portraits
from service.embedded.background import embedded_stack

PERFORMANCE: list[dict[str, Any]] = [
    {"time": 0.0},
    {"time": 0.4, "expression": {"jawOpen": 0.6}, "pose": {"yaw": 12}},
    {"time": 0.9, "expression": {"mouthSmile": 0.8, "browInnerUp": 0.5}, "pose": {"yaw": -12, "roll": 6}},
    {"time": 1.3, "expression": {"jawOpen": 0.3}},
]
PERFORMANCE_FPS = 15
SENTENCE = Path(__file__).with_name("sentence.flac")
SEED = 1


def edit_all(service: PortraitClient) -> Image.Image:
    rows = []
    seconds = []
    for portrait in portraits():
        edited = []
        for name, controls in EDITS.items():
            started = time.perf_counter()
            edited.append(edit(service, portrait.photo, controls))
            seconds.append(time.perf_counter() - started)
            print(f"{portrait.name:15} {name:12} {seconds[-1]:6.2f} s", flush=True)
        rows.append((portrait, edited))
    print(f"{len(seconds)} requests in turn: median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")
    return contact_sheet(rows)


def reenactment(service: PortraitClient) -> bytes:
    """One portrait does what the other does, who is brought to life by keyframes."""
    collins, hopper = (portrait.photo for portrait in portraits())
    started = time.perf_counter()
    clip = reenact(service, perform(service, hopper, PERFORMANCE, PERFORMANCE_FPS), collins)
    seconds = time.perf_counter() - started
    print(f"Reenactment of {PERFORMANCE[-1]['time']} s, its driver included: {seconds:.2f} s")
    return clip


def talking_clip(service: PortraitClient) -> bytes | None:
    """The first portrait says a sentence; None where the bundle has no speech model."""
    started = time.perf_counter()
    try:
        clip = talk(service, SENTENCE.read_bytes(), portraits()[0].photo, SEED)
    except ProblemError as problem:
        if problem.code != "no_speech_model":
            raise
        print("No talking clip: the bundle has no speech model.")
        return None
    print(f"Talking clip: {time.perf_counter() - started:.2f} s")
    return clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running API, instead of an embedded one")
    parser.add_argument("--output", type=Path, default=Path("out/contact_sheet.png"))
    arguments = parser.parse_args()
    with (
        nullcontext(arguments.url) if arguments.url else embedded_stack() as url,
        PortraitClient(url) as service,
    ):
        sheet, clips = edit_all(service), {"reenactment": reenactment(service), "talk": talking_clip(service)}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(arguments.output)
    print(f"Contact sheet: {arguments.output}")
    for name, clip in clips.items():
        if clip is not None:
            film = arguments.output.with_name(f"{name}.mp4")
            film.write_bytes(clip)
            print(f"{name.capitalize()}: {film}")


if __name__ == "__main__":
    main()
