"""How many wishes a connection may send."""

import time
from collections.abc import Callable

from service.errors import RateLimitedError


class WishRate:
    """Lets so many wishes through in every second.

    Args:
        most: a second.
        clock: seconds; replaced in tests.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._second, self._count = 0.0, 0

    def count(self) -> None:
        """Count a wish. Raises RateLimitedError when there were as many within this second."""
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._count = now, 0
        self._count += 1
        if self._count > self._most:
            raise RateLimitedError(
                f"{self._most} wishes a second are taken; send the newest when the last picture came.", retry_after=1
            )
