"""Ctrl-C during work in this process: a wish to stop at the next good moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a second one interrupts at once, as does the block's end after the first.

    Only the main thread hears of Ctrl-C, and only where it is not ignored.
    """
    wish = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield wish
        return

    def take(_number: int, _frame: FrameType | None) -> None:
        if wish.is_set():
            raise KeyboardInterrupt
        wish.set()

    signal.signal(signal.SIGINT, take)
    try:
        yield wish
    finally:
        signal.signal(signal.SIGINT, before)
    if wish.is_set():
        raise KeyboardInterrupt
