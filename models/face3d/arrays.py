"""Arrays on disk: whoever lacks a file reads what makes it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from models.errors import TrainingDataError


def read_arrays(path: Path, names: Iterable[str], made_by: str) -> dict[str, np.ndarray]:
    """Arrays of an npz file by name.

    Args:
        made_by: the command that makes the file.

    Raises:
        TrainingDataError: the file, or an array in it, is missing or damaged.
    """
    try:
        with np.load(path) as file:
            return {name: file[name] for name in names}
    except FileNotFoundError:
        raise missing(path, made_by) from None
    except KeyError as error:
        raise TrainingDataError(f"{path}: {error.args[0]}; make it again with {made_by}") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingDataError(f"{path} is damaged ({error}): make it again with {made_by}") from error


def read_array(path: Path, made_by: str, mmap: Literal["r"] | None = None) -> np.ndarray:
    """The array of an npy file, in memory or, with `mmap`, on disk until it is used. Raises as `read_arrays` does."""
    try:
        return np.asanyarray(np.load(path, mmap_mode=mmap))
    except FileNotFoundError:
        raise missing(path, made_by) from None
    except (ValueError, EOFError) as error:
        raise TrainingDataError(f"{path} is damaged ({error}): make it again with {made_by}") from error


def missing(path: Path, made_by: str) -> TrainingDataError:
    """The error of a file that is not there."""
    return TrainingDataError(f"{path} is missing: {made_by} makes it")
