"""Bundles from the command line: `python -m models.bundle import-pirender …`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.bundle.bundle import DEFAULT_BUNDLE, open_bundle
from models.errors import BundleError

_EXAMPLES = """examples:
  python -m models.bundle import-pirender epoch_00190_iteration_000400000_checkpoint.pt \\
      --extractor epoch_20.pth --landmarks similarity_Lm3D_all.mat --out bundles/pirender
  PORTRAIT_BUNDLE=bundles/pirender python -m service.embedded
  python -m models.bundle check bundles/pirender
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after an error, which goes to stderr."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "import-pirender":
            from models.importers.pirender.convert import import_pirender  # torch: seconds that --help need not take

            bundle = import_pirender(asked.checkpoint, asked.extractor, asked.landmarks, asked.out, faces=asked.faces)
        else:
            bundle = open_bundle(asked.folder)
    except BundleError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1
    manifest = bundle.manifest
    print(f"{bundle.folder}: preset {manifest.preset}, space {manifest.space}, {len(manifest.files)} files")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.bundle",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import-pirender", help="the authors' checkpoints to a bundle of the bfm space")
    importing.add_argument("checkpoint", type=Path, help="the official renderer; net_G_ema is taken")
    importing.add_argument("--extractor", type=Path, required=True, metavar="EPOCH_20", help="epoch_20.pth")
    importing.add_argument("--landmarks", type=Path, required=True, metavar="LM3D", help="similarity_Lm3D_all.mat")
    importing.add_argument("--out", type=Path, default=Path("bundles/pirender"), help="default: %(default)s")
    importing.add_argument("--faces", type=Path, default=DEFAULT_BUNDLE, help="bundle that finds the faces")
    check = commands.add_parser("check", help="open a bundle: manifest, sizes and hashes of all files")
    check.add_argument("folder", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
