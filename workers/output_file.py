"""A finished file that a task leaves in the job's folder."""

from dataclasses import dataclass
from pathlib import Path

from workers.contract.jobs import Result


@dataclass(frozen=True)
class OutputFile:
    """A file and what is in it, as `Result` describes it; sizes are None without pixels."""

    path: Path
    media_type: str
    space: str
    width: int | None = None
    height: int | None = None
    frames: int = 1
    seconds: float | None = None
    seed: int | None = None

    def result(self, url: str) -> Result:
        """What clients read about it; `url` leads to the file."""
        return Result(
            url=url,
            media_type=self.media_type,
            width=self.width,
            height=self.height,
            frames=self.frames,
            seconds=self.seconds,
            space=self.space,
            seed=self.seed,
        )
