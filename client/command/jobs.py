"""`portrait jobs`: the jobs that there are."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from client.command import connection
from client.command.subcommand import add_subcommand
from client.documents import Job, JobStatus


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_subcommand(commands, "jobs", "list the jobs, newest first", examples=("jobs --status failed",))
    parser.add_argument("--kind", metavar="KIND", help="only those of a kind: edit, reenact, talk, extract, faces")
    parser.add_argument("--status", choices=get_args(JobStatus), help="only those in this state")
    parser.add_argument("-n", "--most", type=int, default=20, metavar="N", help="list so many at most; 20 without")
    parser.add_argument("--json", action="store_true", help="a line of JSON each")
    connection.add_arguments(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """List jobs."""
    with connection.connected(given) as client:
        jobs = client.jobs(kind=given.kind, status=given.status, most=given.most)
    if given.json:
        for job in jobs:
            print(job.model_dump_json())
    else:
        Console().print(_table(jobs))
    return 0


def _table(jobs: list[Job]) -> Table:
    table = Table("id", "kind", "state", "created", "what", box=None)
    for job in jobs:
        described = job.error.detail if job.error is not None else " ".join(f"{k}={v}" for k, v in job.metadata.items())
        created = "" if job.created_at is None else job.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(job.id, job.kind, job.status, created, described)
    return table
