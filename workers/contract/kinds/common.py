"""What the kinds of jobs share: strict models, options of everything that is rendered, and how a kind is described."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, RootModel, model_validator

from workers.contract.bundle import BUNDLE_MEANING, BundleChoice
from workers.contract.kinds.callback import Callback
from workers.contract.kinds.metadata import Metadata
from workers.contract.kinds.strict import FieldError, Strict
from workers.contract.media_type import MediaKind
from workers.contract.presence import Presence
from workers.contract.settings import Settings

STILL_FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
CLIP_FORMATS = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}
TEXTS = {"bundle": BUNDLE_MEANING}
"""Fields of any request for a job that are plain texts, and what they mean."""
ALPHA_FORMATS = frozenset({"png", "webp", "webm"})
TEXT_BYTES = 2**20  # of one text part, as a rule; a keyframe list of a minute stays far below

FaceChoice = Literal["largest"] | Annotated[int, Field(ge=0, le=999)]
Gain = Annotated[float, Field(ge=0, le=2)]
Rate = Annotated[float, Field(ge=1, le=60)]
Size = Literal["source"] | Annotated[int, Field(ge=64, le=2048)]


@dataclass(frozen=True)
class OutputSpec:
    """How a rendered result is composed and encoded.

    Attributes:
        format: of the file: a key of `STILL_FORMATS` or `CLIP_FORMATS`.
        paste_back: whether the crop goes back into the whole photo.
        size: pixels of the crop's side; "source" for the crop's own.
        label: whether frames get the visible label.
    """

    format: str
    paste_back: bool
    size: int | Literal["source"]
    label: bool

    @property
    def is_clip(self) -> bool:
        """Whether the format is a clip's."""
        return self.format in CLIP_FORMATS

    @property
    def has_alpha(self) -> bool:
        """Whether the format can hold transparency."""
        return self.format in ALPHA_FORMATS

    @property
    def has_sound(self) -> bool:
        """Whether the format can hold sound."""
        return self.is_clip and self.format != "gif"

    @property
    def media_type(self) -> str:
        """Of the file."""
        return (STILL_FORMATS | CLIP_FORMATS)[self.format]


class Output(Strict):
    """How the result is written.

    `format` unset: png for a still, mp4 for a clip. `fps` unset: 25 for keyframes, the driver's own time stamps for a
    reenactment; set, the motion is sampled anew at that rate. A video that is reenacted keeps its own. Of a talking
    clip it is the same as `fps` beside it.
    """

    format: Literal["png", "jpeg", "webp", "mp4", "webm", "gif"] | None = None
    size: Size = "source"
    fps: Rate | None = None

    def check_format(self, clip: str | None) -> None:
        """Raise FieldError for a still's format when `clip` says why a clip is made, for a clip's when it is None."""
        fitting = formats(clip=clip is not None)
        if self.format is not None and self.format not in fitting:
            raise FieldError(
                "options.output.format",
                f"{clip or 'the result is a picture'}; choose one of {', '.join(fitting)}, not {self.format}",
            )


class RenderOptions(Strict):
    """Options of every request whose result is rendered."""

    face: FaceChoice = "largest"
    paste_back: bool = True
    output: Output = Output()
    label: bool = False

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        if self.paste_back and self.output.size != "source":
            raise FieldError("output.size", "sets the size of the crop; send it together with paste_back false")
        return self

    def output_spec(self, *, clip: bool) -> OutputSpec:
        """How a clip or a picture is delivered, with the default format filled in."""
        chosen: str | None = self.output.format
        return OutputSpec(chosen or next(iter(formats(clip=clip))), self.paste_back, self.output.size, self.label)


def formats(*, clip: bool) -> Mapping[str, str]:
    """Media types by format, of clips or of stills; the default comes first."""
    return CLIP_FORMATS if clip else STILL_FORMATS


class RequestFields(Strict):
    """What a request says apart from its files: what is validated before any file is stored."""

    metadata: Metadata = Metadata()
    callback: Callback = Callback()
    bundle: BundleChoice | None = None

    @classmethod
    def ensure_supported(cls, presence: Presence, bundle: str | None) -> None:
        """Raise a ServiceError when no worker could do this kind of job, whatever else the request says.

        Args:
            bundle: that it names; one that no worker has is refused here.
        """
        if bundle is not None:
            presence.abilities(bundle)

    def check(self, presence: Presence, settings: Settings) -> list[tuple[str, str]]:  # noqa: ARG002 - for some kinds
        """(field, message) of everything that is wrong by the loaded bundle or the settings."""
        return []

    def named_files(self) -> Mapping[str, tuple[str, tuple[MediaKind, ...]]]:
        """Ids of uploaded files inside of the fields, and what each may be, by the id's place."""
        return {}

    def inline_files(self) -> Mapping[str, Any]:
        """JSON documents inside of the fields that are stored as if they had come as files, by the file's field."""
        return {}


class StoredRequest(Strict):
    """What all accepted requests have."""

    fleeting: ClassVar[bool] = False
    """Whether the result is handed over through Redis, and with its job forgotten soon: somebody waits for it now."""

    kind: str
    bundle: BundleChoice | None = None

    @property
    def job_kind(self) -> str:
        """What the job is called."""
        return self.kind

    @property
    def answers_with_document(self) -> bool:
        """Whether a client that waits gets the result itself, a JSON document, instead of the job."""
        return False

    @property
    def long(self) -> bool:
        """Whether it may take minutes, and so lets others go first."""
        return False

    @property
    def drawn_by(self) -> str:
        """The file by which a bundle is drawn: the same one gets the same bundle, whatever is done to it."""
        raise NotImplementedError


class SourceRequest(StoredRequest):
    """An accepted request that does something with a source; `source_id` names it in the source registry."""

    source_id: str

    @property
    def drawn_by(self) -> str:
        """The source's."""
        return self.source_id


@dataclass(frozen=True)
class JobKind:
    """One kind of job, as the API takes it.

    Attributes:
        fields: what a request says apart from its files.
        request: the accepted request, which a worker finds in the queue: `fields`, and `<file>_id` of every stored
            file; `<file>_kind` too where the model has that field.
        files: what the file of each field may be, in the order in which they are stored.
        checked_first: files whose headers are read before the fields are validated: without them there is no
            request, or the rules of the fields depend on what they are.
        required: files that have to be sent. The source may be named by `source_id` instead.
        examples: OpenAPI examples of the JSON body.
        text_bytes: most bytes of a document as a part of a form.
        texts: fields that are plain texts, beside the ids of its files, and what they mean.
    """

    fields: type[RequestFields]
    request: type[StoredRequest]
    files: Mapping[str, tuple[MediaKind, ...]]
    examples: Mapping[str, Any]
    checked_first: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    text_bytes: int = TEXT_BYTES
    texts: Mapping[str, str] = field(default_factory=lambda: TEXTS)
    documents: Mapping[str, type[BaseModel]] = field(init=False)
    """The JSON documents among the fields, by name."""

    def __post_init__(self) -> None:
        documents = {
            name: info.annotation
            for name, info in self.fields.model_fields.items()
            if isinstance(info.annotation, type) and issubclass(info.annotation, Strict | RootModel)
        }
        object.__setattr__(self, "documents", documents)
