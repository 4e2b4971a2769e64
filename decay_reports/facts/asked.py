"""Puts together what people ask of a feature: topics now and before, tests, and their findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from decay_reports.facts.asked_facts import (
    AskedChange,
    AskedFacts,
    AskedTopic,
    ChannelFacts,
    WeekShare,
)
from decay_reports.facts.asked_rows import AskedRows
from decay_reports.facts.material import Material, Row, estimate
from decay_reports.facts.system import NOTHING
from decay_reports.numbers import masked, visible
from decayd.results import NOT_MEASURED, Estimate, Finding
from drift.shares import wilson
from drift.state import Channel, Look, WeekState

# a missing topic has one of these names in every table
NAMELESS = {"other": "fits no topic", "unembedded": "not embedded yet"}
KINDS = (
    "topic_emerged", "topic_vanished", "topic_shifted", "unfamiliar_queries", "style_shifted",
)  # fmt: skip
DRAWN = 6  # topics with a chart; more of them nobody reads
_ALARM = "alarm"
_FROZEN = "frozen"
_EXAMPLES = 3
_LABEL = 80
_Z95 = 1.96


def asked(material: Material, name: str) -> AskedFacts | None:
    """Return what people ask of a feature; None before it has topics."""
    rows = material.asked.get(name, AskedRows())
    if not rows.states and not material.topics.get(name):
        return None
    changes = tuple(_changes(material, name))
    about = [change.topic_id for change in changes if change.state == "open"]
    topics = sorted(_topics(material, name, rows), key=_order(about))
    drawn = {each.topic_id for each in _drawn(topics, about)}
    return AskedFacts(
        week=material.week,
        success_week=material.confirmed_week,
        why_not=visible(_why_not(rows.states, material.week)),
        baseline_weeks=rows.baseline_weeks,
        topics=tuple(
            msgspec.structs.replace(each, weekly=_weekly(rows.weekly.get(each.topic_id, {})))
            if each.topic_id in drawn
            else each
            for each in topics
        ),
        covered=_covered(rows.covered),
        channels=tuple(_channels(rows.states, material.week)),
        changes=changes,
    )


def label_of(topic: Row, topic_id: str) -> str:
    """Return a topic's label fit to be shown."""
    return visible(topic.get("label") or NAMELESS.get(topic_id, "no label"), _LABEL)


def _why_not(states: Sequence[WeekState], week: date) -> str:
    if not states:
        return "no baseline yet"
    return states[-1].why_not if states[-1].week == week else "no test was made of it"


def _order(about: Sequence[str]) -> Any:
    """Put first what a finding is about, then new topics, then the large; what is no topic last."""

    def key(topic: AskedTopic) -> tuple[bool, bool, bool, float, str]:
        share = topic.share_now.value or 0.0
        new = topic.state not in ("", _FROZEN)
        return (not topic.state, topic.topic_id not in about, not new, -share, topic.topic_id)

    return key


def _drawn(topics: Iterable[AskedTopic], about: Sequence[str]) -> list[AskedTopic]:
    named = [topic for topic in topics if topic.state]
    worth = [t for t in named if t.topic_id in about or t.share_now.value]
    return worth[:DRAWN]


def _topics(material: Material, name: str, rows: AskedRows) -> Iterator[AskedTopic]:
    """Yield every topic that was asked for in the newest week or in the baseline."""
    known = material.topics.get(name, {})
    n_before = sum(rows.before.values())
    n_now = max(
        (r[material.week]["n"] for r in rows.weekly.values() if material.week in r), default=0
    )
    for topic_id in sorted({*known, *rows.before, *rows.weekly}):
        row = rows.weekly.get(topic_id, {}).get(material.week)
        before = rows.before.get(topic_id, 0)
        if row is None and not before:
            continue
        success = material.topic_figures.get((material.confirmed_week, name, "success", topic_id))
        yield AskedTopic(
            topic_id=topic_id,
            label=label_of(known.get(topic_id, {}), topic_id),
            state=known.get(topic_id, {}).get("state", ""),
            share_now=estimate(row) if row else wilson(0, n_now),
            share_before=wilson(before, n_before) if n_before else NOTHING,
            success=estimate(success) if success else NOTHING,
            success_rest=rest_of(material, name, success),
            covered=_plain(rows.covered.get(topic_id, rows.covered.get("", NOTHING))),
        )


def rest_of(material: Material, name: str, topic: Row | None) -> Estimate:
    """Return success of everything outside a topic, from the totals of the confirmed week.

    Who asks in both makes the two errors depend on each other, so that the standard error is at
    most the sum of the whole's and the topic's, each by its number of requests.
    """
    by_lag = material.lags(name, material.confirmed_week, "success")
    whole = by_lag[max(by_lag)] if by_lag else None
    if whole is None or topic is None or whole["total"] is None or topic["total"] is None:
        return NOTHING
    n = whole["n"] - topic["n"]
    if n <= 0:
        return Estimate(None, why_not="no other requests")
    value = (whole["total"] - topic["total"]) / n
    errors = [row["n"] * _error(row) for row in (whole, topic)]
    half = _Z95 * sum(errors) / n
    return Estimate(value, value - half, value + half, n=n)


def _error(row: Row) -> float:
    low, high = row["low"], row["high"]
    return 0.0 if low is None or high is None else float(high - low) / (2 * _Z95)


def _covered(by_topic: Mapping[str, Estimate]) -> Estimate:
    """Return the share of all votes that are near an eval item, or why it is not known."""
    n = sum(each.n for each in by_topic.values())
    if not n:
        return _plain(by_topic.get("", NOTHING))
    return wilson(round(sum((each.value or 0.0) * each.n for each in by_topic.values())), n)


def _weekly(by_week: Mapping[date, Row]) -> tuple[WeekShare, ...]:
    return tuple(WeekShare(week=week, share=estimate(row)) for week, row in sorted(by_week.items()))


def _channels(states: Sequence[WeekState], week: date) -> Iterator[ChannelFacts]:
    """Yield the tests of the newest week; none when it was not closed by them."""
    newest = states[-1] if states else None
    if newest is None or newest.week != week:
        return
    looks = {look.weeks: look for look in newest.looks}
    for channel in newest.channels:
        look = looks.get(channel.weeks, Look(channel.weeks, 0, 0, 0))
        yield ChannelFacts(
            channel=channel.channel,
            weeks=channel.weeks,
            against=channel.against,
            state=channel.state,
            n=look.n,
            n_reference=look.n_reference,
            n_requests=look.n_requests,
            sampled=look.sampled,
            p=None if look.why_not else channel.p,
            since=_since(states, channel) if channel.state == _ALARM else None,
        )


def _since(states: Sequence[WeekState], channel: Channel) -> date:
    """Return the first week of the alarm that this test has given at every close since."""
    since = states[-1].week
    for state in reversed(states):
        if not any(_same(each, channel) and each.state == _ALARM for each in state.channels):
            break
        since = state.week
    return since


def _same(one: Channel, other: Channel) -> bool:
    """Tell whether two weeks' tests are one: the long window grows in its first weeks."""
    scale = (one.weeks > 1, one.channel, one.against)
    return scale == (other.weeks > 1, other.channel, other.against)


def _changes(material: Material, name: str) -> Iterator[AskedChange]:
    for found in material.findings:
        current = found.state == "open" or found.as_of == material.as_of
        if current and found.feature == name and found.kind in KINDS:
            yield _change(material, found)


def _change(material: Material, found: Finding) -> AskedChange:
    success = found.details.get("success") or {}
    return AskedChange(
        finding_id=found.finding_id,
        kind=found.kind,
        title=visible(found.title),
        state=found.state,
        since=_day(found.details.get("first_week")) or material.findings_since[found.finding_id],
        topic_id=found.topic_id or "",
        now=found.now or NOTHING,
        before=found.before or NOTHING,
        n_requests=found.details.get("n_requests", len(found.member_request_ids)),
        examples=tuple(masked(each) for each in found.details.get("examples", ())[:_EXAMPLES]),
        success=_stated(success.get("members")),
        success_rest=_stated(success.get("rest")),
        success_weeks=tuple(date.fromisoformat(week) for week in success.get("weeks", ())),
        next_step=visible(found.next_step),
        command=f"decayd findings show {found.finding_id} --json",
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _stated(value: Any) -> Estimate:
    return _plain(msgspec.convert(value, Estimate)) if value else NOTHING


def _plain(stated: Estimate) -> Estimate:
    """Return a number; why there is none goes without the words that are printed before it."""
    why_not = visible(stated.why_not.removeprefix(f"{NOT_MEASURED}: "))
    return msgspec.structs.replace(stated, why_not=why_not)
