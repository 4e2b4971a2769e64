"""Hands a version to a trainer: resolved, allowed by its subjects today, verified, recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from decayd.config import Settings
from decayd.errors import DatasetCorrupt, DatasetError, DatasetWithdrawn
from decayd.files import sha256_hex
from store.database import Store
from training_sets import blobs, catalog, export, guard
from training_sets.canonical import encode
from training_sets.card import DATA, card
from training_sets.reasons import Refused
from training_sets.rows import Row

LOCK = "lock.json"
README = "README.md"
_EVER = datetime(9999, 12, 31)  # noqa: DTZ001 - the store's times are naive UTC


@dataclass(frozen=True)
class PulledFiles:
    """The files of a pull by their path below the target folder."""

    name: str
    version: str
    state: str
    format: str
    n_rows: int
    manifest_sha256: str
    files: Mapping[str, bytes]


def pull(  # noqa: PLR0913 - the command's own arguments
    store: Store, spec: str, fmt: str, settings: Settings, job_id: str | None, now: datetime
) -> PulledFiles:
    """Return a version's files in one format and record who took it.

    Parameters
    ----------
    spec
        ``NAME`` (latest), ``NAME@1.2.0``, ``NAME@^1`` or ``NAME@latest``.
    fmt
        An export format, such as ``trl-sft``.
    job_id
        What the trainer calls its run, so that a revocation can name it.
    now
        When the pull happens; only recorded.

    Raises
    ------
    DatasetNotFound
        When there is no such set, version or format (exit 12).
    DatasetWithdrawn
        When somebody in the rows no longer allows training (exit 10).
    DatasetCorrupt
        When stored bytes do not have their checksum (exit 11).
    DatasetError
        When the version has no rows of the format's kind.
    """
    form = export.load(fmt)
    shown = catalog.show(store, spec)
    content = _rows_content(store, shown, settings)
    rows = [msgspec.json.decode(line, type=Row) for line in content.splitlines()]
    _check_allowed(store, shown, rows, settings)
    data = export.export(rows, form)
    n_rows = len(export.taken(rows, form))
    if not n_rows:
        raise _nothing(shown, fmt, form.KINDS)
    files = _files(shown, fmt, form, data, n_rows)
    info = shown.info
    record = {"name": info.name, "version": info.version, "format": fmt, "job_id": job_id}
    store.append("pulls", [record | {"ts": _naive(now), "sha256": sha256_hex(data)}])
    return PulledFiles(
        name=info.name,
        version=info.version,
        state=info.state,
        format=fmt,
        n_rows=n_rows,
        manifest_sha256=info.manifest_sha256,
        files=files,
    )
