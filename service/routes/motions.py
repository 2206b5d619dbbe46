"""GET /motions: drivers that are ready."""

from fastapi import APIRouter

from service.documents import MotionList, ReadyMotion
from service.security import NEEDS_SOME
from workers.contract.motion_templates import MOTION_TEMPLATES

router = APIRouter(tags=["editing"])


@router.get("/motions", dependencies=[NEEDS_SOME])
def list_motions() -> MotionList:
    """Ready motions, whose names stand for a driver: `driver_id` of `POST /reenact`, or `pose_id` of `POST /talk`.

    They begin and end at rest, so a clip of one can be repeated.
    """
    return MotionList(
        motions=[
            ReadyMotion(id=name, title=template.title, seconds=template.seconds)
            for name, template in MOTION_TEMPLATES.items()
        ]
    )
