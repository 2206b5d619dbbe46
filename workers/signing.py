"""Signs what tasks make, where the operator has set a key."""

from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import cast

from workers.attempt import Attempt
from workers.contract.errors import SourceExpiredError, UnknownSourceError
from workers.contract.kinds.common import SourceRequest
from workers.contract.sources import Sources
from workers.media.content_credentials import SIGNED_TYPES, ContentCredentials
from workers.output_file import OutputFile
from workers.runner import JobTask


def signing(task: JobTask, credentials: ContentCredentials, sources: Sources) -> JobTask:
    """The task, whose pictures and clips name their source and are signed. Previews are not: they are for one look."""

    @wraps(task)
    def signed(attempt: Attempt, folder: Path) -> list[OutputFile]:
        files = task(attempt, folder)
        if not attempt.request.fleeting:
            for file in files:
                attempt.check()
                if file.media_type in SIGNED_TYPES:
                    with attempt.timed("sign_s"):
                        _sign(attempt, file, credentials, sources)
        return files

    return signed


def _sign(attempt: Attempt, file: OutputFile, credentials: ContentCredentials, sources: Sources) -> None:
    source_id = cast(SourceRequest, attempt.request).source_id
    with ExitStack() as stack:
        try:
            source_type = sources.get(attempt.owner, source_id).media_type
            source = stack.enter_context(sources.open(attempt.owner, source_id))
        except (SourceExpiredError, UnknownSourceError):  # deleted while the job ran
            source_type, source = "application/octet-stream", None
        credentials.sign(file.path, file.media_type, source, source_type, title=file.path.name)
