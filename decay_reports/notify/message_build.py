"""Turns a finding or a weekly report of the store into a message."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from decay_reports import numbers
from decay_reports.facts.report import ReportFacts, from_json
from decay_reports.notify.message import Change, Message, Transition
from decayd.masking import mask
from decayd.results import Estimate
from store.database import Store

_INSTANT = timedelta(microseconds=1)
_LISTED = 20  # request ids in a message; the command lists all
_LONGEST = 300  # characters of one text
_POINTS = {"signals_moved"}  # kinds whose value is a difference, not a share
_CAUSES = {
    "success_fell": "not separated yet: the parts of the change are not measured",
    "satisfaction_fell": "signals say so; whether success fell is for outcomes to decide",
    "friction_rose": "signals say so; whether success fell is for outcomes to decide",
    "segment_fell": "one part of the traffic is answered worse; the rest is not",
    "version_worse": "the version itself: others answer the same topics better at the same time",
    "success_may_fall": "signals promise less; outcomes are still under way",
    "signal_kind_gone": "a button or its events are gone; what it said is not asked any more",
    "signals_missing": "what sends signals is silent or broken",
    "outcomes_late": "the feed of outcomes is behind; the features themselves may be well",
    "signals_moved": "signals moved while success stayed, as after a change of the interface",
    "join_rate_low": "signals and outcomes name requests that were never seen",
    "schema_change": "a sender writes records that can't be read",
    "topic_emerged": "users ask something that the baseline did not know",
    "topic_vanished": "users stopped asking something",
    "topic_shifted": "users ask the same things in other shares",
    "unfamiliar_queries": "queries are unlike those of the baseline",
    "style_shifted": "queries are written in another style",
    "prompt_copies_differ": "a copied prompt was edited on one side only",
    "embedder_mismatch": "queries and documents lie in the spaces of different embedding models",
    "eval_debt": "eval suites don't ask what users ask",
    "changed_unannounced": "answers changed with nothing deployed: a provider or a dependency",
    "adapter_base_mismatch": "an adapter answers on another base than it was trained on",
    "adapter_unannounced": "an adapter answers that no change event told of",
    "adapter_dataset_unknown": "an adapter was trained on a set that this store has not made",
    "route_worse": "the router sends requests where they succeed less often",
    "residency_violated": "requests were served in a region that the settings do not allow",
    "component_unregistered": "traffic goes through something that nobody announced",
    "component_unowned": "a registered component names no owner",
    "component_unseen": "a registered component no longer shows in traffic, or under another name",
    "component_end_of_life": "its vendor stops, or has stopped, to support it",
}


def finding_message(
    store: Store, told: Transition, *, n_examples: int, base_url: str
) -> Message | None:
    """Return what is told of a finding as it was then, None when it is not there."""
    subject, change, as_of = told.finding_id, told.change, told.as_of
    until = as_of if change == "closed" else as_of + _INSTANT  # an end has its beginning's severity
    rows = store.rows(
        "deliver_finding", finding_id=subject, as_of=as_of, open_until=until, examples=_LISTED
    )
    if not rows:
        return None
    row = rows[0]
    body: dict[str, Any] = msgspec.json.decode(row["body"] or "{}")
    return Message(
        key=told.key, subject=subject, change=change, as_of=as_of,
        title=numbers.visible(_title(row, body, change), _LONGEST),
        kind=row["kind"], feature=row["feature"] or "", stream=row["stream"] or row["kind"],
        severity=row["open_severity"] or row["severity"], incident_id=row["incident_id"] or "",
        since=row["first_as_of"], cause=numbers.visible(_cause(store, row), _LONGEST),
        size=_size(row, body), examples=_examples(store, row, body, n_examples),
        request_ids=tuple(row["members"] or ()), n_requests=row["n_members"] or 0,
        next_step=numbers.visible(str(body.get("next_step") or ""), _LONGEST),
        command=f"decayd findings show {subject} --json", link=_link(base_url, "findings", subject),
    )  # fmt: skip


def report_message(store: Store, as_of: datetime, base_url: str) -> Message | None:
    """Return what is told of the weekly report as of a close, None when it can't be read."""
    facts = _report(store, as_of)
    if facts is None:
        return None
    from decay_reports.layout.outline import outline

    whole = outline(facts)
    lines = [whole.weeks, *(f"{each.label}: {each.text}" for each in whole.overdue), whole.quiet]
    for brief in [] if whole.quiet else whole.briefs:
        lines.append(f"{brief.mark} {brief.feature.name}: {brief.words}")
        lines += [f"{line.label}: {line.text}{_arrow(line.command)}" for line in brief.lines]
    lines += [f"measurement: {whole.measurement}", f"since last report: {whole.changed}"]
    return Message(
        key=f"report/{facts.week.isoformat()}/{as_of.isoformat()}", subject="report",
        change="report", as_of=as_of, title=whole.headline, lines=tuple(filter(None, lines)),
        since=as_of, size=numbers.count(len(facts.features), "feature"),
        command=f"decayd report --week {facts.week.isoformat()}",
        link=_link(base_url, "reports", facts.week.isoformat(), "html"),
        facts=msgspec.json.encode(facts, order="sorted").decode(),
    )  # fmt: skip


def _title(row: dict[str, Any], body: dict[str, Any], change: Change) -> str:
    named = f"{row['feature']}: {row['title']}" if row["feature"] else row["title"]
    why = (body.get("details") or {}).get("closed_because")
    return f"over ({why}): {named}" if change == "closed" and why else named


def _cause(store: Store, row: dict[str, Any]) -> str:
    """Return the measured parts of the change where the kept report has them."""
    if row["kind"] == "success_fell":
        from decay_reports.facts.wording import why_line

        facts = _report(store, row["as_of"])
        feature = facts.feature(row["feature"]) if facts else None
        if feature and (why := why_line(feature)):
            return why
    return _CAUSES.get(row["kind"], "not known")


def _size(row: dict[str, Any], body: dict[str, Any]) -> str:
    if row["kind"] in _POINTS:  # `before` is a level there, not what it moved from
        now, before = _said(row["kind"], body.get("now")), ""
    else:
        now, before = (_said(row["kind"], body.get(part)) for part in ("now", "before"))
    moved = f"{before} → {now}" if now and before else now or before
    n = numbers.count(row["n_members"] or 0, "request") if row["n_members"] else ""
    return " · ".join(filter(None, [moved, n])) or "not measured"


def _said(kind: str, estimate: dict[str, Any] | None) -> str:
    if not estimate:
        return ""
    value = msgspec.convert(estimate, Estimate)
    return numbers.points_with_interval(value) if kind in _POINTS else numbers.share_of(value)


def _examples(
    store: Store, row: dict[str, Any], body: dict[str, Any], wanted: int
) -> tuple[str, ...]:
    """Return masked texts that show it: the finding's own, else what its first requests asked."""
    if not wanted:
        return ()
    texts = [str(text) for text in (body.get("details") or {}).get("examples") or ()]
    if not texts and row["members"]:
        asked = store.rows(
            "deliver_examples",
            feature=row["feature"],
            as_of=row["as_of"],
            request_ids=list(row["members"]),
        )
        texts = [each["query"] for each in asked if each["query"]]
    return tuple(numbers.masked(mask(text)) for text in texts[:wanted])


def _report(store: Store, as_of: datetime) -> ReportFacts | None:
    rows = store.rows("report_stored", since=as_of, until=as_of, excluding=None)
    try:
        return from_json(rows[0]["facts"]) if rows else None
    except msgspec.ValidationError:  # of another decayd; `weekly` logs it
        return None


def _link(base_url: str, *path: str) -> str:
    return "/".join([base_url.rstrip("/"), *(quote(p, safe="") for p in path)]) if base_url else ""


def _arrow(command: str) -> str:
    return f" → {command}" if command else ""
