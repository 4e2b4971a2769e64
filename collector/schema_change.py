"""Says at each day's close when so many records can't be read that their schema must have changed.

The status of the collector looks at the last thousand records as they come; this looks at the rows
of a day, so that live and replay find the same. Records are taken by their kind: `dead_letters`
knows the topic of a bad record, event tables don't know the topic of a good one. Topics that carry
several kinds are held against all events of the day. Conflicts could be read and don't count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from decayd.config import Settings
from decayd.results import Estimate, Finding
from decayd.weeks import day_start, local_day, week_of
from store.database import Store
from store.findings import append_findings, findings_at

KIND = "schema_change"
_MIN_RECORDS = 20  # of a day; below, one typing error would be a change of schema
_CLOSE_AT = 0.5  # of the share that opens a finding: one that hovers there must not flap
_MIXED = ""  # the kind of topics that carry several
_EXAMPLES = 5
_REASONS = 3
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Day:
    """The records of one kind that came in within a day."""

    kind: str
    bad: Sequence[Mapping[str, Any]]
    n: int

    @property
    def share(self) -> float:
        """Return the share that could not be read, 0 when nothing came."""
        return len(self.bad) / self.n if self.n else 0.0


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Open and close findings by the records of the day before `as_of`.

    Running it again changes nothing: what is open already is not opened, what is closed not closed.

    Returns
    -------
    dict
        How many findings were opened and closed.
    """
    limit, drafts = settings.collector.bad_share_alert, []
    with store.transaction() as transaction:
        open_ones = _open_ones(findings_at(transaction, as_of, kind=KIND))
        for day in _days(store, as_of, settings.report.timezone, open_ones.keys()):
            old = open_ones.get(day.kind)
            if day.n < _MIN_RECORDS:
                continue
            if old is None and day.share > limit:
                drafts.append(_finding(day, as_of, settings.report.timezone))
            elif old is not None and day.share <= _CLOSE_AT * limit:
                drafts.append(_closed(old, day, as_of, settings.report.timezone))
        append_findings(transaction, drafts)
    n_opened = sum(draft.state == "open" for draft in drafts)
    return {"opened": n_opened, "closed": len(drafts) - n_opened}


def _open_ones(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {
        str(finding.details["kind"]): finding
        for finding in findings
        if finding.kind == KIND and finding.state == "open"
    }


def _days(store: Store, as_of: datetime, timezone: str, also: Iterable[str]) -> list[Day]:
    """Return the kinds with bad records or an open finding."""
    since = day_start(local_day(as_of - _INSTANT, timezone), timezone)
    bad = store.rows("intake_bad_of_day", since=since, as_of=as_of)
    kinds = sorted({row["kind"] for row in bad} | set(also))
    if not kinds:
        return []
    good = {
        row["kind"]: row["n"] for row in store.rows("intake_good_of_day", since=since, as_of=as_of)
    }
    good[_MIXED] = sum(good.values())
    of_kind = {kind: [row for row in bad if row["kind"] == kind] for kind in kinds}
    return [Day(kind, rows, len(rows) + good[kind]) for kind, rows in of_kind.items()]


def _finding(day: Day, as_of: datetime, timezone: str) -> Finding:
    topics = Counter(row["topic"] for row in day.bad)
    reasons = Counter((row["reason"], row["field"]) for row in day.bad).most_common(_REASONS)
    examples = [int(row["dead_letter_id"]) for row in day.bad[:_EXAMPLES]]
    reason, field = reasons[0][0]
    return Finding(
        finding_id="", kind=KIND, feature="", as_of=as_of, week=week_of(as_of - _INSTANT, timezone),
        title=f"{100 * day.share:.1f}% of the records of {_named(topics)} can't be read,"
        f" most are {reason} at {field}",
        severity="warning",
        now=Estimate(day.share, n=day.n),
        next_step=f"decayd dead-letters show {examples[0]}; repair the sender, or upgrade decayd,"
        " then decayd dead-letters retry",
        details={
            "kind": day.kind,
            "topics": dict(topics.most_common()),
            "n_bad": len(day.bad),
            "reasons": [{"reason": r, "field": f, "n": n} for (r, f), n in reasons],
            "dead_letter_ids": examples,
        },
    )  # fmt: skip


def _closed(old: Finding, day: Day, as_of: datetime, timezone: str) -> Finding:
    topics = Counter(dict(old.details["topics"]))
    return Finding(
        finding_id=old.finding_id, kind=KIND, feature="", as_of=as_of,
        week=week_of(as_of - _INSTANT, timezone),
        title=f"the records of {_named(topics)} can be read again",
        severity="info", state="closed", now=Estimate(day.share, n=day.n), before=old.now,
        next_step="those that could not be read wait: decayd dead-letters retry",
        details=old.details,
    )  # fmt: skip


def _named(topics: Counter[str]) -> str:
    first = topics.most_common(1)[0][0]
    return first if len(topics) == 1 else f"{first} and {len(topics) - 1} more"
