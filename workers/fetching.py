"""Jobs whose files are elsewhere: fetched first, stored as uploads are, then done like any other."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from workers.attempt import Attempt
from workers.contract.errors import FetchError
from workers.contract.fetching import fetch_policy
from workers.contract.file_size import most_bytes, most_bytes_of_any
from workers.contract.kinds import KINDS, JobRequest, RemoteRequest
from workers.contract.media_type import MediaKind, detect_media_type, media_kind
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore
from workers.error_context import error_context
from workers.fetch import fetch
from workers.output_file import OutputFile
from workers.runner import JobTask


@dataclass(frozen=True)
class RemoteFiles:
    """Fetches what requests name by URL."""

    sources: SourceRegistry
    store: JobStore
    settings: Settings

    def first(self, task: JobTask) -> JobTask:
        """A task that finds all of its files in the source registry."""

        def fetched(attempt: Attempt, folder: Path) -> list[OutputFile]:
            if isinstance(attempt.request, RemoteRequest):
                self._complete(attempt, attempt.request, folder)
            return task(attempt, folder)

        return fetched

    def _complete(self, attempt: Attempt, request: RemoteRequest, folder: Path) -> None:
        kind = KINDS[request.job_kind]
        attempt.stage("fetch")
        with attempt.timed("fetch_s"):
            found = {
                name: self._stored(attempt, name, url, kind.files[name], folder)
                for name, url in sorted(request.urls.items())
            }
        try:
            whole = cast(JobRequest, request.whole(kind, found))
        except ValidationError as error:
            raise FetchError(_message(error)) from error
        self.store.complete(attempt.record.job.id, attempt.record.attempt, whole)
        attempt.record = attempt.record.model_copy(update={"request": whole})

    def _stored(
        self, attempt: Attempt, name: str, url: str, kinds: tuple[MediaKind, ...], folder: Path
    ) -> tuple[str, MediaKind]:
        """Id and kind of a file that was elsewhere."""
        path = folder / f"fetched-{name}"
        with error_context(f"{name}_url"):
            fetch(
                fetch_policy(self.settings),
                url,
                path,
                most_bytes=most_bytes_of_any(self.settings, kinds),
                seconds=self.settings.fetch_timeout_s,
                check=attempt.check,
            )
            with path.open("rb") as file:
                header = detect_media_type(file, self.settings.max_pixels, kinds)
                limit = most_bytes(self.settings, file, kinds)
                if path.stat().st_size > limit:
                    raise FetchError(f"The file has {path.stat().st_size:,} bytes; at most {limit:,} are accepted.")
                source = self.sources.store(attempt.owner, file, header, attempt.record.retention_s, apart=False)
        path.unlink()
        found = media_kind(source.media_type, kinds)
        assert found is not None, "the header is of an accepted kind"
        return source.id, found


def _message(error: ValidationError) -> str:
    """What does not go together, now that it is known what the files are."""
    texts = [str(one["msg"]).removeprefix("Value error, ") for one in error.errors(include_url=False)]
    return f"The files are not what the rest of the request needs: {'; '.join(texts)}."
