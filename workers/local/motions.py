"""Stored motions of this process: none, since nothing outlives it. Shipped ones need no store."""

from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

from workers.contract.errors import UnknownMotionError
from workers.contract.stored_motion import MotionFacts, StoredMotion


class NoMotions:
    """Every method raises UnknownMotionError."""

    def add(
        self,
        owner: str,  # noqa: ARG002
        name: str,
        facts: MotionFacts,  # noqa: ARG002
        document: Path,  # noqa: ARG002
        sound: Path | None,  # noqa: ARG002
        *,
        job: str,  # noqa: ARG002
        attempt: int,  # noqa: ARG002
        life_s: int | None = None,  # noqa: ARG002
        check: Callable[[], None] | None = None,  # noqa: ARG002
    ) -> StoredMotion:
        """Nothing is kept."""
        return _none(name)

    def ensure_free(self, owner: str, name: str, job: str | None = None) -> None:  # noqa: ARG002
        """There is no room for any."""
        _none(name)

    def get(self, owner: str, name: str) -> StoredMotion:  # noqa: ARG002
        """There is none."""
        return _none(name)

    def open(self, owner: str, name: str) -> IO[bytes]:  # noqa: ARG002
        """There is none."""
        return _none(name)

    def fetch_sound(self, owner: str, name: str, path: Path, check: Callable[[], None]) -> bool:  # noqa: ARG002
        """There is none."""
        return _none(name)

    def take_back(self, owner: str, motion: StoredMotion) -> None:  # noqa: ARG002
        """There is none."""
        _none(motion.name)


def _none(name: str) -> NoReturn:
    raise UnknownMotionError(f"There is no motion {name} in this process; a service stores motions.")
