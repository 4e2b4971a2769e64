"""One feature's section as facts: its verdict, and what the store holds around it."""

from datetime import date

import msgspec

from decay_reports.alarms.confirmed import STREAM
from decay_reports.alarms.verdicts import Baseline, Verdict, WeekEstimate
from decay_reports.causes.attribution import Attribution
from decay_reports.facts import wording
from decay_reports.facts.asked import asked, label_of
from decay_reports.facts.aspect import AspectFacts
from decay_reports.facts.behind import why_facts
from decay_reports.facts.evidence import (
    changes,
    datasets,
    emerged,
    failures,
    findings,
    not_measured,
)
from decay_reports.facts.machines import before_weeks, infrastructure, pooled
from decay_reports.facts.material import TREND_WEEKS, Material, details, estimate
from decay_reports.facts.report import (
    AttributionFacts,
    BaselineFacts,
    FeatureFacts,
    HealthFacts,
    MethodFacts,
    PartFacts,
    SignalFacts,
    TopicFacts,
    TrendPoint,
    WeekFacts,
)
from decay_reports.facts.system import NOTHING
from decay_reports.numbers import visible
from decayd.results import Estimate
from decayd.weeks import WEEK

_Z95 = 1.96
_RESTATED = 0.01  # one point; a week wobbles by less while its last outcomes arrive
_LABEL = 80  # characters of a topic's label
_CURVES = (("failures", "F0"), ("successes", "F1"))


def feature_facts(
    material: Material, name: str, verdict: Verdict, attribution: Attribution | None, *,
    aspects: tuple[AspectFacts, ...] = (),
) -> FeatureFacts:  # fmt: skip
    """Put one feature together; nothing is read from the store here."""
    baseline_weeks = verdict.baseline.weeks if verdict.baseline else verdict.signal_weeks
    before = before_weeks(material, name, baseline_weeks)
    found = findings(material, name)
    since = verdict.since.date() if verdict.since else None
    facts = FeatureFacts(
        name=visible(name, _LABEL),
        owner=visible(material.settings.feature(name).owner, _LABEL),
        verdict=verdict.state,
        words="",
        reason=verdict.reason,
        measure="" if verdict.measure == STREAM else verdict.measure,
        learning_weeks=verdict.learning_weeks,
        onset=verdict.onset,
        alarm_day=since,
        incident_id=verdict.incident_id or "",
        acknowledged=_acknowledged(material, verdict),
        baseline=_baseline(verdict.baseline),
        confirmed=_week(verdict.confirmed, material.confirmed_week),
        provisional=_week(verdict.provisional, material.week),
        signals=_signals(material, name, baseline_weeks),
        infrastructure=infrastructure(material, name, before),
        health=_health(material, name),
        trend=_trend(material, name),
        attribution=_attribution(attribution),
        topics=_topics(material, name, attribution),
        emerged=emerged(material, name),
        asked=asked(material, name),
        changes=changes(material, name, verdict.onset),
        failures=failures(material, name),
        datasets=datasets(material, name),
        findings=found,
        aspects=aspects,
        methods=_methods(material, name, verdict),
    )
    facts = msgspec.structs.replace(facts, why=why_facts(material, facts, attribution))
    facts = msgspec.structs.replace(facts, not_measured=not_measured(material, name, facts))
    return msgspec.structs.replace(facts, words=wording.verdict_words(facts))


def _acknowledged(material: Material, verdict: Verdict) -> bool:
    if verdict.incident_id is None:
        return False
    of_incident = {f.finding_id for f in material.findings if f.incident_id == verdict.incident_id}
    return bool(of_incident & material.acknowledged)


def _baseline(baseline: Baseline | None) -> BaselineFacts | None:
    if baseline is None:
        return None
    half = _Z95 * baseline.se
    level = baseline.value
    return BaselineFacts(
        weeks=baseline.weeks,
        success=Estimate(level, level - half, level + half, baseline.n, baseline.n_labels),
        accepted_by=visible(baseline.accepted_by, _LABEL),
        reason=visible(baseline.reason),
    )


def _week(week: WeekEstimate | None, expected: date) -> WeekFacts:
    """Take over a week's figure; one of another week says that this one has none."""
    if week is None or week.week != expected:
        return WeekFacts(week=expected, success=Estimate(None, why_not="no figure for this week"))
    return WeekFacts(
        week=week.week,
        success=week.estimate,
        detectable=week.detectable,
        pooled_weeks=week.pooled_weeks,
        withheld=week.withheld,
    )


def _signals(material: Material, name: str, baseline: tuple[date, ...]) -> SignalFacts:
    week = material.confirmed_week
    coverage = material.details(name, week, "satisfaction").get("coverage")
    friction = material.newest(name, week, "friction")
    return SignalFacts(
        week=week,
        satisfaction=material.newest(name, week, "satisfaction"),
        friction=friction,
        coverage=NOTHING if coverage is None else Estimate(coverage, n=friction.n),
        satisfaction_before=pooled(material, name, baseline, "satisfaction"),
        friction_before=pooled(material, name, baseline, "friction"),
    )


def _health(material: Material, name: str) -> HealthFacts:
    week = material.week
    gate = material.details(name, week, "outcome_arrived_share")
    success = material.lags(name, week, "success").get(0)
    late = success is not None and bool(details(success).get("withheld"))
    expected = gate.get("expected")
    return HealthFacts(
        week=week,
        outcome_arrived=material.newest(name, week, "outcome_arrived_share"),
        outcome_expected=NOTHING if expected is None else Estimate(expected),
        rating=material.newest(name, week, "rating_share"),
        gate_fires=late,
        gate_words=str(success["why_not"]) if late and success is not None else "",
    )


def _trend(material: Material, name: str) -> tuple[TrendPoint, ...]:
    weeks = [material.week - WEEK * back for back in range(TREND_WEEKS - 1, -1, -1)]
    known = [week for week in weeks if material.lags(name, week, "requests")]
    return tuple(_trend_point(material, name, week) for week in known)


def _trend_point(material: Material, name: str, week: date) -> TrendPoint:
    by_lag = material.lags(name, week, "success")
    lag = max(by_lag, default=0)
    back_filled = any(row["back_filled"] for row in by_lag.values())
    success = estimate(by_lag[lag]) if lag else None
    first = estimate(by_lag[0]) if 0 in by_lag else None
    requests = material.lags(name, week, "requests")
    return TrendPoint(
        week=week,
        success=success,
        first=first,
        lag=lag,
        restated=_differ(success, first),
        back_filled=back_filled,
        n_requests=requests[max(requests)]["n"],
        latency_p95_ms=material.newest(name, week, "latency_p95_ms"),
        error_share=material.newest(name, week, "error_share"),
    )


def _differ(success: Estimate | None, first: Estimate | None) -> bool:
    if success is None or first is None or success.value is None or first.value is None:
        return False
    return abs(success.value - first.value) >= _RESTATED


def _attribution(found: Attribution | None) -> AttributionFacts | None:
    if found is None:
        return None
    parts = tuple(
        PartFacts(
            name=part.name,
            change=Estimate(part.value, part.low, part.high, n=found.n_now),
            cause=part.named_cause,
        )
        for part in found.parts
    )
    return AttributionFacts(
        weeks_before=found.before_weeks,
        weeks_now=found.after_weeks,
        before=found.before,
        now=found.after,
        total=found.total,
        parts=parts,
        compound=found.compound,
    )


def _topics(
    material: Material, name: str, attribution: Attribution | None
) -> tuple[TopicFacts, ...]:
    if attribution is None:
        return ()
    labels = material.topics.get(name, {})
    return tuple(
        TopicFacts(
            topic_id=topic.topic_id,
            label=label_of(labels.get(topic.topic_id, {}), topic.topic_id),
            share_before=Estimate(topic.share_before, n=attribution.n_before),
            share_now=Estimate(topic.share_now, n=attribution.n_now),
            success_before=topic.success_before,
            success_now=topic.success_now,
            contribution=topic.contribution,
            kind=topic.kind,
        )
        for topic in attribution.topics
    )


def _methods(material: Material, name: str, verdict: Verdict) -> MethodFacts:
    week = verdict.confirmed.week if verdict.confirmed else material.confirmed_week
    by_lag = material.lags(name, week, "success")
    row = by_lag.get(1) or (by_lag[max(by_lag)] if by_lag else None)
    beside = details(row) if row else {}
    models = sorted({topic["model_id"] for topic in material.topics.get(name, {}).values()})
    return MethodFacts(
        n_eff=row["n_eff"] if row else None,
        lam=beside.get("lam"),
        arrived_by_day=_arrived(beside.get("curve") or {}),
        alarm_level=verdict.alarm.statistic if verdict.alarm else None,
        alarm_threshold=verdict.alarm.threshold if verdict.alarm else None,
        topic_model=", ".join(models),
    )


def _arrived(curve: dict[str, list[float]]) -> dict[str, float]:
    return {
        f"{short}_{days:g}": value
        for kind, short in _CURVES
        for days, value in zip(curve.get("days", []), curve.get(kind, []), strict=False)
    }
