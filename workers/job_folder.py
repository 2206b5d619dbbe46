"""The folder that a job works in: gone when the job ends, or, after a killed worker, when the next one starts."""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

_NAME = re.compile(r"portrait-job-(\d+)-\w+")


@contextmanager
def job_folder() -> Iterator[Path]:
    """An empty folder of this process, deleted at the end."""
    with tempfile.TemporaryDirectory(prefix=f"portrait-job-{os.getpid()}-") as folder:
        yield Path(folder)


def sweep_job_folders() -> None:
    """Delete the folders whose processes are gone. Nobody else's are touched: their names hold a living process."""
    for folder in Path(tempfile.gettempdir()).glob("portrait-job-*"):
        name = _NAME.fullmatch(folder.name)
        if name is not None and not _lives(int(name[1])) and folder.stat().st_uid == os.getuid():
            log.info("deleted the folder of a job whose worker is gone: %s", folder)
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
