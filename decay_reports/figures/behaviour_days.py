"""What a feature's answers are like by day, topic and behaviour version, read for the tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from decay_reports.figures.fingerprint import Daily
from decay_reports.figures.frame import Floats, Ints
from decayd.weeks import day_start
from store.database import Store

REFUSAL, FORMAT, LENGTH, LATENCY, TOKENS = "refusal", "format", "length", "latency", "tokens"
TOOL = "tool "  # and its name
_POINT, _SHARE = 0.01, 0.05  # the smallest change that matters: of refusals, of other shares
_LOGS = (LENGTH, LATENCY, TOKENS)
OTHERS = "others"  # the versions beyond the most used, as the query writes them
_UNPLACED = "unembedded"
_SOME = 0.01  # of requests that call a tool: rarer ones are not tested


@dataclass(frozen=True)
class BehaviourDays:
    """Answers of one kind of traffic: `traits` by day and cell, `versions` by day and version.

    `by_topic` is false where most requests have no topic: then all are one cell, and a changed
    mix of topics can't be told from a changed answer.
    """

    days: tuple[date, ...]
    traits: tuple[Daily, ...]
    versions: tuple[str, ...]
    of_version: tuple[Daily, ...]
    by_topic: bool

    @property
    def n(self) -> Floats:
        """Return the requests of each day and version ``(d, v)``."""
        return self.of_version[0].n

    def listed(self) -> tuple[tuple[str, ...], Floats]:
        """Return the versions that are named one by one, and their requests ``(d, v)``."""
        kept = [k for k, version in enumerate(self.versions) if version != OTHERS]
        return tuple(self.versions[k] for k in kept), self.n[:, kept]


def load(
    store: Store, feature: str, as_of: datetime, days: Sequence[date], timezone: str
) -> dict[bool, BehaviourDays]:
    """Read the answers of `days` as known at `as_of`, users' under False, probes' under True."""
    edges = [day_start(day, timezone) for day in days]
    asked = {"feature": feature, "as_of": as_of, "since": edges[0], "edges": edges}
    rows, tools = (store.rows(name, **asked) for name in ("behaviour_days", "behaviour_tools"))
    at = {edge: k for k, edge in enumerate(edges)}
    return {
        probe: _days(
            tuple(days), at,
            [row for row in rows if row["probe"] is probe],
            [row for row in tools if row["probe"] is probe],
        )
        for probe in (False, True)
        if any(row["probe"] is probe for row in rows)
    }  # fmt: skip


def _days(
    days: tuple[date, ...], at: dict[datetime, int], rows: list[dict[str, Any]],
    tools: list[dict[str, Any]],
) -> BehaviourDays:  # fmt: skip
    unplaced = sum(row["n"] for row in rows if row["cell"] == _UNPLACED)
    by_topic = 2 * unplaced <= sum(row["n"] for row in rows)
    if by_topic:
        rows = [row for row in rows if row["cell"] != _UNPLACED]
    cells = sorted({row["cell"] if by_topic else "" for row in rows})
    versions = sorted({row["version"] for row in rows})
    day = np.array([at[row["start"]] for row in rows], np.int64)
    cell = np.array([cells.index(row["cell"] if by_topic else "") for row in rows], np.int64)
    version = np.array([versions.index(row["version"]) for row in rows], np.int64)
    shape = (len(days), len(cells))
    return BehaviourDays(
        days=days, versions=tuple(versions), by_topic=by_topic,
        traits=(*_traits(rows, day, cell, shape), *_tools(rows, tools, at, cells)),
        of_version=_traits(rows, day, version, (len(days), len(versions)), every=True),
    )  # fmt: skip


def _traits(
    rows: list[dict[str, Any]], day: Ints, column: Ints, shape: tuple[int, int], *,
    every: bool = False,
) -> tuple[Daily, ...]:  # fmt: skip
    """Return the traits that were sent, refusals first; all of them with `every`."""

    def table(name: str) -> Floats:
        made = np.zeros(shape)
        np.add.at(made, (day, column), np.array([row[name] for row in rows], float))
        return made

    refusal, format_valid = table(REFUSAL), table(FORMAT)
    traits = [
        Daily(REFUSAL, table("n"), refusal, refusal, floor=_POINT),
        Daily(FORMAT, table("format_n"), format_valid, format_valid, floor=_SHARE),
        *(Daily(x, table(f"{x}_n"), table(x), table(f"{x}_sq"), is_log=True) for x in _LOGS),
    ]
    return tuple(trait for trait in traits if every or trait.n.any())


def _tools(
    rows: list[dict[str, Any]], tools: list[dict[str, Any]], at: dict[datetime, int],
    cells: list[str],
) -> tuple[Daily, ...]:  # fmt: skip
    """Return each tool's share of the requests that state which tools they called."""
    n = np.zeros((len(at), len(cells)))
    one = cells == [""]
    place = {cell: k for k, cell in enumerate(cells)}
    for row in rows:
        n[at[row["start"]], 0 if one else place[row["cell"]]] += row["tools_n"]
    made: dict[str, Floats] = {}
    for row in tools:
        if one or row["cell"] in place:
            called = made.setdefault(row["tool"], np.zeros_like(n))
            called[at[row["start"]], 0 if one else place[row["cell"]]] += row["n"]
    return tuple(
        Daily(f"{TOOL}{name}", n, called, called, floor=_SHARE)
        for name, called in sorted(made.items())
        if called.sum() >= _SOME * n.sum()
    )
