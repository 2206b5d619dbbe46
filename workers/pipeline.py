"""Two stages of a job at once: one in the calling thread, its neighbour in a helper, a bounded queue in between.

The queue bounds memory. Whichever side ends early, by an error or because the job was stopped, ends the other one.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.1  # how soon a blocked side notices that the other one has gone


class _PeerGoneError(Exception):
    """The other side has gone."""


class _End:
    """Wakes a reader that waits for an item when none will come."""


class _Channel(Generic[T]):
    """A queue that its writer closes, perhaps with an error, and its reader may leave."""

    def __init__(self, depth: int) -> None:
        self._items: queue.Queue[T | _End] = queue.Queue(depth)
        self._closed = threading.Event()
        self._left = threading.Event()
        self._aborted = threading.Event()
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Wait for room. Raises _PeerGoneError when the reader has gone."""
        while not self._left.is_set():
            try:
                self._items.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return
        raise _PeerGoneError

    def close(self, error: BaseException | None = None) -> None:
        """Nothing more will come; an error is raised in the reader, after what was put before it."""
        self._error = error
        self._closed.set()
        with suppress(queue.Full):  # a reader of a full queue need not be woken
            self._items.put_nowait(_End())

    def abort(self, error: BaseException) -> None:
        """Raise an error in the reader at once, whatever was put before it."""
        self._error = error
        self._aborted.set()
        self.close(error)

    def leave(self) -> None:
        """Nothing more will be read."""
        self._left.set()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                item = self._items.get(timeout=_POLL_S)
            except queue.Empty:
                if self._closed.is_set() and self._items.empty():
                    break
                continue
            if self._aborted.is_set() or isinstance(item, _End):
                break
            yield item
        if self._error is not None:
            raise self._error


def read_ahead(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Iterate in a helper thread, at most `depth` items ahead of the caller.

    Errors arrive in order, after the items before them. Closing the returned generator ends the thread, and closes
    `items`, once that has given its next item; nothing else than the thread touches it.
    """
    channel: _Channel[T] = _Channel(depth)

    def run() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                channel.put(item)
        except _PeerGoneError:
            if isinstance(iterator, Generator):
                iterator.close()
        except BaseException as error:  # noqa: BLE001 - raised again where it can be handled
            channel.close(error)
        else:
            channel.close()

    thread = threading.Thread(target=copy_context().run, args=(run,), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield from channel
    finally:
        channel.leave()
        thread.join()


@contextmanager
def write_behind(write: Callable[[Iterator[T]], None], depth: int) -> Iterator[Callable[[T], None]]:
    """Give items to a function that consumes them in a helper thread, at most `depth` behind the caller.

    Args:
        write: gets an iterator of the items; it ends when the block ends, and raises what the block raises, so that
            a file is not mistaken for a finished one.
        depth: items that may wait.

    Yields:
        The function that hands an item over; it raises what `write` has raised. The block's end waits for `write`.
    """
    channel: _Channel[T] = _Channel(depth)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            write(iter(channel))
        except BaseException as error:  # noqa: BLE001 - raised again where it can be handled
            failures.append(error)
        finally:
            channel.leave()

    thread = threading.Thread(target=copy_context().run, args=(run,), name="write-behind", daemon=True)
    thread.start()
    try:
        yield channel.put
    except _PeerGoneError:
        thread.join()
    except BaseException as error:
        channel.abort(error)
        thread.join()
        raise
    else:
        channel.close()
        thread.join()
    if failures:
        raise failures[0]
