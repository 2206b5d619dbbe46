"""What may be requested: one module a kind of job. A kind is known here, by its name, and nowhere else."""

from typing import Annotated

from pydantic import Field

from workers.contract.kinds.edit import EDIT, EditRequest
from workers.contract.kinds.extract import EXTRACT, ExtractRequest
from workers.contract.kinds.faces import FACES, FacesRequest
from workers.contract.kinds.motion import MOTION, MotionRequest
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.kinds.reenact import REENACT, ReenactRequest
from workers.contract.kinds.remote import RemoteRequest
from workers.contract.kinds.talk import TALK, TalkRequest

__all__ = ["KINDS", "JobRequest", "RemoteRequest"]

JobRequest = Annotated[
    EditRequest
    | ExtractRequest
    | FacesRequest
    | MotionRequest
    | PreviewRequest
    | ReenactRequest
    | RemoteRequest
    | TalkRequest,
    Field(discriminator="kind"),
]
"""An accepted request, as a worker finds it in the queue."""

KINDS = {"edit": EDIT, "extract": EXTRACT, "faces": FACES, "motion": MOTION, "reenact": REENACT, "talk": TALK}
"""The kinds that a route of their own takes. Previews come through GET /live."""
