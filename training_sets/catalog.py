"""What training sets there are, what is in them, and where a row comes from."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from decayd.errors import DatasetCorrupt, DatasetNotFound
from decayd.files import sha256_hex
from store.database import Store
from training_sets.rows import Row
from training_sets.versions import Version, choose, split_spec

WITHDRAWN = "withdrawn"


class VersionInfo(msgspec.Struct, frozen=True):
    """One version of a set; `as_of` is naive UTC."""

    name: str
    version: str
    state: str
    as_of: datetime
    manifest_sha256: str
    n_rows: int


class Member(msgspec.Struct, frozen=True):
    """One version that holds an example, the example's lineage there, and who pulled it."""

    name: str
    version: str
    row: Row
    lineage: dict[str, Any]
    pulls: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Opened:
    """A version with its manifest, whose SHA-256 was checked."""

    info: VersionInfo
    manifest: dict[str, Any]
    manifest_bytes: bytes


def list_sets(store: Store) -> list[VersionInfo]:
    """Return every version of every set, by name and then by number."""
    versions = [VersionInfo(**row) for row in store.rows("dataset_versions")]
    return sorted(versions, key=lambda each: (each.name, Version.parse(each.version)))


def versions_of(store: Store, name: str) -> list[VersionInfo]:
    """Return the versions of a set, oldest number first; empty when there is none."""
    return [each for each in list_sets(store) if each.name == name]


def version_info(store: Store, name: str, version: str) -> VersionInfo:
    """Return one version by its exact number.

    Raises
    ------
    DatasetNotFound
        When it does not exist.
    """
    return resolve(store, f"{name}@{version}")


def resolve(store: Store, spec: str) -> VersionInfo:
    """Return the version that ``NAME``, ``NAME@1.2.0``, ``NAME@^1`` or ``NAME@latest`` means.

    Raises
    ------
    DatasetNotFound
        When there is no such set or version; the hint lists those that exist.
    """
    name, wanted = split_spec(spec)
    versions = {each.version: each for each in versions_of(store, name)}
    if not versions:
        known = ", ".join(dict.fromkeys(each.name for each in list_sets(store))) or "none yet"
        raise DatasetNotFound(
            f"there is no training set {name!r}",
            hint=f"built so far: {known}; `decayd datasets build {name}` says why one is empty",
        )
    found = choose(wanted, versions)
    if found is None:
        raise DatasetNotFound(
            f"there is no {name}@{wanted}", hint=f"versions: {', '.join(versions)}"
        )
    return versions[found]


def show(store: Store, spec: str) -> dict[str, Any]:
    """Return a version's manifest with its identity (`manifest_sha256`) and its state by now.

    Raises
    ------
    DatasetNotFound
        When there is no such version.
    DatasetCorrupt
        When the stored manifest does not have the SHA-256 that identifies it.
    """
    found = opened(store, spec)
    return {
        **found.manifest,
        "state": found.info.state,
        "manifest_sha256": found.info.manifest_sha256,
    }


def opened(store: Store, spec: str) -> Opened:
    """Return a version with its manifest as it was built; raises like `show`."""
    info = resolve(store, spec)
    stored = store.rows("dataset_manifest", name=info.name, version=info.version)
    content = stored[0]["manifest"].encode() if stored else b""
    if sha256_hex(content) != info.manifest_sha256:
        raise DatasetCorrupt(
            f"the manifest of {info.name}@{info.version} was changed in the store",
            hint="restore a backup of the store, or build a new version",
        )
    return Opened(info, json.loads(content), content)


def lineage(store: Store, example_id: str) -> list[Member]:
    """Return every version that holds an example, with its events, requests and pulls.

    Raises
    ------
    DatasetNotFound
        When no version holds it.
    """
    held = store.rows("dataset_members", example_id=example_id)
    if not held:
        raise DatasetNotFound(
            f"no version holds an example {example_id!r}",
            hint="example ids are in the jsonl format and in the manifest's lineage",
        )
    return [_member(store, row, example_id) for row in held]


def _member(store: Store, held: dict[str, Any], example_id: str) -> Member:
    name, version = held["name"], held["version"]
    entries = opened(store, f"{name}@{version}").manifest["lineage"]
    pulls = store.rows("dataset_pulls", name=name)
    return Member(
        name=name,
        version=version,
        row=msgspec.json.decode(held["row"], type=Row),
        lineage=next(each for each in entries if each["example_id"] == example_id),
        pulls=tuple(each for each in pulls if each["version"] == version),
    )
