"""Compares the register of components with what traffic went through, by name alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

EOL_SOON = timedelta(days=60)
OWN = ("prompt", "tools", "code")  # keys of the versions map that are the feature's own work
_GONE = ("removed", "retired")  # `to` of a change that takes a component off the register


@dataclass(frozen=True)
class Component:
    """A registered component, each detail as last announced; `eol` None where none is readable."""

    name: str
    first_ts: datetime
    layer: str = ""
    owner: str = ""
    vendor: str = ""
    feature: str = ""
    eol: date | None = None
    eol_said: str = ""


@dataclass(frozen=True)
class Part:
    """Something that traffic went through: a model, an adapter, a tool, a region, a version.

    Of a version the name is its key, such as ``index``, and `value` is what was sent for it.
    """

    kind: str
    name: str
    value: str
    n: int
    features: tuple[str, ...]
    first_ts: datetime
    last_ts: datetime

    @property
    def names(self) -> set[str]:
        """Return every name under which it may be registered, with and without its version."""
        name, value = _folded(self.name), _folded(self.value)
        bare = name.partition("@")[0]
        return {name, *([value, f"{name}@{value}"] if value else []), *([bare] if bare else [])}

    @property
    def must_be_registered(self) -> bool:
        """Tell whether it is a dependency: neither a place nor the feature's own work."""
        return self.kind != "region" and not (self.kind == "version" and self.name in OWN)


def register(rows: Iterable[Mapping[str, Any]]) -> list[Component]:
    """Return what is registered after all changes, oldest first, by name.

    A later change replaces the details that it names (null empties one) and keeps the others; one
    whose `to` is ``removed`` or ``retired`` ends the component, and it may be announced anew.
    """
    known: dict[str, Component] = {}
    said: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = _folded(row["name"])
        if _folded(row["state"]) in _GONE:
            known.pop(key, None)
            said.pop(key, None)
            continue
        told = msgspec.json.decode(row["details"] or "{}")
        details = said.get(key, {}) | ({"feature": row["feature"]} if row["feature"] else {})
        said[key] = details | (told if isinstance(told, dict) else {})
        first = known[key].first_ts if key in known else row["ts"]
        known[key] = _component(row["name"], first, said[key])
    return sorted(known.values(), key=lambda one: (one.name, one.first_ts))


def parts(rows: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Return what traffic went through, in the order of the rows."""
    return [
        Part(
            row["kind"], row["name"], row["version"], row["n"], tuple(row["features"]),
            row["first_ts"], row["last_ts"],
        )
        for row in rows
    ]  # fmt: skip


def unregistered(components: Sequence[Component], seen: Sequence[Part]) -> list[list[Part]]:
    """Return the dependencies in traffic that no registered name matches.

    Versions of one key are one dependency; those with most requests come first.
    """
    known = {_folded(one.name) for one in components}
    found: dict[tuple[str, str], list[Part]] = {}
    for part in seen:
        if part.must_be_registered and not part.names & known:
            found.setdefault((part.kind, part.name), []).append(part)
    return sorted(found.values(), key=lambda group: -sum(part.n for part in group))


def requests_by_component(components: Sequence[Component], seen: Sequence[Part]) -> list[int]:
    """Return for each component how many requests named it: 0 for one that was not seen.

    Where parts of several kinds have its name, the kind with most requests counts: they may be the
    same requests.
    """
    n: dict[str, dict[str, int]] = {}
    for part in seen:
        for name in part.names:
            of_kind = n.setdefault(name, {})
            of_kind[part.kind] = of_kind.get(part.kind, 0) + part.n
    return [max(n.get(_folded(one.name), {"": 0}).values()) for one in components]


def ending(components: Sequence[Component], today: date) -> list[Component]:
    """Return the components whose end of life has passed or is at most 60 days ahead."""
    return [one for one in components if one.eol is not None and one.eol <= today + EOL_SOON]


def _component(name: str, first_ts: datetime, details: Mapping[str, Any]) -> Component:
    def text(key: str) -> str:
        value = details.get(key)
        return str(value).strip() if isinstance(value, str | int | float) else ""

    eol = text("eol")
    return Component(
        name, first_ts, layer=text("layer"), owner=text("owner"), vendor=text("vendor"),
        feature=text("feature"), eol=_day(eol), eol_said=eol,
    )  # fmt: skip


def _day(said: str) -> date | None:
    """Read a day, or the day of an instant, in ISO form; a month ends with its last day.

    >>> _day("2026-12-31"), _day("2027-02"), _day("soon")
    (datetime.date(2026, 12, 31), datetime.date(2027, 2, 28), None)
    """
    try:
        if len(said) == len("2027-02") and "-" in said:
            first = date.fromisoformat(f"{said}-01")
            return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return datetime.fromisoformat(said).date()
    except (ValueError, OverflowError):
        return None


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
