"""Has a worker let go of what was erased: what it keeps of photos in memory."""

import logging
import threading

import redis

from workers.contract.erasure_notices import ErasureNotices
from workers.source_cache import SourceCache

log = logging.getLogger(__name__)


class ErasureWatch:
    """Looks for notices of erasure every now and then, and heeds each as long as it lives.

    So a photo also goes that a job read once more after the erasure, before it was stopped.
    """

    def __init__(self, notices: ErasureNotices, cache: SourceCache, every_s: float) -> None:
        self._notices, self._cache, self._every_s = notices, cache, every_s

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        while not stop.wait(self._every_s):
            try:
                self.look()
            except redis.RedisError as error:
                log.info("what was erased is not known: %s", error)

    def look(self) -> None:
        """Heed all notices that live."""
        for notice in self._notices.recent():
            self._cache.forget(notice.owner, notice.source_id)
