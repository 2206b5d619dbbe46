"""Motions by name, each as steps: those that ship with the service, and the caller's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from client.answers import checked, parsed
from client.calls import Fields, JobExtras, Media, job_call
from client.documents import MotionPage, NamedMotion
from client.retries import Retries, answered
from client.steps import Call, Steps


def motion_call(
    name: str, driver: Media, title: str | None, description: str | None, options: Fields | None, extras: JobExtras
) -> Call:
    """A request that keeps a driver's motion under a name."""
    call = job_call("/motions", {"driver": driver}, {"options": options}, extras)
    texts = {"name": name, "title": title, "description": description}
    return replace(call, fields={**call.fields, **{field: text for field, text in texts.items() if text is not None}})


def list_motions(retries: Retries) -> Steps[list[NamedMotion]]:
    """Ask for all motions, page after page."""
    found: list[NamedMotion] = []
    query: dict[str, Any] = {}
    while True:
        page = parsed((yield from answered(Call("GET", f"/motions?{urlencode(query)}"), retries)), MotionPage)
        found += page.motions
        if page.next_cursor is None:
            return found
        query = {"cursor": page.next_cursor}


def read_motion(motion: NamedMotion | str, retries: Retries) -> Steps[NamedMotion]:
    """Ask for what is known of a motion."""
    return parsed((yield from answered(Call("GET", motion_path(motion)), retries)), NamedMotion)


def read_motion_content(motion: NamedMotion | str, retries: Retries) -> Steps[bytes]:
    """Fetch a motion's document into memory."""
    return checked((yield from answered(Call("GET", f"{motion_path(motion)}/content"), retries))).content


def delete_motion(motion: NamedMotion | str, retries: Retries) -> Steps[None]:
    """Delete a motion."""
    checked((yield from answered(Call("DELETE", motion_path(motion)), retries)))


def motion_path(motion: NamedMotion | str) -> str:
    """Where a motion is."""
    return f"/motions/{quote(motion if isinstance(motion, str) else motion.id, safe='')}"
