"""Edit two public-domain portraits over HTTP, lay the answers out as a contact sheet, and let one drive the other.

    make demo      or      python examples/demo.py [--url http://127.0.0.1:8000] [--output out/contact_sheet.png]

The reenactment goes beside the sheet, as reenactment.mp4. Without `--url` it starts the embedded stack (Redis, API,
one worker) on a free port and stops it at the end.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import matplotlib
from PIL import Image, ImageDraw, ImageFont
from skimage import data

START_SECONDS = 120.0
STOP_SECONDS = 20.0
TILE = 192
CAPTION = 28
COLUMNS = 4

EDITS: dict[str, dict[str, dict[str, float]]] = {
    "smile": {"expression": {"mouthSmile": 0.8, "cheekSquint": 0.4}},
    "mouth open": {"expression": {"jawOpen": 0.6}},
    "eyes closed": {"expression": {"eyeBlink": 1.0}},
    "brows up": {"expression": {"browInnerUp": 0.8, "browOuterUp": 0.8}},
    "turn left": {"pose": {"yaw": -15}},
    "turn right": {"pose": {"yaw": 15}},
    "look up": {"pose": {"pitch": 12}},
    "tilt": {"pose": {"roll": 15}},
}


PERFORMANCE: list[dict[str, Any]] = [
    {"time": 0.0},
    {"time": 0.4, "expression": {"jawOpen": 0.6}, "pose": {"yaw": 12}},
    {"time": 0.9, "expression": {"mouthSmile": 0.8, "browInnerUp": 0.5}, "pose": {"yaw": -12, "roll": 6}},
    {"time": 1.3, "expression": {"jawOpen": 0.3}},
]
PERFORMANCE_FPS = 15


@dataclass(frozen=True)
class Portrait:
    """A photo and the square of it, left, top, right, bottom in pixels, that the contact sheet shows."""

    name: str
    photo: Image.Image
    head: tuple[int, int, int, int]


def portraits() -> list[Portrait]:
    """Photographs by the US government, and so in the public domain."""
    hopper = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    return [
        Portrait("Eileen Collins", Image.fromarray(data.astronaut()), (122, 5, 338, 221)),
        Portrait("Grace Hopper", Image.open(hopper).convert("RGB"), (122, 42, 418, 338)),
    ]


@contextmanager
def embedded_stack() -> Iterator[str]:
    """Start Redis, API and one worker, yield the API's URL, and stop all of them, whatever happened in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory(prefix="portrait-demo-") as data_dir:
        stack = subprocess.Popen(
            [sys.executable, "-m", "service.embedded"],
            env={
                "PORTRAIT_LOG_LEVEL": "warning",
                **os.environ,
                "PORTRAIT_PORT": str(port),
                "PORTRAIT_DATA_DIR": data_dir,
            },
            start_new_session=True,  # a Ctrl-C in the terminal reaches the demo alone, which then stops the stack once
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, stack)
            yield url
        finally:
            stop(stack)


def wait_until_ready(url: str, stack: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if stack.poll() is not None:
            sys.exit(f"The embedded stack ended with status {stack.returncode} before it was ready; its log is above.")
        try:
            if httpx.get(f"{url}/health/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass  # the API does not listen yet
        time.sleep(0.2)
    sys.exit(f"The embedded stack was not ready after {START_SECONDS:.0f} s; its log is above.")


def stop(stack: subprocess.Popen[bytes]) -> None:
    if stack.poll() is None:
        stack.send_signal(signal.SIGINT)
    try:
        stack.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(stack.pid, signal.SIGKILL)
        stack.wait()


def ask(client: httpx.Client, route: str, files: dict[str, bytes], fields: dict[str, Any], accept: str) -> bytes:
    """One POST that waits for its media, and asks again for what takes longer."""
    response = client.post(
        route,
        files=files,
        data={name: json.dumps(value) for name, value in fields.items()},
        headers={"Accept": accept, "Prefer": "wait=60"},
    )
    result = f"{response.headers.get('Location')}/result"
    while response.status_code in (httpx.codes.ACCEPTED, httpx.codes.CONFLICT):  # not finished yet
        time.sleep(float(response.headers["Retry-After"]))
        response = client.get(result)
    if response.status_code != httpx.codes.OK:
        sys.exit(f"POST {route} answered {response.status_code}: {response.text}")
    return response.content


def edit(client: httpx.Client, photo: Image.Image, controls: dict[str, dict[str, float]]) -> Image.Image:
    """The photo with other sliders."""
    picture = ask(client, "/edit", {"source": png(photo)}, {"controls": controls}, "image/png")
    return Image.open(io.BytesIO(picture)).convert("RGB")


def reenact(client: httpx.Client, performer: Image.Image, portrait: Image.Image) -> bytes:
    """An MP4 of the portrait doing what the performer does, who here is a photo brought to life by keyframes."""
    options = {"output": {"format": "mp4", "fps": PERFORMANCE_FPS}}
    fields = {"controls": {"keyframes": PERFORMANCE}, "options": options}
    driver = ask(client, "/edit", {"source": png(performer)}, fields, "video/mp4")
    return ask(client, "/reenact", {"source": png(portrait), "driver": driver}, {}, "video/mp4")


def png(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "png")
    return file.getvalue()


def contact_sheet(rows: list[tuple[Portrait, list[Image.Image]]]) -> Image.Image:
    """A block a portrait: the photo, large, then every edit with its caption, all cut to the head."""
    lines = -(-len(EDITS) // COLUMNS)
    block = lines * (TILE + CAPTION)
    photo_side = block - CAPTION
    sheet = Image.new("RGB", (photo_side + COLUMNS * TILE, block * len(rows)), "white")
    for row, (portrait, edited) in enumerate(rows):
        place(sheet, portrait.photo, portrait, portrait.name, (0, row * block), photo_side)
        for index, (caption, picture) in enumerate(zip(EDITS, edited, strict=True)):
            line, column = divmod(index, COLUMNS)
            corner = (photo_side + column * TILE, row * block + line * (TILE + CAPTION))
            place(sheet, picture, portrait, caption, corner, TILE)
    return sheet


def place(
    sheet: Image.Image, picture: Image.Image, portrait: Portrait, caption: str, corner: tuple[int, int], side: int
) -> None:
    """Draw the head of a picture, `side` pixels square, under its caption."""
    x, y = corner
    font = ImageFont.load_default(16)
    ImageDraw.Draw(sheet).text((x + side / 2, y + CAPTION / 2), caption, fill="black", font=font, anchor="mm")
    sheet.paste(picture.crop(portrait.head).resize((side, side), Image.Resampling.LANCZOS), (x, y + CAPTION))


def edit_all(client: httpx.Client) -> Image.Image:
    rows = []
    seconds = []
    for portrait in portraits():
        edited = []
        for name, controls in EDITS.items():
            started = time.perf_counter()
            edited.append(edit(client, portrait.photo, controls))
            seconds.append(time.perf_counter() - started)
            print(f"{portrait.name:15} {name:12} {seconds[-1]:6.2f} s", flush=True)
        rows.append((portrait, edited))
    print(f"{len(seconds)} requests in turn: median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")
    return contact_sheet(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running API, instead of an embedded one")
    parser.add_argument("--output", type=Path, default=Path("out/contact_sheet.png"))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the stack is stopped then too
    with (
        nullcontext(arguments.url) if arguments.url else embedded_stack() as url,
        httpx.Client(base_url=url, timeout=90) as client,
    ):
        sheet = edit_all(client)
        collins, hopper = (portrait.photo for portrait in portraits())
        started = time.perf_counter()
        clip = reenact(client, hopper, collins)
        seconds = time.perf_counter() - started
        print(f"Reenactment of {PERFORMANCE[-1]['time']} s, its driver included: {seconds:.2f} s")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(arguments.output)
    film = arguments.output.with_name("reenactment.mp4")
    film.write_bytes(clip)
    print(f"Contact sheet: {arguments.output}\nReenactment: {film}")


if __name__ == "__main__":
    main()
