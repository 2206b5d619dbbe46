"""Text of others, cut and cleaned."""

import io

import pytest
from PIL import Image

from workers.contract.errors import DamagedMediaError, ServiceError
from workers.contract.jobs import FieldProblem, Problem
from workers.contract.presence import WorkerPresence, WorkerState
from workers.contract.records import job_key
from workers.contract.text import cut, is_broken, reason
from workers.media.picture import decode_picture

BROKEN = ["\ud800", "a\udfffb", "\0", "\x1b[31m", "\x7f"]


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_written_is_replaced(text: str) -> None:
    assert is_broken(text)
    assert not is_broken(cut(text))
    assert "\ufffd" in cut(text)
    cut(text).encode()


@pytest.mark.parametrize("text", ["", "jawOpen", "é 😀 \u4e2d", "two\nlines"])
def test_what_can_be_written_stays(text: str) -> None:
    assert not is_broken(text)
    assert cut(text) == text


def test_a_long_text_is_cut() -> None:
    assert cut("ab" * 1000, 10) == "ababababa…"
    assert len(cut("\0" * 10**6)) == 64


@pytest.mark.parametrize("text", BROKEN)
def test_an_error_of_any_text_can_be_written(text: str) -> None:
    error = ServiceError(text)
    error.field = text
    problem = Problem.of(error, instance=f"/jobs/{text}")
    assert Problem.model_validate_json(problem.model_dump_json().encode()) == problem
    assert FieldProblem(field=text, message=text).model_dump_json().encode()
    assert WorkerPresence(name="a", state=WorkerState.SETUP_FAILED, detail=text).model_dump_json().encode()
    assert job_key(text).encode()


def test_a_problem_is_never_long() -> None:
    error = ServiceError("\x00😀" * 10**6)
    error.field = "😀" * 10**6
    assert len(Problem.of(error, instance="/" * 10**6).model_dump_json().encode()) < 16_000


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("cannot identify image file <_io.BytesIO object at 0x7f0a1b2c3d4e>", "cannot identify image file"),
        ("[Errno 2] No such file or directory: '/tmp/portrait-x/source'", "[Errno 2] No such file or directory"),
        ("broken data stream when reading image file", "broken data stream when reading image file"),
        ("<_io.BytesIO object at 0x7f0a1b2c3d4e>", "no reason given"),
        ("", "no reason given"),
        ("bad ratio 3/4", "bad ratio 3/4"),
    ],
)
def test_a_library_is_quoted_without_our_insides(message: str, kept: str) -> None:
    assert reason(ValueError(message)) == kept


def damaged() -> dict[str, bytes]:
    """Files of every picture type, cut and garbled at many places."""
    files = {}
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        file = io.BytesIO()
        Image.effect_noise((40, 30), 50).convert("RGB").save(file, kind)
        whole = file.getvalue()
        for part in (12, 20, 30, 33, 40, 60, len(whole) // 2, len(whole) - 20):
            files[f"{kind} cut at {part}"] = whole[:part]
            files[f"{kind} garbled at {part}"] = whole[:part] + b"\xa5" * 8 + whole[part + 8 :]
    return files


@pytest.mark.parametrize("data", damaged().values(), ids=damaged())
def test_a_damaged_picture_says_nothing_of_our_insides(data: bytes) -> None:
    try:
        decode_picture(io.BytesIO(data), 50_000_000)
    except DamagedMediaError as error:
        detail = Problem.of(error).detail
        for inside in ("0x", "object at", "BytesIO", "/", "PIL", "<"):
            assert inside not in detail, detail
        assert detail.startswith("The picture is truncated or corrupt and could not be decoded (")
    except ServiceError:
        pass  # its header says enough
