"""How many event streams one process serves at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import TooManyStreamsError


class StreamLimit:
    """Counts open streams, on the event loop alone.

    Args:
        most: streams that may be open at the same time.

    Attributes:
        open: streams that are open now.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0

    @contextmanager
    def count_stream(self) -> Iterator[None]:
        """Count a stream while it is open. Raises TooManyStreamsError when there is no room for it."""
        if self.open >= self._most:
            raise TooManyStreamsError(
                f"{self.open} event streams are open, as many as are served at a time; try again later, "
                "or ask for the job itself from time to time."
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
