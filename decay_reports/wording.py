"""The sentences of the report, in plain text: formats only escape them and lay them out."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from decay_reports import numbers
from decay_reports.facts import (
    AttributionFacts,
    ChangeFacts,
    DatasetFacts,
    FeatureFacts,
    InfrastructureFacts,
    PartFacts,
    ReportFacts,
)

VERDICTS = {
    "falling": "falling",
    "recovering": "recovering",
    "not_measurable": "not measurable",
    "learning": "learning",
    "steady": "steady",
}
MARKS = {"falling": "▼", "recovering": "▲", "not_measurable": "○", "learning": "◔", "steady": "■"}
PARTS = {
    "within_topic": "within topics",
    "topic_mix": "topic mix",
    "new_topics": "new topics",
    "gone_topics": "gone topics",
}
_ORDER = tuple(VERDICTS)
_SAID_BY_VERDICT = {"success_fell", "success_recovered"}
_ALSO = 2  # findings beside the verdict on page one; the section lists all
_WEEK_DAYS = 7
_NEAR_DAYS = 28  # a change further off is dated, but not set beside the fall


class Line(NamedTuple):
    """A labelled line of page one; `command` is printed as it is, to be copied."""

    label: str
    text: str
    command: str = ""


def ordered(features: Sequence[FeatureFacts]) -> list[FeatureFacts]:
    """Put what needs somebody first; the same words sort by name."""
    return sorted(features, key=lambda f: (_ORDER.index(f.verdict), f.name))


def verdict_words(feature: FeatureFacts) -> str:
    """Say a feature's state in a few words."""
    if _moves(feature) and feature.onset:
        return f"{VERDICTS[feature.verdict]} since about {numbers.day(feature.onset)}"
    if feature.verdict in {"learning", "not_measurable"} and feature.reason:
        return f"{VERDICTS[feature.verdict]}: {feature.reason}"
    return VERDICTS[feature.verdict]


def headline(features: Sequence[FeatureFacts]) -> str:
    """Say in one or two sentences what Monday's reader must know."""
    if not features:
        return "No feature had traffic yet."
    return f"{_verdict_counts(features)} {_infrastructure_summary(features)}"


def _verdict_counts(features: Sequence[FeatureFacts]) -> str:
    total = len(features)
    counts = {word: sum(f.verdict == word for f in features) for word in _ORDER}
    if counts["steady"] == total:
        all_of = {1: "The feature is", 2: "Both features are"}
        return f"{all_of.get(total, f'All {total} features are')} steady."
    said = [(word, n) for word, n in counts.items() if n and word != "steady"]
    first = "is" if said[0][1] == 1 else "are"
    text = ", ".join(f"{n} {VERDICTS[word]}" for word, n in said[1:])
    lead = f"{said[0][1]} of {numbers.count(total, 'feature')} {first} {VERDICTS[said[0][0]]}"
    rest = f"{counts['steady']} steady" if counts["steady"] else ""
    return "; ".join(filter(None, [lead, text, rest])) + "."


def _infrastructure_summary(features: Sequence[FeatureFacts]) -> str:
    rows = [f.infrastructure for f in features]
    worse = [f.name for f in ordered(features) if f.infrastructure.state == "worse"]
    if worse:
        return f"Infrastructure is worse for {', '.join(worse)}."
    latencies = [r.latency_p95_ms.value for r in rows if r.latency_p95_ms.value is not None]
    errors = [r.error_share.value for r in rows if r.error_share.value is not None]
    figures = [f"p95 at most {numbers.duration(max(latencies))}"] if latencies else []
    figures += [f"errors at most {numbers.percent(max(errors), 1)}"] if errors else []
    if not figures:
        return "Infrastructure: not measured."
    if all(r.state == "green" for r in rows):
        return f"Infrastructure is green everywhere ({', '.join(figures)})."
    compared = sum(r.state == "green" for r in rows)
    return f"Infrastructure: {', '.join(figures)}; {compared} of {len(rows)} compared, all green."


def weeks_line(facts: ReportFacts) -> str:
    """Name the two weeks that the report speaks of."""
    return (
        f"{numbers.week(facts.confirmed_week)} ({numbers.span(facts.confirmed_week)}) confirmed; "
        f"{numbers.week(facts.week)} ({numbers.span(facts.week)}) provisional"
    )


def success_line(feature: FeatureFacts) -> str:
    """Say the level in both weeks, and what it is held against."""
    confirmed, provisional = feature.confirmed, feature.provisional
    said = [f"{_level(feature)} in {numbers.week(confirmed.week)}, confirmed"]
    if confirmed.success.value is None:
        why = f": {confirmed.success.why_not}" if confirmed.success.why_not else ""
        said = [f"not measured in {numbers.week(confirmed.week)}{why}"]
    if confirmed.pooled_weeks > 1:
        said[0] += f", {confirmed.pooled_weeks} weeks pooled"
    if provisional.success.value is not None or confirmed.success.value is not None:
        newest = numbers.share(provisional.success)
        said.append(f"{newest} in {numbers.week(provisional.week)}, provisional")
    if feature.baseline and not _moves(feature):
        said.append(f"baseline {numbers.share(feature.baseline.success)}")
    if feature.verdict == "steady" and confirmed.detectable is not None:
        said.append(f"no detectable change (could have seen {_size(confirmed.detectable)})")
    return "; ".join(said)


def _moves(feature: FeatureFacts) -> bool:
    return feature.verdict in {"falling", "recovering"}


def _level(feature: FeatureFacts) -> str:
    now = numbers.share_of(feature.confirmed.success)
    before = feature.baseline.success.value if feature.baseline else None
    return f"{numbers.percent(before)} → {now}" if before is not None and _moves(feature) else now


def signals_line(feature: FeatureFacts) -> str:
    """Say what users' signals show; they are never called success."""
    signals = feature.signals
    friction = f"friction {numbers.share_of(signals.friction)}"
    if signals.friction_before.value is not None:
        friction += f", {numbers.percent(signals.friction_before.value)} in the baseline"
    satisfaction = f"satisfaction {numbers.share_of(signals.satisfaction)}"
    if signals.satisfaction_before.value is not None:
        satisfaction += f", {numbers.percent(signals.satisfaction_before.value)} in the baseline"
    if signals.coverage.value is not None:
        satisfaction += f"; {numbers.percent(signals.coverage.value, 1)} of requests carry a signal"
    return f"{friction}; {satisfaction}"


def infrastructure_line(row: InfrastructureFacts) -> str:
    """Print latency and errors beside what they were in the baseline weeks."""
    latency = f"p95 {numbers.milliseconds(row.latency_p95_ms)}"
    if row.latency_p95_before_ms.value is not None:
        latency += f", before {numbers.duration(row.latency_p95_before_ms.value)}"
    errors = f"errors {numbers.share(row.error_share, 1)}"
    if row.error_share_before.value is not None:
        errors += f", before {numbers.percent(row.error_share_before.value, 1)}"
    word = {"green": "green", "worse": "worse", "unknown": "nothing to compare with yet"}[row.state]
    return f"{word}: {latency}; {errors}; n {numbers.count(row.n_requests)}"


def printed_parts(attribution: AttributionFacts, digits: int) -> list[tuple[PartFacts, float]]:
    """Pair each part with the change to print, so that the printed ones add up too."""
    changes = [part.change.value or 0.0 for part in attribution.parts]
    rounded = numbers.steps(attribution.before.value or 0.0, changes, digits + 2)
    return list(zip(attribution.parts, rounded, strict=True))


def why_line(feature: FeatureFacts) -> str:
    """Name the parts of the change: those beyond chance with their interval, then the rest."""
    attribution = feature.attribution
    if attribution is None or attribution.total.value is None:
        return ""
    parts = sorted(printed_parts(attribution, 1), key=lambda part: -abs(part[1]))
    causes = [
        f"{_part_name(part, feature)} {numbers.points(change)}{_bounds(part)}"
        for part, change in parts
        if part.cause
    ]
    rest = [
        f"{_part_name(part, feature)} {numbers.points(change)}"
        for part, change in parts
        if not part.cause and round(change, 3)
    ]
    said = [", ".join(causes)] if causes else []
    said += [f"within chance: {', '.join(rest)}"] if rest else []
    total = numbers.points_with_interval(attribution.total)
    compound = "compound: " if attribution.compound else ""
    return f"{total} since the baseline: {compound}{'; '.join(said) or 'no part stands out'}"


def _part_name(part: PartFacts, feature: FeatureFacts) -> str:
    if part.name != "new_topics" or not feature.emerged:
        return PARTS.get(part.name, part.name)
    others = f" and {len(feature.emerged) - 1} more" if len(feature.emerged) > 1 else ""
    return f"new topic “{feature.emerged[0].label}”{others}"


def _bounds(part: PartFacts) -> str:
    low, high = part.change.low, part.change.high
    if low is None or high is None:
        return ""
    return f" ({numbers.points(low)}…{numbers.points(high)})"


def do_line(feature: FeatureFacts) -> Line | None:
    """Say what can be done today, with the command."""
    ready = [dataset for dataset in feature.datasets if dataset.n_rows]
    if ready:
        return Line("do", dataset_words(ready[0]), ready[0].command)
    if feature.verdict != "falling":
        return None
    failed = numbers.count(feature.n_failures, "failure")
    for dataset in feature.datasets:
        if dataset.rejects:
            worst = max(dataset.rejects, key=lambda reject: (reject.n, reject.name))
            blocked = f"{failed}, none ready: {worst.n:,} refused as {worst.name}"
            return Line("do", f"{blocked}; {worst.next_step}" if worst.next_step else blocked)
    return Line(
        "do", f"{failed}; no training set is configured", "add [datasets.NAME] to config.toml"
    )


def dataset_words(dataset: DatasetFacts) -> str:
    """Say what a set holds."""
    rows = numbers.count(dataset.n_rows, "training row")
    topics = f" in {numbers.count(len(dataset.topics), 'topic')}" if dataset.topics else ""
    return f"{rows}{topics} ready in {dataset.name} {dataset.version} ({dataset.state})"


def owner_line(feature: FeatureFacts, today: date) -> str:
    """Say whose feature it is, and for how long nobody has answered."""
    owner = feature.owner or f"nobody (set features.{feature.name}.owner)"
    if feature.verdict != "falling" or feature.alarm_day is None:
        return owner
    age = numbers.count((today - feature.alarm_day).days, "day")
    answered = "acknowledged" if feature.acknowledged else "not acknowledged"
    return f"{owner} · {feature.incident_id} confirmed {age} ago, {answered}"


def brief(feature: FeatureFacts, today: date) -> list[Line]:
    """Return a feature's lines on page one: level, machines, why, what else, what to do, whose."""
    lines = level_lines(feature)
    if _moves(feature) and (why := why_line(feature)):
        lines.append(Line("why", why))
    lines += [
        Line("also", f"{finding.finding_id} {finding.title}")
        for finding in feature.findings
        if finding.state == "open" and finding.kind not in _SAID_BY_VERDICT
    ][:_ALSO]
    if feature.verdict != "steady" and (do := do_line(feature)):
        lines.append(do)
    if _moves(feature):
        lines.append(Line("owner", owner_line(feature, today)))
    return lines


def level_lines(feature: FeatureFacts) -> list[Line]:
    """Return what is known of success, signals where they stand alone, and the machines."""
    lines = [Line("success", success_line(feature))]
    if feature.confirmed.success.value is None:
        lines.append(Line("signals, not success", signals_line(feature)))
    return [*lines, Line("infrastructure", infrastructure_line(feature.infrastructure))]


def is_quiet(facts: ReportFacts) -> bool:
    """Tell whether nothing needs anybody: page one is then five lines."""
    news = [difference for difference in facts.changed if difference.kind != "dataset"]
    calm = all(_is_calm(feature) for feature in facts.features)
    return bool(facts.features) and calm and not news and not facts.intake.n_gaps


def _is_calm(feature: FeatureFacts) -> bool:
    sound = not feature.health.gate_fires and feature.infrastructure.state != "worse"
    silent = all(finding.state != "open" for finding in feature.findings)
    return feature.verdict == "steady" and sound and silent


def quiet_line(facts: ReportFacts) -> str:
    """Put every steady feature in one line."""
    said = [f"{f.name} {numbers.share(f.confirmed.success)}" for f in ordered(facts.features)]
    seen = [f.confirmed.detectable for f in facts.features if f.confirmed.detectable is not None]
    could = f" (could have seen {_size(max(seen))})" if seen else ""
    return f"No detectable change{could}: {', '.join(said)}."


def measurement_line(facts: ReportFacts) -> str:
    """Say whether the week's numbers can be believed at all."""
    late = [f.name for f in ordered(facts.features) if f.health.gate_fires]
    judged = sum(f.health.outcome_arrived.value is not None for f in facts.features)
    outcomes = f"outcomes arrive as expected for {judged} of {len(facts.features)} features"
    if late:
        outcomes = f"outcome feed late for {', '.join(late)}: headline withheld"
    elif not judged:
        outcomes = "outcomes: not measured"
    join = f"joined to a request {numbers.share(facts.intake.join, 1)}"
    letters = numbers.count(facts.intake.n_dead_letters, "dead letter")
    gaps = (
        [numbers.count(facts.intake.n_gaps, "gap") + " in the log"] if facts.intake.n_gaps else []
    )
    provisional = f"{numbers.week(facts.week)} provisional"
    return " · ".join([outcomes, join, letters, *gaps, provisional])


def changed_line(facts: ReportFacts) -> str:
    """Say what is different from the report before."""
    if facts.last_report is None:
        return "this is the first report"
    said = [f"{c.feature}: {c.words}" if c.feature else c.words for c in facts.changed]
    return "; ".join(said) or "nothing"


def ledger_words(change: ChangeFacts) -> str:
    """Place a change beside the onset in time; time is all that is known.

    The onset is known to the week, so the distance is the largest that its days allow.
    """
    if change.days_from_onset is None:
        return ""
    days = change.days_from_onset
    if days >= _WEEK_DAYS:
        return f"came {numbers.count(days - _WEEK_DAYS + 1, 'day')} or more after the fall began"
    if days < -_NEAR_DAYS:
        return f"came {numbers.count(-days, 'day')} or more before the fall began"
    far = max(abs(days), abs(days - _WEEK_DAYS + 1))
    return f"the fall began within {numbers.count(far, 'day')} of it"


def _size(change: float) -> str:
    return f"{numbers.points(change).lstrip('+')} pts"
