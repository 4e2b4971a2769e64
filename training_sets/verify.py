"""Checks a pulled folder against its lock, offline."""

import json
from pathlib import Path
from typing import Any

from decayd.errors import DatasetCorrupt, DatasetNotFound
from decayd.files import sha256_hex
from training_sets.blobs import MANIFEST
from training_sets.card import DATA, LOCK

_AGAIN = "pull it again: `decayd datasets pull NAME@VERSION`"


def verify(folder: Path) -> int:
    """Check every file of a pulled folder, its manifest's identity and its number of rows.

    Returns
    -------
    int
        How many files were checked.

    Raises
    ------
    DatasetNotFound
        When the folder has no lock.
    DatasetCorrupt
        When the lock can't be read, or a file is missing or was changed; the message names it.
    """
    lock = _lock(folder)
    for path, sha256 in lock["files"].items():
        _check(folder, path, sha256)
    if lock["files"].get(MANIFEST) != lock["manifest_sha256"]:
        raise DatasetCorrupt(f"{folder / MANIFEST} is not the locked manifest", hint=_AGAIN)
    n_rows = (folder / DATA).read_bytes().count(b"\n")
    if n_rows != lock["n_rows"]:
        raise DatasetCorrupt(f"{folder / DATA} has {n_rows} rows, the lock says {lock['n_rows']}")
    return len(lock["files"])


def _lock(folder: Path) -> dict[str, Any]:
    path = folder / LOCK
    if not path.is_file():
        raise DatasetNotFound(f"{folder} has no {LOCK}", hint="name the folder of a pull")
    try:
        lock = json.loads(path.read_bytes())
        complete = isinstance(lock, dict) and all(name in lock for name in _FIELDS)
    except ValueError as error:
        raise DatasetCorrupt(f"{path} is not JSON: {error}", hint=_AGAIN) from error
    if not complete or not isinstance(lock["files"], dict) or DATA not in lock["files"]:
        raise DatasetCorrupt(f"{path} is not a lock of decayd", hint=_AGAIN)
    return dict(lock)


_FIELDS = ("name", "version", "state", "format", "n_rows", "manifest_sha256", "files")


def _check(folder: Path, path: str, sha256: str) -> None:
    inside = (folder / path).resolve()
    if not inside.is_relative_to(folder.resolve()):
        raise DatasetCorrupt(f"the lock names a file outside of {folder}: {path!r}")
    if not inside.is_file():
        raise DatasetCorrupt(f"{folder / path} is missing", hint=_AGAIN)
    if sha256_hex(inside.read_bytes()) != sha256:
        raise DatasetCorrupt(f"{folder / path} was changed after the pull", hint=_AGAIN)
