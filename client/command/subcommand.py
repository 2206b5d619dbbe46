"""How a subcommand presents itself: what it does, and what to type."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any


def add_subcommand(
    commands: Any, name: str, does: str, more: str = "", *, usage: str = "", examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """Add a subcommand.

    Args:
        commands: of the command line.
        name: of the subcommand.
        does: what it does, in a few words, for the list of all.
        more: sentences that its own help has besides.
        usage: what follows the name, where it is too much for a line of usage.
        examples: command lines without `portrait`.
    """
    sentences = f"{does[0].upper()}{does[1:]}. {more}".strip()
    typed = "".join(f"\n  portrait {example}" for example in examples)
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=textwrap.fill(sentences, 100),
        epilog=f"examples:{typed}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=f"portrait {name} {usage}" if usage else None,
        allow_abbrev=False,
    )
    return parser
