"""Writes a version: its files first and the store's rows after, so what the store names exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decayd.errors import DatasetError
from decayd.files import sha256_hex
from store.database import Store
from training_sets import blobs, manifest
from training_sets.canonical import encode
from training_sets.examples import Example
from training_sets.lint import problems
from training_sets.reasons import Funnel
from training_sets.rows import Row
from training_sets.versions import Version, passing_over


@dataclass(frozen=True)
class Draft:
    """A version that is ready but for its number, which the folder may have taken already."""

    number: Version
    last: Version | None
    examples: Sequence[Example]
    funnel: Funnel
    inputs: manifest.Inputs

    def files(self, number: Version) -> dict[str, bytes]:
        """Return the files of the version under a number."""
        parent = self.last.text if self.last else None
        document = manifest.make(number.text, parent, self.examples, self.funnel, self.inputs)
        rows = manifest.rows_file(each.row for each in self.examples)
        return {blobs.ROWS: rows, blobs.MANIFEST: encode(document)}


@dataclass(frozen=True)
class Published:
    """Where a version went."""

    version: str
    manifest_sha256: str
    folder: Path


def publish(store: Store, draft: Draft, published: Path) -> Published:
    """Write a version's files and rows.

    A number whose folder holds other bytes is passed over: an interrupted build or another store
    left them there, and nothing published is ever rewritten.

    Raises
    ------
    DatasetError
        When a row is faulty or the folder can't be written.
    """
    name, number = draft.funnel.name, draft.number
    _check([each.row for each in draft.examples])
    files = draft.files(number)
    while blobs.differs(folder := blobs.folder_of(published, name, number.text), files):
        number = passing_over(number)
        files = draft.files(number)
    blobs.write(folder, files)
    document = files[blobs.MANIFEST]
    identity = sha256_hex(document)
    entry = {
        "name": name,
        "version": number.text,
        "state": manifest.CANDIDATE,
        "as_of": draft.inputs.as_of,
        "manifest_sha256": identity,
        "manifest": document.decode(),
        "n_rows": len(draft.examples),
    }
    rows = [_stored(name, number.text, each.row) for each in draft.examples]
    with store.transaction() as transaction:
        transaction.append("dataset_rows", rows)
        transaction.append("datasets", [entry])
    return Published(number.text, identity, folder)


def _stored(name: str, version: str, row: Row) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "example_id": row.example_id,
        "kind": row.kind,
        "row_sha256": row.row_sha256,
        "request_ids": list(row.request_ids),
        "subjects": list(row.subjects),
        "row": encode(row.as_dict()).decode(),
    }


def _check(rows: Sequence[Row]) -> None:
    """Refuse a faulty row; the guards before should have kept it out."""
    for row in rows:
        found = problems(row.as_dict())
        if found:
            raise DatasetError(f"row {row.example_id} is faulty: {found[0]}")
