"""The authors' checkpoints to a bundle of the bfm space."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.bundle import DEFAULT_BUNDLE
from models.errors import BundleError
from models.importers.pirender.convert import import_pirender

_EXAMPLES = """examples:
  python -m models.importers.pirender epoch_00190_iteration_000400000_checkpoint.pt \\
      --extractor epoch_20.pth --landmarks similarity_Lm3D_all.mat --out bundles/pirender
  PORTRAIT_BUNDLE=bundles/pirender python -m service.embedded
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after an error, which goes to stderr."""
    given = _parser().parse_args(arguments)
    try:
        bundle = import_pirender(given.checkpoint, given.extractor, given.landmarks, given.out, faces=given.faces)
    except BundleError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print(f"{bundle.folder}: {bundle.manifest.summary}")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.importers.pirender",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path, help="the official renderer; net_G_ema is taken")
    parser.add_argument("--extractor", type=Path, required=True, metavar="EPOCH_20", help="epoch_20.pth")
    parser.add_argument("--landmarks", type=Path, required=True, metavar="LM3D", help="similarity_Lm3D_all.mat")
    parser.add_argument("--out", type=Path, default=Path("bundles/pirender"), help="default: %(default)s")
    parser.add_argument("--faces", type=Path, default=DEFAULT_BUNDLE, help="bundle that finds the faces")
    return parser


if __name__ == "__main__":
    sys.exit(main())
