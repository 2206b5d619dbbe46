"""Gives a process of the tests a wall clock that is set while it runs: Python imports this before anything else.

Debian's libfaketime would do it for all of the process, but Python's `time.sleep` fails under it.
"""

import os
import time
from pathlib import Path

_right, _file = time.time, Path(os.environ["WRONG_CLOCK"])


def _wrong() -> float:
    """Seconds since 1970, and as many beside as the file says."""
    return _right() + float(_file.read_text() or 0)


time.time = _wrong
