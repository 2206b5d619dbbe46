"""Reading a request's body: multipart/form-data and application/json with the same field names."""

import base64
import binascii
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from service.errors import BodyTooLargeError, MalformedBodyError, UnsupportedContentTypeError
from service.forms import FORM_TYPES, read_form
from service.json_text import read_json
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem
from workers.contract.kinds.common import TEXT_BYTES, JobKind
from workers.contract.kinds.controls import closest
from workers.contract.text import BROKEN_TEXT, cut, is_broken

MAX_JSON_BYTES = 2**24  # of all that is no file in a JSON body
MAX_TEXT_LENGTH = 200  # of a plain text, such as an id
MAX_FIELDS = 32  # of a JSON body: each unknown one is checked


MAX_URL_LENGTH = 2000


def id_field(name: str) -> str:
    """The field that names an uploaded file instead of sending it in the field `name`."""
    return f"{name}_id"


def url_field(name: str) -> str:
    """The field that says where a file is, for a worker to fetch it."""
    return f"{name}_url"


def most_characters(field: str) -> int:
    """Of a plain text in a field."""
    return MAX_URL_LENGTH if field.endswith("_url") else MAX_TEXT_LENGTH


@dataclass(frozen=True, slots=True)
class BodyFields:
    """The fields a route takes: media files, plain texts, and JSON documents with their models.

    A text or document may have `text_bytes`. What is `required` has no other way into the request. `meanings` are those
    of texts that are no ids.
    """

    files: frozenset[str]
    texts: frozenset[str] = frozenset()
    documents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    text_bytes: int = TEXT_BYTES
    required: frozenset[str] = frozenset()
    meanings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: JobKind) -> "BodyFields":
        """The fields of a request for a job; every file may be an uploaded one, named by its id, or one elsewhere."""
        named = frozenset(field(name) for name in kind.files for field in (id_field, url_field))
        required = frozenset(name for name in kind.texts if kind.fields.model_fields[name].is_required())
        texts = named | kind.texts.keys()
        return cls(frozenset(kind.files), texts, kind.documents, kind.text_bytes, required, kind.texts)

    @property
    def names(self) -> frozenset[str]:
        """All field names."""
        return self.files | self.texts | self.documents.keys()


@dataclass(frozen=True, slots=True)
class Submission:
    """The fields a request brought, parsed as far as their syntax goes; files stand at their beginning."""

    files: dict[str, BinaryIO] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)


@asynccontextmanager
async def read_submission(request: Request, fields: BodyFields) -> AsyncIterator[Submission]:
    """Parse the body of a request; its files are closed at the end. How large they are is for `uploads` to judge.

    Large files of a multipart body are spooled to disk while they arrive. Base64 in JSON has to be kept in memory.

    Raises:
        UnsupportedContentTypeError: neither multipart/form-data nor application/json.
        MalformedBodyError: not parseable.
        InvalidRequestError: unknown or repeated fields, wrong types.
        BodyTooLargeError: a document in a file part is larger than one in a text part may be.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in FORM_TYPES:
        async with read_form(request, most_parts=len(fields.names) + 1, text_bytes=fields.text_bytes) as form:
            yield await run_in_threadpool(_from_form, form, fields)
    elif content_type == "application/json":
        yield await run_in_threadpool(_from_json, await request.body(), fields)
    else:
        raise UnsupportedContentTypeError(
            f"Content-Type is {cut(content_type) or 'missing'}; send multipart/form-data or application/json."
        )


def check_size(name: str, size: int, limit: int) -> None:
    """Raise BodyTooLargeError when the file of a field has more bytes than its limit."""
    if size > limit:
        raise BodyTooLargeError(f"{name} has {size:,} bytes; at most {limit:,} are accepted. Send a smaller file.")


def _from_form(form: FormData, fields: BodyFields) -> Submission:
    submission, problems, seen = Submission(), [], set()
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name not in fields.files:
            check_size(cut(name), value.size or 0, fields.text_bytes)
        if name not in fields.names or name in seen:
            problems.append(_misplaced(name, fields))
        elif name in fields.files:
            if isinstance(value, UploadFile):
                submission.files[name] = value.file
            else:
                problems.append(FieldProblem(field=name, message="send it as a file part, with a filename"))
        else:
            # Some clients send every part as a file; a document in one is as good as in a text part.
            text = value.file.read() if isinstance(value, UploadFile) else value
            if name in fields.documents:
                submission.documents[name] = read_json(text, field=name)
            else:
                submission.texts[name] = text.decode(errors="replace") if isinstance(text, bytes) else text
        seen.add(name)
    problems += _wrong_texts(submission.texts)
    if problems:
        raise InvalidRequestError(problems)
    return submission


def _from_json(body: bytes, fields: BodyFields) -> Submission:
    content = read_json(body)
    if not isinstance(content, dict) or len(content) > MAX_FIELDS:
        raise MalformedBodyError(f"The body must be a JSON object with some of {', '.join(sorted(fields.names))}.")
    files = sum(len(value) for name, value in content.items() if name in fields.files and isinstance(value, str))
    check_size("The body without its files", len(body) - files, MAX_JSON_BYTES)
    submission, problems = Submission(), []
    for name, value in content.items():
        if name not in fields.names:
            problems.append(_misplaced(name, fields))
        elif name in fields.documents:
            submission.documents[name] = value
        elif not isinstance(value, str):
            problems.append(FieldProblem(field=name, message=f"must be a string, got {_json_type(value)}"))
        elif name in fields.texts:
            submission.texts[name] = value
        elif (file := _decode(value)) is not None:
            submission.files[name] = file
        else:
            problems.append(
                FieldProblem(field=name, message="must be plain base64, without line breaks or a data: prefix")
            )
    problems += _wrong_texts(submission.texts)
    if problems:
        raise InvalidRequestError(problems)
    return submission


def _wrong_texts(texts: Mapping[str, str]) -> Iterator[FieldProblem]:
    for name, text in texts.items():
        if len(text) > most_characters(name):
            yield FieldProblem(
                field=name, message=f"has {len(text):,} characters; at most {most_characters(name):,} make sense"
            )
        elif is_broken(text):
            yield FieldProblem(field=name, message=BROKEN_TEXT)


def _decode(text: str) -> BinaryIO | None:
    try:
        return io.BytesIO(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _misplaced(name: str, fields: BodyFields) -> FieldProblem:
    if name in fields.names:
        return FieldProblem(field=name, message="given twice; send it once")
    known = ", ".join(sorted(fields.names))
    return FieldProblem(field=name, message=f"unknown field{closest(name, fields.names)}; known are {known}")


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
