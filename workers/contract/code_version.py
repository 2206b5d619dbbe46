"""Which code made something: the version of this package, and the build that an image was made from."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """The version of the installed package, `0` of a source tree that is not installed."""
    try:
        return version("pirenderer-service")
    except PackageNotFoundError:
        return "0"


def code_version(build: str | None) -> str:
    """The package's version, with the build as its local part where there is one: 0.1.0+3f2a91c."""
    return package_version() if not build else f"{package_version()}+{build}"
