"""What is said of a part: a segment that fell by more than the rest, a version that is worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from decay_reports.figures.figure import FigureKey
from decay_reports.numbers import points_with_interval, visible
from decayd.results import Estimate, Finding
from store.database import Transaction
from store.findings import append_findings, findings_at

SEGMENT, VERSION = "segment_fell", "version_worse"
KINDS = (SEGMENT, VERSION)
_NAME = 90

_NEXT = {
    SEGMENT: "read its requests",
    VERSION: "read its requests before more are sent to it",
}
Part = tuple[str, str]  # the kind of its finding and its name


@dataclass(frozen=True)
class Told:
    """How much worse a part is (a negative share), since when, and its failed requests."""

    size: Estimate
    since: date
    now: Estimate
    before: Estimate
    members: Sequence[str]


def hold(tx: Transaction, key: FigureKey, part: Part, told: Told) -> None:
    """Open the finding of a part, or append it under its id while it lasts."""
    kind, name = part
    label, size = visible(name, _NAME), points_with_interval(told.size)
    since = f"since about {told.since.day} {told.since:%b %Y}"
    title = {
        SEGMENT: f"success of {label} fell by more than the rest: {size} beside it, {since}",
        VERSION: f"{label} is worse than what answers the same topics beside it: {size}, {since}",
    }[kind]
    old = open_ones(tx, key).get(part)
    append_findings(tx, [Finding(
        finding_id=old.finding_id if old else "", kind=kind, feature=key.feature,
        as_of=key.as_of, week=key.week, title=title, severity="warning", now=told.now,
        before=told.before, member_request_ids=tuple(told.members), next_step=_NEXT[kind],
        details={
            "about": name, "onset": told.since.isoformat(),
            "size": msgspec.to_builtins(told.size),
        },
    )])  # fmt: skip


def end(tx: Transaction, key: FigureKey, part: Part, because: str) -> None:
    """Close the finding of a part and say why."""
    old = open_ones(tx, key).get(part)
    if old:
        append_findings(tx, [msgspec.structs.replace(
            old, as_of=key.as_of, week=key.week, state="closed",
            title=f"{visible(part[1], _NAME)}: {because}",
            details=old.details | {"closed_because": because},
        )])  # fmt: skip


def open_ones(tx: Transaction, key: FigureKey) -> dict[Part, Finding]:
    """Return the open findings of a feature's parts."""
    return {
        (kind, str(found.details["about"])): found
        for kind in KINDS
        for found in findings_at(tx, key.as_of, feature=key.feature, kind=kind)
        if found.state == "open"
    }
