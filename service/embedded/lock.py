"""One stack a data folder: two Redis servers writing the same file would lose jobs."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.embedded.errors import DataDirInUseError


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the folder for this process, making it where needed; the kernel lets go of it however the process ends.

    Yields:
        The lock's file descriptor: a child that inherits it holds the folder until it has ended too.

    Raises:
        DataDirInUseError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirInUseError(
                f"Another embedded service runs on {folder}; stop it, or set PORTRAIT_DATA_DIR to another folder."
            ) from None
        yield file.fileno()
