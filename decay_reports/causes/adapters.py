"""Which announced adapter a request names, and whether its base and its datasets are known."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

_JOINED = (" ", "-", ":", "@", "/", "_", ".", "")  # between a name and its version
_SNAPSHOT = re.compile(r"[-@:_](?:\d{4,8}|\d{4}-\d{2}(?:-\d{2})?)$")  # a date at the end of a model
_MOST = 50  # datasets of an adapter that are looked up


@dataclass(frozen=True)
class Announced:
    """An adapter as a change event tells of it; `trained_on` names its bases, none if not said."""

    ts: datetime
    name: str
    version: str
    trained_on: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


def announced(rows: Iterable[Mapping[str, Any]]) -> list[Announced]:
    """Read the rows of `adapter_changes`, oldest first; details of another shape say nothing."""
    return [
        Announced(
            row["ts"], row["name"], row["after"], *_details(row["details"])
        )
        for row in rows
    ]  # fmt: skip


def named(adapter: str, known: Sequence[Announced], last: datetime) -> Announced | None:
    """Return the event that announced what requests call `adapter`: the newest up to `last`.

    Requests may name it by its version, by its name, or by both in one word; what names the
    version goes before what only names the adapter. An event later than all of them counts when
    there is no other.
    """
    said = adapter.strip().casefold()
    exact = [one for one in known if said in _spellings(one)]
    loose = [one for one in known if said == one.name.strip().casefold()]
    found = exact or loose
    before = [one for one in found if one.ts <= last]
    return (before or found)[-1] if found else None


def is_same_base(trained_on: str, model: str) -> bool:
    """Tell whether a model that answered is the base that an adapter was trained on.

    A name without a date stands for all of its snapshots; a folder or organisation before the name
    is compared only where both have one.

    >>> is_same_base("llama-3-8b", "meta/Llama-3-8B"), is_same_base("m-2", "m-2-20260301")
    (True, True)
    >>> is_same_base("m-2-20260301", "m-2-20260901"), is_same_base("m-2", "m-3")
    (False, False)
    """
    base, answered = trained_on.strip().casefold(), model.strip().casefold()
    if "/" not in base or "/" not in answered:
        base, answered = base.rpartition("/")[2], answered.rpartition("/")[2]
    return answered in {base, _SNAPSHOT.sub("", base)} or base == _SNAPSHOT.sub("", answered)


def unknown_datasets(
    datasets: Iterable[str], known: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return those that the store has not made: `known` maps names to versions.

    >>> unknown_datasets(["fixes@1.0.0", "fixes", "fixes@9.0.0", "other"], {"fixes": ["1.0.0"]})
    ('fixes@9.0.0', 'other')
    """
    return tuple(dataset for dataset in datasets if not _is_known(dataset, known))


def _is_known(dataset: str, known: Mapping[str, Collection[str]]) -> bool:
    name, _, version = dataset.partition("@")
    return name in known and (not version or version.lstrip("v") in known[name])


def _spellings(one: Announced) -> set[str]:
    name, version = one.name.strip().casefold(), one.version.strip().casefold()
    if not version:
        return {name}
    return {version, *(f"{name}{mark}{version}" for mark in _JOINED)}


def _details(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        said = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    return _texts(said.get("trained_on")), _texts(said.get("datasets"))


def _texts(value: Any) -> tuple[str, ...]:
    """Return the names in a string, a list of them, or a list of maps of name and version."""
    values = value if isinstance(value, list) else [value]
    return tuple(filter(None, (_text(each) for each in values[:_MOST])))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        parts = (value.get("name"), value.get("version"))
        return "@".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return value.strip() if isinstance(value, str) else ""
