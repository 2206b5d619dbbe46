"""`portrait batch`: the same edit of many photos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from client.command import connection, controls, extras, media, output, rendering
from client.command.errors import CommandError
from client.command.subcommand import add_subcommand
from client.documents import Batch, Job
from client.many import Edit

MOST = 1000


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(
        commands,
        "batch",
        "edit many photos alike",
        "Results are named after their photos. The exit status is 1 where one of them failed.",
        usage="PHOTO … [OPTIONS] -o FOLDER",
        examples=("batch *.jpg --smile 0.5 --format jpeg -o smiling",),
    )
    parser.add_argument("photos", type=media.file, nargs="+", metavar="PHOTO", help=media.PHOTO)
    controls.add_arguments(parser)
    parser.add_argument(
        "--absolute",
        action="store_true",
        help="values replace what the photos show, instead of being added",
    )
    formats = tuple(dict.fromkeys(output.FORMATS.values()))
    parser.add_argument("--format", default="png", choices=formats, help="of the results; png without")
    fps = "frames a second of clips of keyframes"
    rendering.add_arguments(parser, writes="where to write the results", fps=fps, metavar="FOLDER")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Edit photos. Returns 1 where one of the edits failed."""
    names = names_of([str(photo) for photo in given.photos], given.format)
    wanted = controls.requested(given, absolute=given.absolute)
    options = rendering.options_of(given, given.format)
    more = extras.extras(given)
    with connection.opened(given) as client:
        edits = [
            Edit(photo, options=options, metadata={"photo": Path(photo).name}, bundle=more["bundle"], **wanted)
            for photo in given.photos
        ]
        batch = client.batch(edits, metadata=more["metadata"])
        return _save(client, _waited(client, batch), given.output, names)


def names_of(photos: list[str], chosen: str) -> list[str]:
    """What the results are called: as the photos, with the format's ending. Raises CommandError."""
    if len(photos) > MOST:
        raise CommandError(f"{len(photos):,} photos are too many for one batch; give at most {MOST:,}")
    ending = next(ending for ending, name in output.FORMATS.items() if name == chosen)
    names = [f"{Path(photo).stem}{ending}" for photo in photos]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CommandError(f"two photos would both become {twice[0]}; rename one, or give them to two commands")
    return names


def _waited(client: output.Worker, batch: Batch) -> Batch:
    """The batch at its end, with a bar on the terminal meanwhile. Ctrl-C cancels it."""
    try:
        with output.bar("edits") as show:
            return client.wait_batch(batch, on_progress=lambda now: show("", _ended(now), now.total))
    except KeyboardInterrupt:
        client.cancel_batch(batch)
        raise


def _ended(batch: Batch) -> int:
    return batch.total - batch.counts.get("queued", 0) - batch.counts.get("running", 0)


def _save(client: output.Worker, batch: Batch, folder: Path, names: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    status = 0
    for job, name in zip(client.batch_jobs(batch), names, strict=True):
        if job.status == "succeeded":
            print(client.save(job, folder / name))
        else:
            status = 1
            print(f"portrait: {name}: {_reason(job)}", file=sys.stderr)
    return status


def _reason(job: Job) -> str:
    return job.status if job.error is None else job.error.detail
