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
from training_sets.card import DATA, LOCK, README, card
from training_sets.reasons import Refused
from training_sets.rows import Row

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


def pull(
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
    fmt = fmt.replace("_", "-")
    opened = catalog.opened(store, spec)
    content = _rows_content(store, opened, settings)
    rows = [msgspec.json.decode(line, type=Row) for line in content.split(b"\n") if line]
    _check_allowed(store, opened, rows, settings)
    data = export.export(rows, form)
    n_rows = len(export.taken(rows, form))
    if not n_rows:
        raise _nothing(opened, fmt, form.KINDS)
    files = _files(opened, fmt, form, data, n_rows)
    info = opened.info
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


def _rows_content(store: Store, opened: catalog.Opened, settings: Settings) -> bytes:
    """Return the canonical rows: the published file, or the store's copy when it is gone."""
    name, version = opened.info.name, opened.info.version
    entry = next(each for each in opened.manifest["files"] if each["path"] == blobs.ROWS)
    path = blobs.folder_of(settings.publish.folder, name, version) / blobs.ROWS
    if path.exists():
        content, where = path.read_bytes(), str(path)
    else:
        stored = store.rows("dataset_rows_of", name=name, version=version)
        content = b"".join(each["row"].encode() + b"\n" for each in stored)
        where = f"the store's copy of {name}@{version}"
    if sha256_hex(content) != entry["sha256"]:
        raise DatasetCorrupt(
            f"{where} does not have the checksum of its manifest",
            hint=f"restore it from a backup, or `decayd datasets build {name}` makes a new version",
        )
    return content


def _check_allowed(
    store: Store, opened: catalog.Opened, rows: Sequence[Row], settings: Settings
) -> None:
    """Ask again for every row what was asked at the build, with what is known by now."""
    info = opened.info
    if info.state == catalog.WITHDRAWN:
        raise _withdrawn(info, "it was withdrawn", info.as_of)
    consents = guard.consents(store, _EVER, settings)
    entries = zip(rows, opened.manifest["lineage"], strict=True)
    refused = [row for row, entry in entries if not _allowed(row, entry, consents)]
    if refused:
        which = f"{len(refused):,} of its {len(rows):,} rows" if len(rows) > 1 else "its only row"
        said = {subject for row in refused for subject in row.subjects} & set(consents.newest)
        known = max((consents.newest[each]["available_at"] for each in said), default=info.as_of)
        raise _withdrawn(info, f"a person in {which} does not allow training now", known)


def _allowed(row: Row, entry: Mapping[str, Any], consents: guard.Consents) -> bool:
    asker = (None,) if entry["allowed_by"] == "lawful_basis" else ()
    occurred = datetime.fromisoformat(row.occurred_at).astimezone(UTC).replace(tzinfo=None)
    try:
        consents.check((*row.subjects, *asker), entry["feature"], occurred)
    except Refused:
        return False
    return True


def _withdrawn(info: catalog.VersionInfo, why: str, known: datetime) -> DatasetWithdrawn:
    """Name the command that builds what is left; `known` is from when a build sees the reason."""
    moment = f" --as-of {known.isoformat()}" if known > info.as_of else ""
    return DatasetWithdrawn(
        f"{info.name}@{info.version} can't be pulled: {why}",
        hint=f"`decayd datasets build {info.name}{moment}` makes a version without them",
    )


def _nothing(opened: catalog.Opened, fmt: str, kinds: Sequence[str]) -> DatasetError:
    info = opened.info
    by_kind = opened.manifest["counts"]["by_kind"]
    held = ", ".join(f"{n:,} {kind}" for kind, n in by_kind.items()) or "none"
    return DatasetError(
        f"{info.name}@{info.version} has no {' or '.join(kinds)} rows for {fmt} (rows: {held})",
        hint=f"`decayd datasets show {info.name}` lists why failures were blocked",
    )


def _files(
    opened: catalog.Opened, fmt: str, form: export.Format, data: bytes, n_rows: int
) -> dict[str, bytes]:
    info = opened.info
    text = card(opened.manifest, info.manifest_sha256, fmt, form.COLUMNS, n_rows)
    files = {DATA: data, README: text.encode(), blobs.MANIFEST: opened.manifest_bytes}
    lock = {
        "name": info.name,
        "version": info.version,
        "state": info.state,
        "format": fmt,
        "n_rows": n_rows,
        "manifest_sha256": info.manifest_sha256,
        "files": {path: sha256_hex(content) for path, content in files.items()},
    }
    return {**files, LOCK: encode(lock) + b"\n"}


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
