"""What stands beside a feature's number: topics, changes, failures, sets, findings, gaps."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from decay_reports.facts.asked import rest_of
from decay_reports.facts.asked_rows import AskedRows
from decay_reports.facts.material import Material, Row, estimate
from decay_reports.facts.report import (
    ChangeFacts,
    DatasetFacts,
    EmergedFacts,
    FeatureFacts,
    FindingFacts,
)
from decay_reports.facts.system import NOTHING, Count
from decay_reports.numbers import masked, percent, visible
from decayd.results import Finding
from decayd.weeks import local_day

_EMERGED = ("emerging", "quiet")
_SHOWN = 5  # emerged topics; the smaller ones stand in `decayd topics list`
_EXAMPLES = 3
_LABEL = 80
_CHANGES = 20
_MOSTLY = 0.5  # a field that fewer requests lack is good enough to be used
_FIELDS = {
    "user_id": "intervals by user (they are by session or request)",
    "session_id": "retries and abandoned sessions",
    "latency_ms": "latency",
    "model_resolved": "the model that answered",
    "versions": "versions of prompt, tools and index",
    "region": "regions",
    "retrieved": "age of retrieved documents",
    "cost_usd": "cost",
}


def emerged(material: Material, name: str) -> tuple[EmergedFacts, ...]:
    """Return the topics that the baseline did not have, the largest first."""
    found = [
        _emerged(material, name, topic)
        for topic in material.topics.get(name, {}).values()
        if topic["state"] in _EMERGED
    ]
    ranked = sorted(found, key=lambda topic: (-topic.n, topic.topic_id))
    return tuple(topic for topic in ranked if topic.n)[:_SHOWN]


def _emerged(material: Material, name: str, topic: Row) -> EmergedFacts:
    topic_id = topic["topic_id"]
    share = material.topic_figures.get((material.week, name, "topic_share", topic_id))
    success = material.topic_figures.get((material.confirmed_week, name, "success", topic_id))
    of_topic = [
        finding
        for finding in material.findings
        if (finding.kind, finding.feature, finding.topic_id) == ("topic_emerged", name, topic_id)
    ]
    return EmergedFacts(
        topic_id=topic_id,
        label=visible(topic["label"] or "", _LABEL),
        examples=tuple(masked(text) for text in (topic["examples"] or [])[:_EXAMPLES]),
        first_week=topic["first_week"],
        n=int(share["total"]) if share else 0,
        share_now=estimate(share) if share else NOTHING,
        success_now=estimate(success) if success else NOTHING,
        success_rest=rest_of(material, name, success),
        finding_id=of_topic[-1].finding_id if of_topic else "",
    )


def changes(material: Material, name: str, onset: date | None) -> tuple[ChangeFacts, ...]:
    """Return the feature's ledger, oldest first: at most 20, those nearest to the onset."""
    timezone = material.settings.report.timezone
    centre = onset or material.week
    known = [
        ChangeFacts(
            day=(day := local_day(row["ts"], timezone)),
            artifact=visible(row["artifact"] or "", _LABEL),
            name=visible(row["name"] or "", _LABEL),
            before=visible(row["before"] or "", _LABEL),
            after=visible(row["after"] or "", _LABEL),
            ref=visible(row["ref"] or "", _LABEL),
            everywhere=not row["feature"],
            days_from_onset=(day - onset).days if onset else None,
        )
        for row in material.changes
        if not row["feature"] or row["feature"] == name
    ]
    near = sorted(known, key=lambda change: abs((change.day - centre).days))[:_CHANGES]
    return tuple(change for change in known if change in near)


def failures(material: Material, name: str) -> tuple[Count, ...]:
    """Count the failed requests of the last weeks by what says that they failed."""
    row = material.failures.get(name, {"by_outcome": 0, "by_signals": 0})
    counts = (
        Count(name="the outcome says so", n=row["by_outcome"]),
        Count(name="only signals say so", n=row["by_signals"]),
    )
    return tuple(count for count in counts if count.n)


def datasets(material: Material, name: str) -> tuple[DatasetFacts, ...]:
    """Return the newest version of each set that takes this feature's failures."""
    return tuple(_dataset(row, name) for row in material.datasets if _takes(row, name))


def _takes(row: Row, name: str) -> bool:
    features = msgspec.json.decode(row["features"] or "[]")
    return row["state"] != "withdrawn" and (not features or name in features)


def _dataset(row: Row, name: str) -> DatasetFacts:
    counts = msgspec.json.decode(row["counts"] or "{}")
    spec = f"{row['name']}@{row['version']}"
    candidate = "" if row["state"] == "released" else " --candidate"
    return DatasetFacts(
        name=row["name"],
        version=row["version"],
        state=row["state"],
        n_rows=row["n_rows"],
        command=f"decayd datasets pull {spec}{candidate} --format trl-sft -o DIR",
        weeks=row["weeks"] or 0,
        n_failures=counts.get("failures", 0),
        failures=_counts(counts.get("failures_by_type", {})),
        rows_by_type=_counts(counts.get("by_failure_type", {})),
        topics=_counts(counts.get("by_topic", {})),
        rejects=tuple(
            Count(
                name=visible(each["words"]),
                n=each["n"],
                next_step=visible(each["change"].replace("FEATURE", name)),
            )
            for each in msgspec.json.decode(row["rejects"] or "[]")
        ),
    )


def _counts(tally: Mapping[str, int]) -> tuple[Count, ...]:
    return tuple(Count(name=visible(key, _LABEL), n=n) for key, n in sorted(tally.items()))


def findings(material: Material, name: str) -> tuple[FindingFacts, ...]:
    """Return the feature's findings that are open, or were closed at this report."""
    current = _current(material.findings, material)
    return tuple(_finding(f, material) for f in current if f.feature == name)


def _current(found: Iterable[Finding], material: Material) -> list[Finding]:
    return [f for f in found if f.state == "open" or f.as_of == material.as_of]


def _finding(found: Finding, material: Material) -> FindingFacts:
    n = len(found.member_request_ids)
    return FindingFacts(
        finding_id=found.finding_id,
        kind=found.kind,
        title=visible(found.title),
        severity=found.severity,
        state=found.state,
        week=found.week,
        since=material.findings_since[found.finding_id],
        n_members=n,
        next_step=visible(found.next_step),
        command=f"decayd findings show {found.finding_id} --json" if n else "",
    )


def not_measured(material: Material, name: str, facts: FeatureFacts) -> tuple[str, ...]:
    """Say what is missing and why; each of these unlocks a part of the report."""
    said = []
    if facts.attribution is None and facts.baseline is not None:
        said.append("parts of the change: no confirmed week after the baseline has a figure")
    scan = material.asked.get(name, AskedRows()).why_not
    if scan is None or scan:
        said.append(f"new topics: {visible(scan or 'no baseline yet')}")
    row: Mapping[str, Any] = material.absent.get(name, {"n": 0})
    for field, what in _FIELDS.items():
        share = row[field] / row["n"] if row["n"] else 0.0
        if share > _MOSTLY:
            said.append(f"{what}: `{field}` absent in {percent(share)} of requests")
    return tuple(said)
