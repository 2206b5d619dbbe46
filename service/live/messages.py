"""What goes over a live connection: two kinds of messages from the client, three to it."""

import json
import struct
from typing import Annotated, Any, Literal

from pydantic import Field

from service.json_text import read_json
from workers.contract.contract_model import ContractModel
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem, Problem
from workers.contract.kinds.preview import MAX_SEQ, PreviewFields
from workers.contract.kinds.strict import Strict
from workers.contract.text import ID_LENGTH, cut
from workers.contract.validation import parse
from workers.contract.warnings import JobWarning

MAX_MESSAGE_BYTES = 2**16
_HEADER_LENGTH = struct.Struct(">I")


class Authorize(Strict):
    """The first message where keys are on and no header brought one, as in browsers."""

    type: Literal["authorize"]
    key: Annotated[str, Field(max_length=1000)]


class Wish(PreviewFields):
    """A picture that the client wants to see now, instead of any that it wanted before."""

    type: Literal["wish"]
    source_id: Annotated[str, Field(max_length=ID_LENGTH)]


class Ready(ContractModel):
    """The first message to the client: wishes are taken, so many a second; without one for `idle_s` it ends."""

    type: Literal["ready"] = "ready"
    wishes_per_s: int
    idle_s: float


class PreviewHeader(ContractModel):
    """What comes before the bytes of a picture. `timings` are seconds; `total_s` from the wish's arrival here."""

    type: Literal["preview"] = "preview"
    seq: int
    media_type: str
    width: int
    height: int
    timings: dict[str, float]
    warnings: list[JobWarning]


class LiveProblem(ContractModel):
    """Why there is no picture; `seq` is null where no wish could be recognised."""

    type: Literal["problem"] = "problem"
    seq: int | None
    problem: Problem

    def text(self) -> str:
        """As it is sent."""
        return json.dumps(self.model_dump(mode="json") | {"problem": self.problem.model_dump(exclude_none=True)})


def read_message(text: str) -> Authorize | Wish:
    """Parse and validate what a client sent. Raises MalformedBodyError, BodyTooLargeError, InvalidRequestError."""
    content = read_json(text)
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "wish":
        return parse(Wish, content)
    if kind == "authorize":
        return parse(Authorize, content)
    got = "missing" if kind is None else cut(str(kind), 40)
    raise InvalidRequestError([FieldProblem(field="type", message=f"must be 'wish' or 'authorize', is {got}")])


def seq_of(text: str) -> int | None:
    """The number of a wish that may be wrong otherwise; None where there is none."""
    try:
        content: Any = read_json(text)
    except Exception:  # noqa: BLE001 - whoever asks knows already that it is no proper message
        return None
    seq = content.get("seq") if isinstance(content, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq <= MAX_SEQ else None


def framed(header: PreviewHeader, picture: bytes) -> bytes:
    """One binary message: the header's length (4 bytes, big-endian), the header as JSON in UTF-8, the picture."""
    text = header.model_dump_json().encode()
    return _HEADER_LENGTH.pack(len(text)) + text + picture
