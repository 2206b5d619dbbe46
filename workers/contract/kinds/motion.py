"""What POST /motions takes: a driver whose motion is kept under a name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from workers.contract.kinds.common import TEXTS, FaceChoice, JobKind, RequestFields, StoredRequest
from workers.contract.kinds.example_files import MP4
from workers.contract.kinds.reenact import DRIVERS
from workers.contract.kinds.strict import Strict
from workers.contract.media_type import MediaKind
from workers.contract.motion_names import RULE, MotionName


class MotionOptions(Strict):
    """Options of POST /motions: whose motion it is, in a picture or video that shows several people."""

    face: FaceChoice = "largest"


class MotionFields(RequestFields):
    """What a motion that is to be stored is called, and what its driver is."""

    kind: Literal["motion"] = "motion"
    name: MotionName
    title: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    description: Annotated[str, Field(max_length=200)] | None = None
    driver_kind: MediaKind
    options: MotionOptions = MotionOptions()


class MotionRequest(MotionFields, StoredRequest):
    """One accepted POST /motions. The driver lies in the source registry, or is a motion itself."""

    driver_id: str

    @property
    def drawn_by(self) -> str:
        """The driver's."""
        return self.driver_id

    @property
    def long(self) -> bool:
        """For videos."""
        return self.driver_kind == "video"


_EXAMPLES: Mapping[str, Any] = {
    "wave": {
        "summary": "A video's motion, with its sound",
        "value": {"name": "greeting", "title": "Says hello", "driver": MP4},
    },
}

MOTION = JobKind(
    fields=MotionFields,
    request=MotionRequest,
    files={"driver": DRIVERS},
    examples=_EXAMPLES,
    checked_first=("driver",),
    required=frozenset({"driver"}),
    texts=TEXTS
    | {
        "name": f"What requests name it by: {RULE}, and is none that ships with the service.",
        "title": "What the face does, for people; at most 80 characters. The name, where it is left out.",
        "description": "More of it, for people; at most 200 characters.",
    },
)
