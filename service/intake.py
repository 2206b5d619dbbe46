"""Reading a request's body: multipart/form-data and application/json with the same field names."""

import base64
import binascii
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from service.errors import BodyTooLargeError, InvalidRequestError, MalformedBodyError, UnsupportedContentTypeError
from workers.contract.controls import closest
from workers.contract.jobs import FieldProblem

# URL-encoded forms carry no files; they are what some clients send when there is no file to send.
FORM_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
MAX_TEXT_BYTES = 2**20  # of one text part, as a rule; a keyframe list of a minute stays far below


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields a route takes: media files, plain texts, and JSON documents with their models.

    A text or document may have `text_bytes`.
    """

    files: frozenset[str]
    texts: frozenset[str] = frozenset()
    documents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    text_bytes: int = MAX_TEXT_BYTES

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
async def read_submission(request: Request, fields: Fields) -> AsyncIterator[Submission]:
    """Parse the body of a request; its files are closed at the end. How large they are is for `uploads` to judge.

    Large files of a multipart body are spooled to disk while they arrive. Base64 in JSON has to be held in memory.

    Raises:
        UnsupportedContentTypeError: neither multipart/form-data nor application/json.
        MalformedBodyError: not parseable.
        InvalidRequestError: unknown or repeated fields, wrong types.
        BodyTooLargeError: a document in a file part is larger than one in a text part may be.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in FORM_TYPES:
        async with request.form(
            max_files=len(fields.names) + 1, max_fields=len(fields.names) + 1, max_part_size=fields.text_bytes
        ) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile) and name not in fields.files:
                    check_size(name, value.size or 0, fields.text_bytes)
            yield await _from_form(form.multi_items(), fields)
    elif content_type == "application/json":
        yield await run_in_threadpool(_from_json, await request.body(), fields)
    else:
        raise UnsupportedContentTypeError(
            f"Content-Type is {content_type or 'missing'}; send multipart/form-data or application/json."
        )


def check_size(name: str, size: int, limit: int) -> None:
    """Raise BodyTooLargeError when the file of a field has more bytes than its limit."""
    if size > limit:
        raise BodyTooLargeError(f"{name} has {size:,} bytes; at most {limit:,} are accepted. Send a smaller file.")


async def _from_form(items: Iterable[tuple[str, str | UploadFile]], fields: Fields) -> Submission:
    submission, problems, seen = Submission(), [], set()
    for name, value in items:
        if name not in fields.names or name in seen:
            problems.append(_misplaced(name, fields))
        elif name in fields.files:
            if isinstance(value, UploadFile):
                submission.files[name] = value.file
            else:
                problems.append(FieldProblem(field=name, message="send it as a file part, with a filename"))
        else:
            # Some clients send every part as a file; a document in one is as good as in a text part.
            text = (await value.read()) if isinstance(value, UploadFile) else value
            if name in fields.texts:
                submission.texts[name] = text.decode(errors="replace") if isinstance(text, bytes) else text
            else:
                submission.documents[name] = _load_json(text, what=f"The field {name}")
        seen.add(name)
    if problems:
        raise InvalidRequestError(problems)
    return submission


def _from_json(body: bytes, fields: Fields) -> Submission:
    content = _load_json(body, what="The body")
    if not isinstance(content, dict):
        raise MalformedBodyError(f"The body must be a JSON object with some of {', '.join(sorted(fields.names))}.")
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
    if problems:
        raise InvalidRequestError(problems)
    return submission


def _load_json(text: str | bytes, what: str) -> Any:
    # NaN and Infinity pass here: the models refuse them with the field's name, which no parser knows.
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # JSONDecodeError, UnicodeDecodeError, an endless integer
        raise MalformedBodyError(f"{what} is not valid JSON: {error}.") from error


def _decode(text: str) -> BinaryIO | None:
    try:
        return io.BytesIO(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _misplaced(name: str, fields: Fields) -> FieldProblem:
    if name in fields.names:
        return FieldProblem(field=name, message="given twice; send it once")
    known = ", ".join(sorted(fields.names))
    return FieldProblem(field=name, message=f"unknown field{closest(name, fields.names)}; known are {known}")


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
