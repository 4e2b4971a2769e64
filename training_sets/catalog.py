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


class SetInfo(msgspec.Struct, frozen=True):
    """A set with its latest version."""

    name: str
    latest: VersionInfo
    n_versions: int


class Member(msgspec.Struct, frozen=True):
    """One version that holds an example, the example's lineage there, and who pulled it."""

    name: str
    version: str
    row: Row
    lineage: dict[str, Any]
    pulls: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Shown:
    """A version with its manifest, whose SHA-256 was checked."""

    info: VersionInfo
    manifest: dict[str, Any]
    manifest_bytes: bytes


def list_sets(store: Store) -> list[SetInfo]:
    """Return every set by name."""
    by_name: dict[str, list[VersionInfo]] = {}
    for each in _versions(store):
        by_name.setdefault(each.name, []).append(each)
    return [
        SetInfo(name, _ordered(versions)[-1], len(versions))
        for name, versions in sorted(by_name.items())
    ]


def versions_of(store: Store, name: str) -> list[VersionInfo]:
    """Return the versions of a set, oldest number first; empty when there is none."""
    return _ordered([each for each in _versions(store) if each.name == name])


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
        known = ", ".join(each.name for each in list_sets(store)) or "none yet"
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


def show(store: Store, spec: str) -> Shown:
    """Return a version and its manifest.

    Raises
    ------
    DatasetNotFound
        When there is no such version.
    DatasetCorrupt
        When the stored manifest does not have the SHA-256 that identifies it.
    """
    info = resolve(store, spec)
    stored = store.rows("dataset_manifest", name=info.name, version=info.version)
    content = stored[0]["manifest"].encode() if stored else b""
    if sha256_hex(content) != info.manifest_sha256:
        raise DatasetCorrupt(
            f"the manifest of {info.name}@{info.version} was changed in the store",
            hint="restore a backup of the store, or build a new version",
        )
    return Shown(info, json.loads(content), content)


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
    entries = show(store, f"{name}@{version}").manifest["lineage"]
    pulls = store.rows("dataset_pulls", name=name)
    return Member(
        name=name,
        version=version,
        row=msgspec.json.decode(held["row"], type=Row),
        lineage=next(each for each in entries if each["example_id"] == example_id),
        pulls=tuple(each for each in pulls if each["version"] == version),
    )


def _versions(store: Store) -> list[VersionInfo]:
    return [VersionInfo(**row) for row in store.rows("dataset_versions")]


def _ordered(versions: list[VersionInfo]) -> list[VersionInfo]:
    return sorted(versions, key=lambda each: Version.parse(each.version))
