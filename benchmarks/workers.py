"""How many edits a second one, two and four workers make on one machine, beside a busy neighbour.

    python -m benchmarks.workers

Clients keep the queue filled; the neighbour is a process that takes as much of one core as it gets. The baseline is one
worker: more of them should never make less than 0.9 of it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from skimage import data

from benchmarks.neighbour import busy_neighbour, second_worker, throughput
from service.embedded.background import embedded_stack

COUNTS = (1, 2, 4)

console = Console()


def measured(edits: int) -> dict[str, Any]:
    """Edits a second by the number of workers, and ratios to one worker."""
    photo, rates = data.astronaut(), {}
    with ExitStack() as running:
        url = running.enter_context(embedded_stack())
        for count in COUNTS:
            for number in range(max(rates, default=1), count):
                running.enter_context(second_worker(url, number + 1))
            throughput(url, photo, 1)  # warms up
            with busy_neighbour():
                rates[count] = throughput(url, photo, edits)
    return {
        "rows": {
            str(count): {"edits_per_s": round(rate, 3), "ratio": round(rate / rates[1], 3)}
            for count, rate in rates.items()
        }
    }


def main(edits: Annotated[int, typer.Option(min=1, help="Edits of each client.")] = 10) -> None:
    """Measure workers that share a machine."""
    table = Table(title="Edits a second beside a busy neighbour")
    for column in ("workers", "edits/s", "ratio"):
        table.add_column(column)
    for count, row in measured(edits)["rows"].items():
        table.add_row(count, f"{row['edits_per_s']:.2f}", f"{row['ratio']:.2f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
