"""The client for programs that await."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

import httpx

from client import flows, http, many, motions
from client.async_exchange import AsyncExchange, run
from client.calls import (
    ExtractFormat,
    FaceEdit,
    FaceMotion,
    Fields,
    FileMedia,
    JobExtras,
    Media,
    edit_call,
    extract_call,
    faces_call,
    talk_call,
)
from client.documents import Batch, Bundle, Job, JobStatus, NamedMotion, Readiness, Sliders, Source
from client.following import OnProgress
from client.http import DEFAULT_URL
from client.many import Edit, OnBatch
from client.retries import PATIENT, Retries
from client.steps import Call, Steps, T

if TYPE_CHECKING:
    from client.async_live import AsyncLive


class AsyncPortraitClient:
    """The service at a URL: `PortraitClient`, method by method, to be awaited. For one event loop.

    Files are read from the disk, and written to it, without awaiting. `on_progress` is an ordinary function.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        retries: Retries = PATIENT,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(**http.settings(url, api_key), transport=transport)
        self._retries = retries
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def upload(self, file: FileMedia) -> Source:
        """As `PortraitClient.upload`."""
        return await self._run(flows.upload(file, self._retries))

    async def source(self, source: Source | str) -> Source:
        """As `PortraitClient.source`."""
        return await self._run(flows.read_source(source, self._retries))

    async def content(self, source: Source | str) -> bytes:
        """As `PortraitClient.content`."""
        return await self._run(flows.read_content(source, self._retries))

    async def delete(self, source: Source | str) -> None:
        """As `PortraitClient.delete`."""
        await self._run(flows.delete_source(source, self._retries))

    async def edit(
        self,
        photo: Media,
        *,
        controls: Fields | None = None,
        faces: Sequence[FaceEdit] | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.edit`."""
        return await self._submit(edit_call(photo, controls, faces, options, extras))

    async def reenact(
        self,
        photo: Media,
        driver: Media,
        *,
        controls: Fields | None = None,
        faces: Sequence[FaceMotion] | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.reenact`."""
        return await self._run(flows.reenact(photo, driver, controls, faces, options, extras, self._retries))

    async def talk(
        self,
        photo: Media,
        audio: Media | None = None,
        *,
        pose: Media | None = None,
        controls: Fields | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.talk`."""
        return await self._submit(talk_call(photo, audio, pose, controls, options, extras))

    async def extract(
        self,
        media: Media,
        *,
        format: ExtractFormat = "json",  # noqa: A002 - the API's own name
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.extract`."""
        return await self._submit(extract_call(media, format, options, extras))

    async def faces(self, photo: Media, **extras: Unpack[JobExtras]) -> Job:
        """As `PortraitClient.faces`."""
        return await self._submit(faces_call(photo, extras))

    async def add_motion(
        self,
        name: str,
        driver: Media,
        *,
        title: str | None = None,
        description: str | None = None,
        options: Fields | None = None,
        **extras: Unpack[JobExtras],
    ) -> Job:
        """As `PortraitClient.add_motion`."""
        return await self._submit(motions.motion_call(name, driver, title, description, options, extras))

    async def motions(self) -> list[NamedMotion]:
        """As `PortraitClient.motions`."""
        return await self._run(motions.list_motions(self._retries))

    async def motion(self, motion: NamedMotion | str) -> NamedMotion:
        """As `PortraitClient.motion`."""
        return await self._run(motions.read_motion(motion, self._retries))

    async def motion_content(self, motion: NamedMotion | str) -> bytes:
        """As `PortraitClient.motion_content`."""
        return await self._run(motions.read_motion_content(motion, self._retries))

    async def delete_motion(self, motion: NamedMotion | str) -> None:
        """As `PortraitClient.delete_motion`."""
        return await self._run(motions.delete_motion(motion, self._retries))

    async def jobs(
        self,
        *,
        kind: str | None = None,
        status: JobStatus | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        most: int | None = None,
    ) -> list[Job]:
        """As `PortraitClient.jobs`."""
        return await self._run(many.list_jobs(self._retries, kind, status, created_after, created_before, most))

    async def batch(
        self,
        edits: Iterable[Edit],
        *,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """As `PortraitClient.batch`."""
        return await self._run(many.create_batch(edits, metadata, self._retries, idempotency_key))

    async def read_batch(self, batch: Batch | str) -> Batch:
        """As `PortraitClient.read_batch`."""
        return await self._run(many.read_batch(batch, self._retries))

    async def wait_batch(self, batch: Batch | str, *, on_progress: OnBatch | None = None) -> Batch:
        """As `PortraitClient.wait_batch`."""
        return await self._run(many.wait_batch(batch, self._retries, on_progress))

    async def batch_jobs(self, batch: Batch | str) -> list[Job]:
        """As `PortraitClient.batch_jobs`."""
        return await self._run(many.batch_jobs(batch, self._retries))

    async def cancel_batch(self, batch: Batch | str) -> Batch:
        """As `PortraitClient.cancel_batch`."""
        return await self._run(many.cancel_batch(batch, self._retries))

    async def save_batch(self, batch: Batch | str, folder: str | os.PathLike[str]) -> list[Path | None]:
        """As `PortraitClient.save_batch`."""
        return await self._run(many.save_batch(batch, self._retries, folder))

    async def sliders(self, bundle: str | None = None) -> Sliders:
        """As `PortraitClient.sliders`."""
        return await self._run(flows.read_sliders(self._retries, bundle))

    async def bundles(self) -> list[Bundle]:
        """As `PortraitClient.bundles`."""
        return await self._run(flows.read_bundles(self._retries))

    def live(self) -> AsyncLive:
        """As `PortraitClient.live`; to be used in an `async with` block."""
        from client.async_live import AsyncLive
        from client.live_socket import address

        return AsyncLive(address(self._http.base_url, self._http.headers), self._retries, self._sleep)

    async def readiness(self) -> Readiness:
        """As `PortraitClient.readiness`."""
        return await self._run(flows.read_readiness(self._retries))

    async def job(self, job: Job | str) -> Job:
        """As `PortraitClient.job`."""
        return await self._run(flows.read_job(job, self._retries))

    async def wait(
        self, job: Job | str, *, on_progress: OnProgress | None = None, timeout_s: float | None = None
    ) -> Job:
        """As `PortraitClient.wait`."""
        return await self._run(flows.wait(job, self._retries, on_progress, timeout_s))

    async def cancel(self, job: Job | str) -> Job:
        """As `PortraitClient.cancel`."""
        return await self._run(flows.cancel(job, self._retries))

    async def result(self, job: Job | str, *, index: int = 0, timeout_s: float | None = None) -> bytes:
        """As `PortraitClient.result`."""
        return await self._run(flows.read_result(job, self._retries, index, timeout_s))

    async def save(
        self, job: Job | str, path: str | os.PathLike[str], *, index: int = 0, timeout_s: float | None = None
    ) -> Path:
        """As `PortraitClient.save`."""
        return await self._run(flows.save_result(job, self._retries, path, index, timeout_s))

    async def _submit(self, call: Call) -> Job:
        return await self._run(flows.submit(call, self._retries))

    async def _run(self, steps: Steps[T]) -> T:
        return await run(steps, AsyncExchange(self._http, self._sleep))
