"""The section on what people ask: topics and their shares, what changed, what each test says."""

from collections.abc import Iterator, Sequence
from datetime import date

from decay_reports import numbers
from decay_reports.facts.asked_facts import (
    AppendixFacts,
    AskedChange,
    AskedFacts,
    AskedTopic,
    ChannelFacts,
)
from decay_reports.facts.report import EmergedFacts, FeatureFacts
from decay_reports.layout.outline import Block, Bullets, Figure, Lines, Link, Section, Table, Text
from decay_reports.layout.page_one import Line
from decayd.results import Estimate
from drift.shares import wilson

_SHOWN = 12  # topics; all of them stand in the JSON form
_WEEKS_IN_SHORT = 8
_TESTS = {
    "emerging": "new topics",
    "shares": "shares of known topics",
    "vanishing": "vanished topics",
    "unfamiliar": "queries unlike the baseline",
    "style": "style of writing",
}
_AGAINST = {"reference": "rolling reference", "baseline": "baseline"}
_CERTAIN = 1e-4  # below it a p-value's digits say nothing
_WHOLE = 100  # a mean from which on fractions say nothing
_NO_ALARM = "This is information, not an alarm."


def asked_section(feature: FeatureFacts) -> Section | None:
    """Return the section; None before any topic is known."""
    asked = feature.asked
    if asked is None:
        return None
    blocks: list[Block] = [Text(_lead(feature, asked))]
    for change in asked.changes:
        blocks += _change(change)
    told = {change.topic_id for change in asked.changes}
    for topic in feature.emerged:
        if topic.topic_id not in told:
            blocks += emerged_blocks(topic)
    blocks += [_figure(asked)] if any(topic.weekly for topic in asked.topics) else []
    pooled = feature.confirmed.pooled_weeks
    blocks += [_topics_table(asked, pooled), Text(_eval_words(asked))] if asked.topics else []
    blocks += [_tests_table(asked.channels)] if asked.channels else []
    blocks += _appendix(asked.appendix)
    return Section("What people ask", tuple(blocks), wide=True)


def emerged_blocks(topic: EmergedFacts) -> list[Block]:
    """Return what is known of a topic that the baseline did not have."""
    said = f"first seen in the week of {numbers.day(topic.first_week)}; "
    said += f"{numbers.count(topic.n, 'request')} last week"
    if topic.share_now.value is not None:
        said += f", {numbers.share(topic.share_now, 1)} of all"
    said += f"; success {_beside(topic.success_now, topic.success_rest)}"
    said += f"; {topic.finding_id}" if topic.finding_id else ""
    return [Lines((Line(f"{topic.label} ({topic.topic_id})", said),)), Bullets(topic.examples)]


def _lead(feature: FeatureFacts, asked: AskedFacts) -> str:
    """Say whether anything changed, and whether success did."""
    current = [change for change in asked.changes if change.state == "open"]
    if not current:
        if asked.why_not:
            return f"Not tested for drift in {numbers.week(asked.week)}: {asked.why_not}."
        return f"No test of {numbers.week(asked.week)} says that people ask for other things."
    count = numbers.count(len(current), "change")
    return f"{count} in what people ask. {_and_success(feature, current)}"


def _and_success(feature: FeatureFacts, current: Sequence[AskedChange]) -> str:
    worse = [change.topic_id or "style" for change in current if _is_worse(change)]
    if worse:
        return f"Success is lower there than elsewhere: {', '.join(worse)}."
    if feature.verdict == "steady":
        return f"Success did not fall with it. {_NO_ALARM}"
    if feature.verdict in {"falling", "recovering"}:
        return (
            f"Success of the feature is {feature.verdict}; no change here shows lower success "
            "than the rest."
        )
    return "Whether success changed with it is not measured yet."


def _is_worse(change: AskedChange) -> bool:
    high, low = change.success.high, change.success_rest.low
    return high is not None and low is not None and high < low


def _change(change: AskedChange) -> list[Block]:
    named = f"{change.title}; topic {change.topic_id}" if change.topic_id else change.title
    said = f"{named}; {change.state} since {numbers.day(change.since)}"
    lines = [Line(change.finding_id, said, change.command)]
    if change.now.value is not None:
        now, before = (numbers.share_of(each, 1) for each in (change.now, change.before))
        lines.append(Line("share of votes", f"{now}; before {before}"))
    lines.append(Line("success", _of_weeks(change)))
    if change.next_step and change.state == "open":
        lines.append(Line("next", change.next_step))
    return [Lines(tuple(lines)), *([Bullets(change.examples)] if change.examples else [])]


def _of_weeks(change: AskedChange) -> str:
    said = _beside(change.success, change.success_rest)
    return f"{said}, {numbers.weeks(change.success_weeks)}" if change.success_weeks else said


def _beside(members: Estimate, rest: Estimate) -> str:
    said = numbers.share_of(members)
    if members.value is None and rest.value is None:
        return said
    return f"{said}; elsewhere {numbers.share_of(rest)}"


def _figure(asked: AskedFacts) -> Figure:
    drawn = [topic for topic in asked.topics if topic.weekly]
    by_week = [{point.week: point.share for point in topic.weekly} for topic in drawn]
    weeks = sorted({week for shares in by_week for week in shares})
    rows = tuple(
        (numbers.day(week), *(_share(shares.get(week)) for shares in by_week)) for week in weeks
    )
    head = ("Week of", *(topic.topic_id for topic in drawn))
    table = Table(head, rows, "Share of requests by week", newest=_WEEKS_IN_SHORT)
    ends = "; ".join(f"{t.topic_id} {numbers.share_of(t.share_now, 1)}" for t in drawn)
    caption = "Each from 0; bands are 95% intervals; the dashed line is the baseline; bold is what"
    caption += f" a finding is about. Newest week: {ends}."
    return Figure("topics", caption, f"Shares of topics by week. {ends}.", table)


def _share(estimate: Estimate | None) -> str:
    return "–" if estimate is None else numbers.share_of(estimate, 1)


def _topics_table(asked: AskedFacts, pooled_weeks: int) -> Table:
    shown, rest = asked.topics[:_SHOWN], asked.topics[_SHOWN:]
    rows: list[tuple[str, ...]] = [_topic_row(topic) for topic in shown]
    if rest:
        name = numbers.count(len(rest), "other row")
        now, before = (
            _sum([getattr(topic, side) for topic in rest]) for side in ("share_now", "share_before")
        )
        rows.append((name, now, before, "", ""))
    when = numbers.week(asked.success_week)
    when += f", {pooled_weeks} weeks pooled" if pooled_weeks > 1 else ""
    caption = f"Topics in {numbers.week(asked.week)}, share of requests"
    if asked.baseline_weeks:
        caption += f"; before: {numbers.weeks(asked.baseline_weeks)}"
    head: tuple[str, ...]
    head = ("Topic", "Share now", "Share before", f"Success, {when}", "Success elsewhere")
    if asked.covered.value is not None:
        head = (*head, "Near an eval item")
        near = [numbers.share_of(topic.covered) for topic in shown] + [""] * bool(rest)
        rows = [(*row, said) for row, said in zip(rows, near, strict=True)]
    return Table(head, tuple(rows), caption)


def _eval_words(asked: AskedFacts) -> str:
    """Say how much of what is asked the eval sets ask too."""
    share = numbers.share_of(asked.covered)
    if asked.covered.value is None:
        return f"Eval coverage: {share}."
    return f"Eval coverage: {share} of the week's votes are near a registered eval item."


def _topic_row(topic: AskedTopic) -> tuple[str, ...]:
    state = "" if topic.state in ("", "frozen") else f", {topic.state}"
    return (
        f"{topic.label} ({topic.topic_id}{state})",
        _share(topic.share_now),
        _share(topic.share_before),
        numbers.share_of(topic.success),
        numbers.share_of(topic.success_rest),
    )


def _sum(shares: Sequence[Estimate]) -> str:
    """Print the sum of shares of one whole; its interval is not that of any of them."""
    known = [share for share in shares if share.value is not None]
    if not known:
        return "–"
    n = max(share.n for share in known)
    return _share(wilson(round(n * sum(share.value or 0.0 for share in known)), n))


def _tests_table(channels: Sequence[ChannelFacts]) -> Table:
    head = ("Test", "Window", "Compared with", "State", "p", "Votes")
    rows = tuple(tuple(_test_row(channel)) for channel in channels)
    return Table(head, rows, "Tests for drift")


def _test_row(channel: ChannelFacts) -> Iterator[str]:
    yield _TESTS.get(channel.channel, channel.channel)
    yield numbers.count(channel.weeks, "week")
    yield _AGAINST.get(channel.against, channel.against)
    yield channel.state + _since(channel.since)
    yield _p(channel.p)
    basis = f"{channel.n:,} beside {channel.n_reference:,}"
    yield basis + (f", drawn from {channel.n_requests:,}" if channel.sampled else "")


def _since(week: date | None) -> str:
    return f" since {numbers.day(week)}" if week else ""


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2g}" if value >= _CERTAIN else f"<{_CERTAIN:.4f}"


def _appendix(appendix: AppendixFacts | None) -> list[Block]:
    if appendix is None:
        return []
    if appendix.why_not:
        return [Text(f"Appendix not made: {appendix.why_not}.")]
    rows = tuple(
        (
            column.column,
            f"{column.test}, below {column.below:g}",
            _p(column.p),
            _mean(column.mean_now, column.n),
            _mean(column.mean_before, column.n_reference),
        )
        for column in appendix.columns
    )
    caption = f"Appendix: columns of the window beside the reference, Evidently {appendix.version}"
    head = ("Column", "Test", "p", "Mean now", "Mean before")
    return [Table(head, rows, caption), Link("the appendix as a page", appendix.file)]


def _mean(value: float | None, n: int) -> str:
    if value is None:
        return f"n {n:,}"
    return f"{value:,.0f} (n {n:,})" if abs(value) >= _WHOLE else f"{value:.3g} (n {n:,})"
