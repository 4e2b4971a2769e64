"""The sentences of the report, in plain text: formats only escape them and lay them out."""

from collections.abc import Sequence

from decay_reports import numbers
from decay_reports.facts.report import (
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
    "version_and_within": "versions and within topics, not separable",
    "topic_mix": "topic mix",
    "tenure_mix": "tenure mix",
    "version_mix": "version",
    "new_topics": "new topics",
    "gone_topics": "gone topics",
    "unembedded": "requests not embedded yet",
}
_ORDER = tuple(VERDICTS)
_BOTH = 2
_NAMED = 3  # features that the headline names
_WEEK_DAYS = 7
_NEAR_DAYS = 28  # a change further off is dated, but not set beside the fall


def ordered(features: Sequence[FeatureFacts]) -> list[FeatureFacts]:
    """Put what needs somebody first: by verdict, then what has news, then by name."""
    return sorted(features, key=lambda f: (_ORDER.index(f.verdict), not has_news(f), f.name))


def has_news(feature: FeatureFacts) -> bool:
    """Tell whether there is more to say than the verdict."""
    return has_changed(feature) or any(finding.state == "open" for finding in feature.findings)


def verdict_words(feature: FeatureFacts) -> str:
    """Say a feature's state in a few words."""
    if moves(feature) and feature.onset:
        on = f" on {feature.measure} (signals, not success)" if feature.measure else ""
        return f"{VERDICTS[feature.verdict]} since about {numbers.day(feature.onset)}{on}"
    if feature.verdict == "steady" and feature.measure:
        return f"{VERDICTS[feature.verdict]} on {feature.measure} (signals, not success)"
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
    if total == 1:
        return f"{features[0].name} is {VERDICTS[features[0].verdict]}."
    named = {word: [f.name for f in features if f.verdict == word] for word in _ORDER}
    if len(named["steady"]) == total:
        return (
            "Both features are steady." if total == _BOTH else f"All {total} features are steady."
        )
    first, *others = [(word, names) for word, names in named.items() if names]
    verb = "is" if len(first[1]) == 1 else "are"
    who = f" ({', '.join(sorted(first[1]))})" if len(first[1]) <= _NAMED else ""
    lead = f"{len(first[1])} of {numbers.count(total, 'feature')} {verb} {VERDICTS[first[0]]}{who}"
    return "; ".join([lead, *(f"{len(names)} {VERDICTS[word]}" for word, names in others)]) + "."


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
    if feature.baseline and not moves(feature):
        said.append(f"baseline {numbers.share(feature.baseline.success)}")
    if feature.verdict == "steady" and has_changed(feature):
        said.append("no change that one week alone would show")
    elif feature.verdict == "steady" and confirmed.detectable is not None:
        said.append(f"no detectable change (could have seen {size(confirmed.detectable)})")
    return "; ".join(said)


def moves(feature: FeatureFacts) -> bool:
    """Tell whether an incident is open."""
    return feature.verdict in {"falling", "recovering"}


def has_changed(feature: FeatureFacts) -> bool:
    """Tell whether there is a change to explain: an incident, or four weeks apart from before."""
    if feature.attribution is None:
        return False
    low, high = feature.attribution.total.low, feature.attribution.total.high
    return moves(feature) or (low is not None and high is not None and (low > 0 or high < 0))


def _level(feature: FeatureFacts) -> str:
    now = numbers.share_of(feature.confirmed.success)
    before = feature.baseline.success.value if feature.baseline else None
    return f"{numbers.percent(before)} → {now}" if before is not None and moves(feature) else now


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
    """Pair each part with the change to print, so that the printed ones add up too.

    A part that is 0 without any doubt, such as new topics where there are none, is left out.
    """
    parts = [p for p in attribution.parts if p.change.value or p.change.low or p.change.high]
    changes = [part.change.value or 0.0 for part in parts]
    rounded = numbers.steps(attribution.before.value or 0.0, changes, digits + 2)
    return list(zip(parts, rounded, strict=True))


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
    span = numbers.weeks_only(attribution.weeks_now)
    parted = "; ".join(said) or "no part stands out"
    return f"{total} in {span} against the baseline: {compound}{parted}"


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


def dataset_words(dataset: DatasetFacts) -> str:
    """Say what a set holds."""
    rows = numbers.count(dataset.n_rows, "training row")
    topics = f" in {numbers.count(len(dataset.topics), 'topic')}" if dataset.topics else ""
    return f"{rows}{topics} ready in {dataset.name} {dataset.version} ({dataset.state})"


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


def size(change: float) -> str:
    """Print a difference of shares without its sign."""
    return f"{numbers.points(change).lstrip('+')} pts"
