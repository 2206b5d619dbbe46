"""Settings shared by the API and the workers, read from the environment (prefix PORTRAIT_)."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from redis.connection import parse_url

from workers.contract.queue_names import QueueName
from workers.contract.sentinel import SentinelAddress


class Settings(BaseSettings):
    """What the API and the workers must agree on, and what the workers need."""

    model_config = SettingsConfigDict(env_prefix="PORTRAIT_", frozen=True, extra="ignore")

    redis_url: str = Field(
        default="redis://localhost:6379/0",
        description="Redis that holds jobs, queues and presence: redis://, rediss:// (TLS), unix://, or "
        "redis+sentinel:// and rediss+sentinel://. docs/operations.md has examples.",
    )
    storage_url: str = Field(
        default="var/blobs",
        description="fsspec URL of the blob store that the API and all workers share (a path, s3://…).",
    )
    bundle: Path | None = Field(
        default=None, description="Folder of the model bundle; unset means the one that is shipped."
    )
    bundle_traffic: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Makes this worker's bundle a canary: it gets this fraction of the requests that name no bundle, "
        "photo by photo, and workers without the setting get the rest; 0: only requests that name it.",
    )
    c2pa_key: Path | None = Field(
        default=None,
        description="PEM file of the private key that signs pictures and clips (C2PA), without a password; needs "
        "PORTRAIT_C2PA_CERTIFICATES and the extra `c2pa`. Unset: nothing is signed.",
    )
    c2pa_certificates: Path | None = Field(
        default=None,
        description="PEM file of that key's certificate, followed by those above it.",
    )
    build: str | None = Field(
        default=None,
        pattern=r"^([0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$",
        description="What an image was built from, such as a commit; jobs name it behind the version of the code.",
    )
    device: str = Field(default="auto", description="Where the models run: auto, cpu, cuda or cuda:N.")
    threads: PositiveInt | None = Field(
        default=None,
        description="CPU threads of the models; unset means the cores that the process may use, "
        "shared with the other workers of the machine.",
    )
    fetch_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Hosts that workers fetch files from where requests name them by `…_url`, comma-separated; "
        "*.example.com means all below it. None means that files have to be sent.",
    )
    fetch_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks that files may be fetched from though their addresses are private, also by plain http, "
        "comma-separated, such as 10.0.0.0/8.",
    )
    fetch_timeout_s: PositiveFloat = Field(default=30.0, description="Seconds that fetching one file may take.")

    cache_dir: Path | None = Field(
        default=None,
        description="Folder where workers keep what they have compiled for their processor, 25 MB a bundle and 25 MB "
        "for each number of threads, so that the next one starts sooner; unset means ~/.cache/pirenderer-service. One "
        "that cannot be written to is not used.",
    )
    force_label: bool = Field(
        default=False,
        description="Whether every picture and clip is visibly marked as edited, whatever options.label says.",
    )

    max_upload_bytes: PositiveInt = Field(
        default=32 * 2**20, description="Largest accepted upload in bytes, videos in multipart bodies apart."
    )
    max_video_bytes: PositiveInt = Field(
        default=256 * 2**20, description="Largest accepted video in bytes, in a multipart body."
    )
    max_video_seconds: PositiveFloat = Field(default=120.0, description="Longest accepted video, in seconds.")
    max_video_pixels: PositiveInt = Field(
        default=4096 * 2304, description="Largest accepted picture of a video, width times height."
    )
    max_audio_bytes: PositiveInt = Field(
        default=64 * 2**20, description="Largest accepted sound file in bytes, in a multipart body."
    )
    max_audio_seconds: PositiveFloat = Field(default=120.0, description="Longest accepted speech, in seconds.")
    min_audio_rate: PositiveInt = Field(
        default=8_000, description="Fewest samples a second of an accepted sound; less holds no intelligible speech."
    )
    max_audio_rate: PositiveInt = Field(default=192_000, description="Most samples a second of an accepted sound.")
    max_pixels: PositiveInt = Field(default=50_000_000, description="Largest accepted picture, width times height.")
    max_clip_seconds: PositiveFloat = Field(
        default=60.0, description="Longest clip that keyframes may describe, in seconds."
    )
    max_frames: PositiveInt = Field(
        default=7500,
        description="Most frames of a clip that is read or made: two minutes at 60 a second, and some more.",
    )
    queues: Annotated[tuple[QueueName, ...], NoDecode] = Field(
        default=tuple(QueueName),
        min_length=1,
        description="Queues that a worker takes jobs from, comma-separated, the first one first. Edits and "
        "extractions of photos wait in `interactive`, everything else in `batch`.",
    )
    max_queued: PositiveInt = Field(
        default=256, description="Jobs that may wait before new ones are turned away with 503."
    )

    job_timeout_s: PositiveFloat = Field(
        default=300.0, description="Seconds a job may run before it fails with job_timeout; videos get more."
    )
    long_job_timeout_s: PositiveFloat = Field(
        default=1800.0, description="The same for jobs that read or follow a video, or a speech."
    )
    hang_grace_s: PositiveFloat = Field(
        default=15.0, description="Seconds beyond its timeout after which a job counts as hung and its worker ends."
    )
    queue_timeout_s: PositiveFloat = Field(
        default=3600.0, description="Seconds a job may wait for a worker before it fails with queue_timeout."
    )
    source_ttl_s: PositiveInt = Field(
        default=24 * 3600, description="Seconds an uploaded source is kept after its last use."
    )
    motion_ttl_s: PositiveInt = Field(
        default=365 * 24 * 3600, description="Seconds a stored motion is kept after its last use."
    )
    max_motions: PositiveInt = Field(default=100, description="Motions that a tenant may have stored at once.")
    max_motion_bytes: PositiveInt = Field(
        default=512 * 2**20, description="Bytes that a tenant's stored motions may have together."
    )
    result_ttl_s: PositiveInt = Field(default=3600, description="Seconds a finished job's result is kept.")
    job_ttl_s: PositiveInt = Field(default=24 * 3600, description="Seconds a finished job's record is kept.")

    unknown_blob_ttl_s: PositiveInt = Field(
        default=24 * 3600,
        description="Seconds a stored file is kept that Redis does not know (after a crash, or when Redis lost its "
        "data), from when it is found. A blob store therefore belongs to one Redis.",
    )

    heartbeat_s: PositiveFloat = Field(default=1.0, description="Seconds between two heartbeats of a worker.")
    presence_ttl_s: PositiveFloat = Field(
        default=5.0, description="Seconds without a heartbeat after which a worker is dead."
    )
    sweep_s: PositiveFloat = Field(
        default=1.0, description="Seconds between two looks for lost jobs and expired blobs."
    )
    drain_s: PositiveFloat = Field(
        default=5.0, description="Seconds a stopping worker may take to finish its job before it gives the job back."
    )
    decode_timeout_s: PositiveFloat = Field(
        default=20.0,
        description="Seconds that decoding a picture, or one frame of a video, may take before the decoder is killed.",
    )
    decode_memory_bytes: PositiveInt = Field(
        default=3 * 2**30, description="Address space of the process that decodes uploads."
    )
    source_cache_bytes: NonNegativeInt = Field(
        default=256 * 2**20,
        description="Memory in which a worker keeps photos that it has read, and what it needs to draw them; 0 keeps "
        "none. A deleted photo is refused at once, and has left the memory after PORTRAIT_SWEEP_S.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log records that are written."
    )
    metrics_port: PositiveInt | None = Field(
        None, description="Port where a worker serves Prometheus metrics; unset means none."
    )

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        if SentinelAddress.parse(value) is None:
            parse_url(value)
        return value

    @field_validator("fetch_networks")
    @classmethod
    def _check_fetch_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("queues", "fetch_hosts", "fetch_networks", mode="before")
    @classmethod
    def _split_lists(cls, value: Any) -> Any:
        return comma_separated(value)

    @model_validator(mode="after")
    def _key_and_certificates(self) -> Self:
        if (self.c2pa_key is None) != (self.c2pa_certificates is None):
            raise ValueError("PORTRAIT_C2PA_KEY and PORTRAIT_C2PA_CERTIFICATES belong together: set both, or none")
        return self

    @property
    def longest_life_s(self) -> float:
        """Seconds after which a job's record has gone: it waited, ran twice and was kept."""
        return self.queue_timeout_s + 2 * (self.long_job_timeout_s + self.hang_grace_s) + self.job_ttl_s + 3600

    def timeout_of(self, *, long: bool) -> float:
        """Seconds a job may run."""
        return self.long_job_timeout_s if long else self.job_timeout_s


def comma_separated(value: Any) -> Any:
    """The parts of a text, as environment variables hold lists; anything else as it is."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
