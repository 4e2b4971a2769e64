"""What began to serve and was not announced: layers of a version, an index that was built anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from decay_reports.causes.traits import layers
from decay_reports.figures.frame import Floats

_BEFORE, _AFTER = timedelta(days=7), timedelta(days=2)  # of a change's event around what it changed
_ENOUGH = 10  # requests of a value: fewer are a try, not a change
_FEW = 1 / 3  # of a day: a value between it and its counterpart is neither rare nor usual
_DOCUMENTS = 30  # retrieved documents of a day that tell how old they are
_ROUTINE = 0.2  # of days with a rebuilt index: then it is built anew as a matter of course
_SIDE = 3  # days before and after a jump of the age of documents
_JUMP_DAYS, _JUMP = 7.0, 1.5
_BY_LAYER = {
    "model": {"model", "router"}, "retriever": {"index", "embedder", "code"},
    "adapter": {"adapter", "model"},
}  # fmt: skip
_DOCUMENT_CHANGES = frozenset({"index", "embedder"})


@dataclass(frozen=True)
class Unannounced:
    """A layer, or the documents, that changed on `day`: from what, to what, in n requests."""

    day: date
    what: str
    before: str
    after: str
    n: int


def flips(days: Sequence[date], versions: Sequence[str], n: Any) -> list[Unannounced]:
    """Return the values of layers that began to serve, of n requests ``(d, v)``.

    A value counts that nobody had on the days before, or that most requests have from a day on;
    so a flip back is seen as well. The first day with requests tells nothing.
    """
    known = [layers(version) for version in versions]
    found: list[Unannounced] = []
    for layer in sorted({key for each in known for key in each}):
        values = sorted({each.get(layer, "") for each in known})
        of_value = np.zeros((len(days), len(values)))
        for v, each in enumerate(known):
            of_value[:, values.index(each.get(layer, ""))] += np.asarray(n)[:, v]
        found += _began(days, layer, values, of_value)
    return sorted(found, key=_order)


def announced(one: Unannounced, changes: Iterable[dict[str, Any]]) -> bool:
    """Tell whether a change event speaks of it: of its layer a few days around, or of its value."""
    kinds = _BY_LAYER.get(one.what, {one.what})
    start = datetime.combine(one.day, datetime.min.time())
    for change in changes:
        near = start - _BEFORE <= change["ts"] <= start + timedelta(days=1) + _AFTER
        named = change["after"] == one.after and change["ts"] <= start + _AFTER
        if (near and change["artifact"] in kinds) or (named and one.after):
            return True
    return False


def rebuilds(rows: Sequence[dict[str, Any]]) -> list[Unannounced]:
    """Return the days from which documents come from an index that was built anew.

    On such a day nine in ten documents were indexed later than nine in ten of those two days
    before. An index that is built every day is not listed. `rows` are those of
    `behaviour_documents`, with their `day`.
    """
    told = [row for row in rows if row["n_indexed"] >= _DOCUMENTS]
    jumps = [
        (old, new) for old, new in zip(told, told[2:], strict=False) if new["low_s"] > old["high_s"]
    ]
    if not told or len(jumps) > max(_ROUTINE * len(told), 2):
        return []
    found: list[Unannounced] = []
    for old, new in jumps:
        built = _day(new["low_s"])
        if not found or (new["day"] - found[-1].day).days > _SIDE:
            found.append(
                Unannounced(
                    max(min(built, new["day"]), old["day"]), "index",
                    f"documents indexed about {_day(old['middle_s'])}",
                    f"about {_day(new['middle_s'])}", int(new["n_indexed"]),
                )
            )  # fmt: skip
    return found


def aged(rows: Sequence[dict[str, Any]]) -> list[Unannounced]:
    """Return the days from which retrieved documents are suddenly older or younger.

    By half or more, and a week or more, beyond all days of the week before: as after an index was
    put back to an old copy, or lost a source.
    """
    told = [row for row in rows if row["n_ages"] >= _DOCUMENTS]
    age = np.array([row["age_days"] for row in told])
    found: list[Unannounced] = []
    for k in range(7, len(told) - _SIDE + 1):
        before, after = age[k - 7 : k], age[k : k + _SIDE]
        older = after.min() > max(_JUMP * before.max(), before.max() + _JUMP_DAYS)
        younger = after.max() < min(before.min() / _JUMP, before.min() - _JUMP_DAYS)
        if (older or younger) and not (found and (told[k]["day"] - found[-1].day).days <= _SIDE):
            found.append(
                Unannounced(
                    told[k]["day"], "documents", f"{np.median(before):.0f} days old (median)",
                    f"{np.median(after):.0f} days old", int(told[k]["n_ages"]),
                )
            )  # fmt: skip
    return found


def document_changes(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the announced changes after which documents may differ, as changes of both kinds."""
    said = [change for change in changes if change["artifact"] in _DOCUMENT_CHANGES]
    return [dict(change, artifact=kind) for change in said for kind in ("index", "documents")]


def _began(
    days: Sequence[date], layer: str, values: Sequence[str], of_value: Floats
) -> Iterable[Unannounced]:
    asked = np.flatnonzero(of_value.sum(axis=1) > 0)
    shares = of_value[asked] / of_value[asked].sum(axis=1, keepdims=True)
    for at in range(1, len(asked)):
        day = int(asked[at])
        usual = int(shares[at - 1].argmax())
        for k, value in enumerate(values):
            is_new = of_value[day, k] > 0 and not of_value[:day, k].any()
            n = int(of_value[day:, k].sum())
            if n >= _ENOUGH and (is_new or (k != usual and _flips(shares[:, k], at))):
                yield Unannounced(days[day], layer, values[usual], value, n)


def _flips(share: Floats, at: int) -> bool:
    """Tell whether a value goes from a few requests to most of them, for days on both sides."""
    before, after = share[max(at - _SIDE, 0) : at], share[at : at + _SIDE]
    return bool(before.max() <= _FEW and after.min() >= 1.0 - _FEW)


def _order(one: Unannounced) -> tuple[date, str, str]:
    return one.day, one.what, one.after


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
