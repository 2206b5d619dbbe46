"""The source of a request: a file that comes with it, or the id of one uploaded before."""

from typing import BinaryIO

from service.backend import Backend
from service.errors import InvalidRequestError, InvalidSourceError
from service.intake import Submission
from workers.contract.errors import SourceExpiredError, UnknownSourceError
from workers.contract.jobs import FieldProblem
from workers.contract.sources import Source


def source_of(backend: Backend, submission: Submission) -> Source:
    """Store the submitted file, or look up the submitted id; either starts the source's time to live anew.

    Raises:
        InvalidRequestError: neither of the two, both, or an id that names nothing.
        EmptyFileError, UnsupportedMediaError, PictureTooLargeError: by the file's first bytes and header.
        StorageFullError: no space left.
    """
    source_id = submission.texts.get("source_id")
    if source_id is None:
        return store_source(backend, submission, alternative=" or name an uploaded one with source_id")
    if "source" in submission.files:
        raise InvalidRequestError([FieldProblem(field="source_id", message="send source or source_id, not both")])
    try:
        return backend.sources.use(source_id)
    except (UnknownSourceError, SourceExpiredError) as error:
        raise InvalidSourceError([FieldProblem(field="source_id", message=str(error))]) from error


def store_source(backend: Backend, submission: Submission, alternative: str = "") -> Source:
    """Store the submitted file. Raises like `source_of`."""
    file: BinaryIO | None = submission.files.get("source")
    if file is None:
        message = f"is missing; send a photo{alternative}"
        raise InvalidRequestError([FieldProblem(field="source", message=message)])
    return backend.sources.add(file)
