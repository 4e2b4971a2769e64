"""What stands in one feature's section, in order: trend, measurement, and only then causes."""

from collections.abc import Sequence

from decay_reports import numbers
from decay_reports.facts import wording
from decay_reports.facts.report import (
    AttributionFacts,
    ChangeFacts,
    DatasetFacts,
    FeatureFacts,
    HealthFacts,
    TopicFacts,
    TrendPoint,
)
from decay_reports.facts.system import Count
from decay_reports.layout import aspect_sections, why_section
from decay_reports.layout.asked_section import asked_section, emerged_blocks
from decay_reports.layout.outline import Block, Figure, Lines, Section, Table, Text
from decay_reports.layout.page_one import Line
from decayd.results import Estimate

_TOPICS_SHOWN = 8
_WEEKS_IN_SHORT = 8
_EXACT = 1e-9
_LONG = 1e6  # an alarm's level from which digits say nothing
_LAUNCH = {"decayd": "decayd at launch"}


def sections(feature: FeatureFacts) -> list[Section]:
    """Return a feature's parts; what has nothing to say is left out."""
    parts = [
        _trend(feature),
        Section("Can the measurement be believed", (Lines(_health(feature)),)),
        _why(feature),
        _since(feature),
        _where(feature),
        asked_section(feature) or _emerged(feature),
        why_section.evidence(feature),
        why_section.outlook(feature),
        _failures(feature),
        _findings(feature),
        *aspect_sections.sections(feature.aspects),
        _not_measured(feature),
        Section("How the number was made", (Lines(_methods(feature)),)),
    ]
    return [part for part in parts if part is not None]


def _trend(feature: FeatureFacts) -> Section | None:
    if not feature.trend:
        return None
    rows = tuple(_trend_row(point) for point in feature.trend)
    head = ("Week of", "Success", "First printed", "p95", "Errors", "Requests")
    table = Table(head, rows, "Success, latency and errors by week", newest=_WEEKS_IN_SHORT)
    legend = "Bars are 95% intervals; the hollow point is provisional"
    if any(point.restated for point in feature.trend):
        legend += "; a tick is the value first printed for a week that was restated"
    if feature.onset:
        legend += "; the dotted line is the week in which the fall began"
    if feature.changes:
        legend += "; numbered lines are the changes of the ledger"
    alt = f"{wording.success_line(feature)}. {wording.infrastructure_line(feature.infrastructure)}."
    return Section("Trend", (Figure("trend", f"{legend}.", alt, table),))


def _trend_row(point: TrendPoint) -> tuple[str, ...]:
    final = "provisional" if point.success is None else numbers.share(point.success)
    if point.back_filled:
        final += " (back-filled)"
    first = numbers.share(point.first) if point.first else "–"
    return (
        numbers.day(point.week),
        final,
        first,
        numbers.milliseconds(point.latency_p95_ms),
        numbers.share(point.error_share, 1),
        numbers.count(point.n_requests),
    )


def _health(feature: FeatureFacts) -> tuple[Line, ...]:
    health = feature.health
    lines = [Line("outcomes", _outcomes_words(health))]
    lines.append(Line("requests rated", numbers.share_of(health.rating, 1)))
    lines.append(Line("signals, not success", wording.signals_line(feature)))
    return tuple(lines)


def _outcomes_words(health: HealthFacts) -> str:
    arrived = numbers.share_of(health.outcome_arrived, 1)
    if health.outcome_arrived.value is None:
        return health.gate_words or arrived
    said = f"{arrived} of requests aged 2–7 days have one"
    if health.outcome_expected.value is not None:
        said += f", {numbers.percent(health.outcome_expected.value, 1)} in the weeks before"
    verdict = "late: the headline is withheld" if health.gate_fires else "as expected"
    return f"{said}: {health.gate_words or verdict}"


def _why(feature: FeatureFacts) -> Section | None:
    attribution = feature.attribution
    if attribution is None or not wording.has_changed(feature):
        return None
    before, now = numbers.weeks(attribution.weeks_before), numbers.weeks(attribution.weeks_now)
    n = f"n {numbers.count(attribution.before.n)} and {numbers.count(attribution.now.n)}"
    caption = f"From the baseline, {before}, to {now}; {n}. {_causes(attribution)}"
    table = _parts_table(attribution)
    alt = "; ".join(f"{row[0]} {row[1]}" for row in table.rows)
    figure = Figure("waterfall", caption, alt, table, beside=True)
    blocks: list[Block] = [figure, Text(_sum_words(attribution)), *why_section.notes(feature)]
    return Section("Why", tuple(blocks), wide=True)


def _causes(attribution: AttributionFacts) -> str:
    named = [wording.PARTS.get(p.name, p.name) for p in attribution.parts if p.cause]
    if not named:
        return "No part stands out from chance."
    compound = ", a compound change" if attribution.compound else ""
    return f"Beyond chance: {' and '.join(named)}{compound}."


def _parts_table(attribution: AttributionFacts) -> Table:
    before, now = attribution.before, attribution.now
    rows = [("baseline", numbers.percent(before.value or 0.0, 2), "", f"n {before.n:,}")]
    for part, change in wording.printed_parts(attribution, 2):
        name = wording.PARTS.get(part.name, part.name)
        spread = _spread(part.change)
        rows.append((name, numbers.points(change, 2), spread, "cause" if part.cause else ""))
    printed = sum(change for _, change in wording.printed_parts(attribution, 2))
    rows.append(
        ("change", numbers.points(printed, 2), _spread(attribution.total), "sum of the parts")
    )
    rows.append(("now", numbers.percent(now.value or 0.0, 2), "", f"n {now.n:,}"))
    return Table(("Part", "Points", "95% interval", ""), tuple(rows), "Parts of the change")


def _spread(change: Estimate) -> str:
    if change.low is None or change.high is None:
        return "no interval"
    return f"{numbers.points(change.low, 2)}…{numbers.points(change.high, 2)}"


def _sum_words(attribution: AttributionFacts) -> str:
    changes = [change for _, change in wording.printed_parts(attribution, 2)]
    added = " ".join(numbers.points(change, 2) for change in changes)
    total = numbers.points(sum(changes), 2)
    exact = abs(attribution.gap) <= _EXACT
    word = "agree within 1e-9" if exact else f"differ by {attribution.gap:.1e}, which is an error"
    return f"{added} = {total} points. Unrounded, the parts and the change {word}."


def _since(feature: FeatureFacts) -> Section | None:
    if not feature.changes:
        return None
    began = feature.onset is not None
    rows = tuple(
        (
            str(number),
            numbers.day(change.day),
            f"{change.artifact} {change.name}" + (" (every feature)" if change.everywhere else ""),
            _from_to(change),
            change.ref,
            *((wording.ledger_words(change),) if began else ()),
        )
        for number, change in enumerate(feature.changes, start=1)
    )
    head = ("No.", "Day", "Change", "From → to", "Reference", *(("In time",) if began else ()))
    note = "Nearness in time is shown, not cause."
    if feature.onset:
        note = f"The fall began in the week of {numbers.day(feature.onset)}. {note}"
    blocks = (Text(note), Table(head, rows, "Change ledger"))
    return Section("What changed, and when", blocks if began else blocks[1:], wide=True)


def _from_to(change: ChangeFacts) -> str:
    return (
        f"{change.before or '?'} → {change.after or '?'}" if change.before or change.after else ""
    )


def _where(feature: FeatureFacts) -> Section | None:
    blocks: list[Block] = []
    if feature.topics and wording.has_changed(feature):
        blocks.append(_topics_table(feature))
    blocks += why_section.segments(feature)
    return Section("Where", tuple(blocks), wide=True) if blocks else None


def _topics_table(feature: FeatureFacts) -> Table:
    topics = sorted(feature.topics, key=lambda t: (-abs(t.contribution or 0.0), t.topic_id))
    shown, rest = topics[:_TOPICS_SHOWN], topics[_TOPICS_SHOWN:]
    changes = [t.contribution or 0.0 for t in topics]
    before = feature.attribution.before.value if feature.attribution else None
    printed = numbers.steps(before or 0.0, changes, 4)
    rows = [_topic_row(t, change) for t, change in zip(shown, printed, strict=False)]
    if rest:
        rest_sum = numbers.points(sum(printed[len(shown) :]), 2)
        rows.append((f"{numbers.count(len(rest), 'other topic')}", "", "", "", rest_sum))
    rows.append(("all topics", "", "", "", numbers.points(sum(printed), 2)))
    head = ("Topic", "Share before → now", "Success before", "Success now", "Points")
    return Table(head, tuple(rows), "Topics by contribution")


def _topic_row(topic: TopicFacts, change: float) -> tuple[str, ...]:
    before = (
        "–" if topic.share_before.value is None else numbers.percent(topic.share_before.value, 1)
    )
    now = "–" if topic.share_now.value is None else numbers.percent(topic.share_now.value, 1)
    kind = "" if topic.kind == "shared" else f", {topic.kind}"
    success_before = "–" if topic.kind == "new" else numbers.share_of(topic.success_before)
    success_now = "–" if topic.kind == "gone" else numbers.share_of(topic.success_now)
    named = f"{topic.label} ({topic.topic_id}{kind})"
    return (named, f"{before} → {now}", success_before, success_now, numbers.points(change, 2))


def _emerged(feature: FeatureFacts) -> Section | None:
    blocks = [block for topic in feature.emerged for block in emerged_blocks(topic)]
    return Section("Topics that emerged", tuple(blocks)) if blocks else None


def _failures(feature: FeatureFacts) -> Section | None:
    if not feature.n_failures and not feature.datasets:
        return None
    said = numbers.count(feature.n_failures, "request") + " failed in the last four weeks"
    blocks: list[Text | Lines | Table] = [Text(f"{said}{_tally(feature.failures)}.")]
    for dataset in feature.datasets:
        blocks += _dataset(dataset)
    return Section("Failures ready to pull", tuple(blocks), wide=True)


def _dataset(dataset: DatasetFacts) -> list[Text | Lines | Table]:
    held = f"{wording.dataset_words(dataset)}{_tally(dataset.rows_by_type)}"
    looked = (
        f"{numbers.count(dataset.n_failures, 'failure')} of {numbers.count(dataset.weeks, 'week')}"
    )
    looked += _tally(dataset.failures)
    lines = [Line("set", held, dataset.command if dataset.n_rows else ""), Line("out of", looked)]
    blocks: list[Text | Lines | Table] = [Lines(tuple(lines))]
    if dataset.rejects:
        rows = tuple((r.name, f"{r.n:,}", r.next_step) for r in _largest(dataset.rejects))
        caption = f"Left out of {dataset.name} {dataset.version}"
        blocks.append(Table(("Reason", "Failures", "What would change it"), rows, caption))
    return blocks


def _tally(counts: Sequence[Count]) -> str:
    said = ", ".join(f"{count.name} {count.n:,}" for count in _largest(counts))
    return f": {said}" if said else ""


def _largest(counts: Sequence[Count]) -> list[Count]:
    return sorted(counts, key=lambda count: (-count.n, count.name))


def _findings(feature: FeatureFacts) -> Section | None:
    above = {change.finding_id for change in feature.asked.changes} if feature.asked else set()
    findings = [finding for finding in feature.findings if finding.finding_id not in above]
    if not findings:
        return None
    lines = [
        Line(
            f"{f.finding_id} {f.state}",
            f"{f.title}; since {numbers.week(f.since)}"
            + (f"; {numbers.count(f.n_members, 'request')}" if f.n_members else "")
            + (f"; next: {f.next_step}" if f.next_step else ""),
            f.command,
        )
        for f in findings
    ]
    return Section("Findings", (Lines(tuple(lines)),))


def _not_measured(feature: FeatureFacts) -> Section | None:
    absent = [*feature.not_measured, *aspect_sections.missing(feature.aspects)]
    return Section("Not measured", (Text("; ".join(absent) + "."),)) if absent else None


def _methods(feature: FeatureFacts) -> tuple[Line, ...]:
    m, lines = feature.methods, []
    if feature.baseline:
        said = (
            f"{numbers.weeks(feature.baseline.weeks)}: {numbers.share_of(feature.baseline.success)}"
        )
        by, reason = feature.baseline.accepted_by, feature.baseline.reason
        accepted = f"; accepted by {_LAUNCH.get(by, by)}" if by else ""
        lines.append(Line("baseline", said + accepted + (f": {reason}" if by and reason else "")))
    if m.n_eff is not None and m.lam is not None:
        lines.append(
            Line("weight", f"lambda {m.lam:.2f} of the signal model; n_eff {m.n_eff:,.0f}")
        )
    if m.arrived_by_day:
        lines.append(Line("known after", _arrived(m.arrived_by_day)))
    if m.alarm_level is not None and m.alarm_threshold is not None:
        level = f"{m.alarm_level:,.1f}" if m.alarm_level < _LONG else f"{m.alarm_level:.1e}"
        lines.append(Line("alarm", f"level {level}; pages above {m.alarm_threshold:,.0f}"))
    lines.append(Line("topics", m.topic_model or "not measured"))
    return tuple(lines)


def _arrived(curve: dict[str, float]) -> str:
    said = []
    for days in ("1", "3", "7"):
        failures, successes = curve.get(f"F0_{days}"), curve.get(f"F1_{days}")
        if failures is not None and successes is not None:
            known = f"{numbers.percent(failures)} of failures"
            said.append(f"{days} d: {known}, {numbers.percent(successes)} of successes")
    return "; ".join(said)
