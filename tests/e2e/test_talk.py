"""A portrait talks, over HTTP, with a bundle whose speech model is real and untrained."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.bundles import write_speaking_bundle
from tests.clips import beep, heard, onset, shown
from tests.e2e.conftest import Embedded, follow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS, AT, FPS = 0.8, 0.4, 10


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    bundle = write_speaking_bundle(tmp_path_factory.mktemp("bundles") / "speaking")
    stack = Embedded(tmp_path_factory.mktemp("talk"), PORTRAIT_BUNDLE=str(bundle))
    try:
        yield stack.http
        assert stack.stop() == 0, stack.log
    finally:
        stack.process.kill()


@pytest.fixture(scope="module")
def speech() -> dict[str, Any]:
    """A beep as a multipart `audio`."""
    file = io.BytesIO()
    soundfile.write(file, beep(SECONDS, AT, 22_050), 22_050, format="OGG")
    return {"audio": ("speech.ogg", file.getvalue(), "audio/ogg")}


def test_a_portrait_talks(
    http: httpx.Client, photo: dict[str, Any], speech: dict[str, Any], astronaut: np.ndarray, tmp_path: Path
) -> None:
    options = {"seed": 11, "samples": 2, "fps": FPS}
    accepted = http.post("/talk", files=photo | speech, data={"options": json.dumps(options)})
    assert accepted.status_code == 202, accepted.text

    states = follow(http, accepted.headers["location"])

    job = states[-1]
    assert job["status"] == "succeeded", job["error"]
    assert {"motion", "render"} <= {state["progress"]["stage"] for state in states}
    count = round(SECONDS * FPS)
    assert (job["progress"]["done"], job["progress"]["total"]) == (2 * count, 2 * count)
    assert [result["seed"] for result in job["results"]] == [11, 12]
    clips = []
    for result in job["results"]:
        assert (result["frames"], result["seconds"], result["width"]) == (count, SECONDS, 512)
        path = tmp_path / f"{result['seed']}.mp4"
        path.write_bytes(http.get(result["url"]).content)
        times, light = shown(path)
        assert times == pytest.approx([k / FPS for k in range(count)], abs=0.001)
        assert onset(*heard(path)) == pytest.approx(AT, abs=0.02)
        clips.append(light)
    assert not np.allclose(*clips, atol=0.01), "another seed, another motion"


def test_the_reported_seed_makes_the_clip_again(
    http: httpx.Client, photo: dict[str, Any], speech: dict[str, Any]
) -> None:
    wait = {"Prefer": "wait=60"}
    first = http.post("/talk", files=photo | speech, headers=wait).json()["result"]
    options = json.dumps({"seed": first["seed"]})
    again = http.post("/talk", files=photo | speech, data={"options": options}, headers=wait).json()["result"]
    assert again["seed"] == first["seed"]
    assert http.get(again["url"]).content == http.get(first["url"]).content


def test_what_was_extracted_turns_the_head(http: httpx.Client, photo: dict[str, Any], speech: dict[str, Any]) -> None:
    document = http.post("/extract", files=photo, headers={"Prefer": "wait=60"}).json()
    options = {"pose": document, "gains": {"mouth": 0, "brows": 0, "blink": 0}, "output": {"format": "webm"}}
    data = {"options": json.dumps(options)}
    headers = {"Prefer": "wait=60", "Accept": "video/*"}
    answer = http.post("/talk", files=photo | speech, data=data, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/webm"), answer.text


def test_speech_without_a_sample_says_so(http: httpx.Client, photo: dict[str, Any]) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((0, 1)), 16_000, format="WAV")
    answer = http.post("/talk", files=photo | {"audio": ("a.wav", file.getvalue())}, headers={"Prefer": "wait=60"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_audio"), answer.text
    assert answer.json()["errors"][0]["field"] == "audio"
