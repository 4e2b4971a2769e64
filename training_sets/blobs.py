"""Files of a version: written once, whole, read-only; never changed afterwards."""

from collections.abc import Mapping
from pathlib import Path

from decayd.errors import DatasetError
from decayd.files import sha256_hex, write_atomic

ROWS = "rows.jsonl"
MANIFEST = "manifest.json"
_READ_ONLY = 0o444


def folder_of(published: Path, name: str, version: str) -> Path:
    """Return where a version's files lie."""
    return published / "datasets" / name / version


def differs(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether the folder holds other content under one of these names.

    That happens when a build was interrupted before the store knew of it, or when another store
    publishes to the same place. Such a folder is left alone.
    """
    return any(
        (folder / name).exists() and sha256_hex((folder / name).read_bytes()) != sha256_hex(data)
        for name, data in files.items()
    )


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files that are not there yet.

    Raises
    ------
    DatasetError
        When the folder can't be written.
    """
    try:
        for name, data in files.items():
            if not (folder / name).exists():
                write_atomic(folder / name, data, mode=_READ_ONLY)
    except OSError as error:
        raise DatasetError(
            f"can't write {folder}: {error.strerror}", hint="publish.folder names another place"
        ) from error
