"""Write the reference pages that follow from code: settings, sliders, errors, warnings.

`make docs` runs it, a test compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from client.command.environment import MEANINGS
from models.coefficients import ARKIT, CoefficientSpace
from models.errors import ControlError, FaceIndexError, MotionError, NoFaceError, NoVideoError, VideoError
from service.embedded.settings import EmbeddedSettings
from service.errors import HttpError
from service.settings import ApiSettings
from workers.contract.errors import ServiceError, SupersededError
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.settings import Settings
from workers.contract.warnings import WarningCode
from workers.media.still import EncodingError
from workers.runner import OutOfMemoryError

_MEDIA_ERRORS = (ControlError, FaceIndexError, MotionError, NoFaceError, NoVideoError, VideoError)
NOTICE = "<!-- Written by `make docs`; edit the code it describes instead. -->\n"


def settings_page() -> str:
    """Every setting of the API and the workers as one table: variable, type, default, meaning."""
    shared, api, embedded = (
        _settings_table(settings, [name for name in settings.model_fields if name not in base.model_fields])
        for settings, base in ((Settings, BaseSettings), (ApiSettings, Settings), (EmbeddedSettings, ApiSettings))
    )
    command = [(f"`{variable}`", meaning) for variable, meaning in MEANINGS.items()]
    return (
        f"# Settings\n\n{NOTICE}\n"
        "Environment variables, read once when a process starts.\n\n"
        f"## API and workers\n\n{shared}\n## API alone\n\n{api}\n"
        f"## Embedded stack alone (`make serve`)\n\n{embedded}\n"
        f"## The command `portrait` alone\n\n{_table(('variable', 'meaning'), command)}"
    )


def sliders_page(space: CoefficientSpace) -> str:
    """Expression sliders, pose axes and presets of a coefficient space, as `GET /sliders` serves them."""
    sliders = [
        (f"`{slider.name}`", slider.group, slider.description + (r" \*" if slider.weakly_observed else ""))
        for slider in space.expression
    ]
    shorthands = ", ".join(f"`{name}`" for name in space.shorthands)
    axes = [(f"`{axis.name}`", axis.unit, f"{axis.min:g} to {axis.max:g}") for axis in space.pose]
    presets = [(f"`{name}`", _preset(controls)) for name, controls in space.presets.items()]
    return (
        f"# Sliders of the `{space.name}` space\n\n{NOTICE}\n"
        "`GET /sliders` serves the same as JSON. A relative edit adds a value in [-1, 1] to what the extractor read "
        "from the photo; an absolute one replaces it by a value in [0, 1]. Left and right are the person's own.\n\n"
        f"## Expression\n\nTwo-sided shorthands move both sides at once: {shorthands}.\n\n"
        f"{_table(('slider', 'group', 'what it does'), sliders)}\n"
        "\\* Seldom seen in the photos the renderer was trained on; expect less of it.\n\n"
        f"## Pose\n\n{_table(('axis', 'unit', 'range'), axes)}\n"
        "Yaw + turns the nose to the picture's right, pitch + lifts it, roll + tilts the head clockwise in the "
        "picture; x + is right, y + is down.\n\n"
        f"## Presets\n\n{_table(('preset', 'controls'), presets)}"
    )


def errors_page() -> str:
    """Every problem document the API may answer with: its code, its status, when it comes."""
    rows = {(500, "internal_error", "A fault of the service; report the id that `detail` names.")}
    roots = (ServiceError, HttpError, InvalidRequestError)
    errors: list[type[ServiceError]] = [error for root in roots for error in _coded(root)]
    errors += [InvalidRequestError, EncodingError, OutOfMemoryError]
    rows |= {(error.status, error.code, error.__doc__ or "") for error in errors}
    rows |= {(422, error.code, error.__doc__ or "") for error in _MEDIA_ERRORS}
    table = [(f"`{code}`", str(status), meaning.splitlines()[0]) for status, code, meaning in sorted(rows)]
    return (
        f"# Errors\n\n{NOTICE}\n"
        "Every error is an RFC 9457 problem document (`application/problem+json`): `type`, `title`, `status`, "
        "`detail` (what to change), `code` (stable: programs may branch on it), `instance`, and for 422 `errors`, a "
        "list of `field` and `message`. With 429 and 503 comes `Retry-After`. Errors that only decoding or rendering "
        "can notice end a job: they are its `error`, and the answer of its `/result`.\n\n"
        f"{_table(('code', 'status', 'when'), table)}"
    )


def warnings_page() -> str:
    """Every warning that a job may carry."""
    return (
        f"# Warnings\n\n{NOTICE}\n"
        "A job may succeed although the picture does not support all that was requested. Its `warnings` then say so: a "
        "list of `code` (stable: programs may branch on it), `message` (what to change) and, where it is about one, "
        "`face` (index, largest first).\n\n"
        f"{_table(('code', 'when'), [(f'`{code}`', code.meaning) for code in WarningCode])}"
    )


def _coded(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for error in root.__subclasses__():
        # Those of one module, so that the page does not depend on what else is loaded.
        if error.__module__ == root.__module__ and error is not SupersededError:  # which stays between workers
            yield error
            yield from _coded(error)


def _settings_table(settings: type[BaseSettings], names: Iterable[str]) -> str:
    prefix = settings.model_config["env_prefix"]
    rows = []
    for name in names:
        field = settings.model_fields[name]
        value = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        default = "unset" if value in (None, "") else f"`{value}`"
        rows.append((f"`{prefix}{name.upper()}`", default, field.description or ""))
    return _table(("variable", "default", "meaning"), rows)


def _preset(controls: Mapping[str, Any]) -> str:
    values = controls["expression"]
    sliders = ", ".join(f"`{name}` {value:g}" for name, value in values.items() if value) or "every slider 0"
    return f"{sliders} ({controls['mode']})"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> None:
    folder = Path(__file__).parent
    (folder / "settings.md").write_text(settings_page(), encoding="utf-8")
    (folder / "sliders.md").write_text(sliders_page(ARKIT), encoding="utf-8")
    (folder / "errors.md").write_text(errors_page(), encoding="utf-8")
    (folder / "warnings.md").write_text(warnings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
