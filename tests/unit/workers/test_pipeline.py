"""Two threads and a bounded queue: order, bounds, and an end for both sides whatever happens to one of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from workers.pipeline import read_ahead, write_behind


def helpers() -> list[str]:
    """Names of the helper threads that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name in ("read-ahead", "write-behind")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert helpers() == []


def test_reading_ahead_keeps_the_order() -> None:
    assert list(read_ahead(iter(range(100)), depth=3)) == list(range(100))


def test_reading_ahead_is_bounded() -> None:
    taken: list[int] = []
    waiting = threading.Event()

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            if item == 4:
                waiting.set()
            yield item

    with closing(read_ahead(items(), depth=3)) as ahead:
        assert next(ahead) == 0
        assert waiting.wait(5), "one read, three in the queue, one in the hand"
        assert not threading.Event().wait(0.2)
        assert len(taken) == 5


def test_a_writer_that_is_stopped_drops_what_waits() -> None:
    written: list[int] = []
    filled = threading.Event()

    def write(items: Iterator[int]) -> None:
        for item in items:
            written.append(item)
            filled.wait(10)

    def fill() -> None:
        with write_behind(write, depth=8) as put:
            for item in range(8):
                put(item)
            threading.Timer(0.2, filled.set).start()
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fill()
    assert len(written) <= 1


def test_an_error_comes_after_what_was_read_before_it() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise KeyError("three")

    ahead = read_ahead(items(), depth=8)
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(KeyError, match="three"):
        next(ahead)


def test_closing_closes_the_iterator_that_was_read() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.set()

    ahead = read_ahead(items(), depth=2)
    next(ahead)
    ahead.close()
    assert closed.is_set()


def test_everything_handed_over_is_written_before_the_block_ends() -> None:
    written: list[int] = []
    with write_behind(written.extend, depth=2) as put:
        for item in range(50):
            put(item)
    assert written == list(range(50))


def test_what_the_block_raises_reaches_the_writer_and_comes_out() -> None:
    seen: list[BaseException] = []

    def write(items: Iterator[int]) -> None:
        try:
            for _ in items:
                pass
        except ZeroDivisionError as error:
            seen.append(error)
            raise

    with pytest.raises(ZeroDivisionError), write_behind(write, depth=2):
        raise ZeroDivisionError
    assert len(seen) == 1, "a file that was cut off must not be mistaken for a finished one"


@pytest.mark.parametrize("items", [1, 50], ids=["noticed at the end", "noticed while handing over"])
def test_what_the_writer_raises_comes_out(items: int) -> None:
    def write(given: Iterator[int]) -> None:
        next(given)
        raise KeyError("full disk")

    def hand_over() -> None:
        with write_behind(write, depth=2) as put:
            for item in range(items):
                put(item)

    with pytest.raises(KeyError, match="full disk"):
        hand_over()
