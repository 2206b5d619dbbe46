"""Names of stored motions: one rule, so that a name is never taken for the id of an upload."""

import re
from typing import Annotated

from pydantic import AfterValidator

from workers.contract.motion_templates import MOTION_TEMPLATES

RULE = "1 to 40 of a-z, 0-9 and -, begins with a letter"
"""What a name looks like; an upload's id has 64 characters."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def is_motion_name(text: str) -> bool:
    """Whether a motion may have this name, be it shipped or stored."""
    return _NAME.fullmatch(text) is not None


def _new_name(name: str) -> str:
    if not is_motion_name(name):
        raise ValueError(f"a motion's name has {RULE}")
    if name in MOTION_TEMPLATES:
        raise ValueError(f"{name} is a motion that ships with the service; choose another name")
    return name


MotionName = Annotated[str, AfterValidator(_new_name)]
"""The name of a motion that is to be stored."""
