"""Thousands of broken files through the real service: nobody's file is its fault, none holds it up, none ends it.

`make fuzz` sends 5,000 pictures and 500 videos, sounds and documents each; `make test` one of a hundred.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from tests.e2e.conftest import Embedded
from tests.e2e.fuzz.mutations import mutant
from tests.e2e.fuzz.seeds import changed_document, clip_files, documents, image_files, sound_files

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(6 * 3600)]

COUNTS = {"image": 5000, "video": 500, "sound": 500, "document": 500}
CLIENTS = 3
HANGS_S = 120.0

OURS = {"internal_error", "worker_lost", "job_timeout", "queue_timeout", "out_of_memory", "storage_full"}
"""Codes that would say that a file has broken something."""

ODD: tuple[Any, ...] = (None, -1, 0, 1e308, -1e308, 2**63, "", "NaN", [], {}, [[[]]], True, "\x00", "é" * 5000)
SMALL = json.dumps({"output": {"size": 64, "format": "jpeg"}, "paste_back": False})
CLIP = json.dumps({"output": {"size": 64}, "paste_back": False})


@dataclass(frozen=True)
class Mutant:
    """A broken file, which its name makes again."""

    kind: str
    name: str
    content: bytes


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The embedded stack."""
    stack = Embedded(tmp_path_factory.mktemp("fuzzed"))
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def seeds(service: Embedded, astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """Sound files of each kind."""
    folder, face = tmp_path_factory.mktemp("seeds"), astronaut[:300, 60:360]
    clips = clip_files(face, folder)
    return {
        "image": image_files(face),
        "video": clips,
        "sound": sound_files(folder),
        "document": documents(service.http, clips[0]),
    }


@pytest.fixture(scope="module")
def source_id(service: Embedded, seeds: dict[str, list[bytes]]) -> str:
    """A sound photo that broken files are to move."""
    answer = service.http.post("/sources", files={"source": seeds["image"][0]})
    return str(answer.raise_for_status().json()["id"])


@pytest.mark.parametrize("kind", COUNTS)
def test_the_unbroken_files_are_accepted(
    service: Embedded, seeds: dict[str, list[bytes]], source_id: str, kind: str
) -> None:
    for number, content in enumerate(seeds[kind]):
        outcome = answered(service.http, Mutant(kind, f"seed {number}", content), source_id)
        assert outcome == "done", (kind, number, content[:16], outcome)


@pytest.mark.parametrize("kind", COUNTS)
def test_broken_files_are_refused_or_read(
    service: Embedded, seeds: dict[str, list[bytes]], source_id: str, kind: str, mutants: float, fault_seed: int
) -> None:
    worker = service.worker()
    before = worker.memory_info().rss

    def one(number: int) -> tuple[str, str]:
        broken = made(kind, number, fault_seed, seeds)
        with httpx.Client(base_url=service.http.base_url, timeout=HANGS_S) as http:
            return broken.name, answered(http, broken, source_id)

    with ThreadPoolExecutor(CLIENTS) as clients:
        outcomes = list(clients.map(one, range(max(1, round(mutants * COUNTS[kind])))))
    bad = [(name, outcome) for name, outcome in outcomes if outcome.removeprefix("failed: ") in OURS or "!" in outcome]
    lives = worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE
    print(f"{kind}: {dict(Counter(outcome for _, outcome in outcomes).most_common())}")  # noqa: T201
    print(f"{kind}: worker {'the same' if lives else 'another'}")  # noqa: T201
    if lives:
        print(f"{kind}: worker {before / 2**20:.0f} to {worker.memory_info().rss / 2**20:.0f} MB")  # noqa: T201
    assert not bad, bad[:10]
    assert service.http.get("/health/ready").status_code == 200


def made(kind: str, number: int, seed: int, seeds: dict[str, list[bytes]]) -> Mutant:
    """The broken file of a number; the same whenever it is made."""
    rng = random.Random(f"{seed} {kind} {number}")
    name = f"{kind} {number} of seed {seed}"
    first = rng.choice(seeds[kind])
    if kind == "document" and first.startswith(b"{") and rng.random() < 0.5:
        return Mutant(kind, name, changed_document(first, rng.random(), rng.choice(ODD)))
    return Mutant(kind, name, mutant(first, [content for files in seeds.values() for content in files], rng))


def answered(http: httpx.Client, broken: Mutant, source_id: str) -> str:
    """What became of a file: `done`, `refused: CODE`, `failed: CODE`; with a `!` what must not be."""
    try:
        answer = sent(http, broken, source_id)
        if answer.status_code >= 500 or (answer.status_code >= 400 and not is_problem(answer)):
            return f"! {answer.status_code} {answer.text[:200]}"
        if answer.status_code >= 400:
            return f"refused: {answer.json()['code']}"
        return ended(http, answer.json())
    except httpx.TransportError as error:
        return f"! {type(error).__name__}"


def sent(http: httpx.Client, broken: Mutant, source_id: str) -> httpx.Response:
    """The file, to the route that takes its kind."""
    headers = {"Prefer": "wait=60"}
    content = ("a", broken.content)
    if broken.kind == "image":
        return http.post("/edit", files={"source": content}, data=EDIT, headers=headers)
    route, field = ("/talk", "audio") if broken.kind == "sound" else ("/reenact", "driver")
    return http.post(route, files={field: content}, data={"source_id": source_id, "options": CLIP}, headers=headers)


EDIT = {"controls": json.dumps({"expression": {"jawOpen": 0.4}}), "options": SMALL}


def is_problem(answer: httpx.Response) -> bool:
    """Whether an error has its code."""
    return answer.headers["content-type"] == "application/problem+json" and "code" in answer.json()


def ended(http: httpx.Client, job: dict[str, Any]) -> str:
    """How a job ended."""
    deadline = time.monotonic() + HANGS_S
    while job["status"] in ("queued", "running"):
        if time.monotonic() > deadline:
            return "! hangs"
        time.sleep(0.2)
        job = http.get(f"/jobs/{job['id']}").json()
    return "done" if job["status"] == "succeeded" else f"failed: {job['error']['code']}"
