"""The longer parts of the sample report: its topics, sets, findings and attribution."""

from datetime import date, timedelta

from decay_reports.causes.why_facts import ForceFacts, ForecastFacts, SegmentFacts, WhyFacts
from decay_reports.facts.report import (
    AttributionFacts,
    ChangeFacts,
    DatasetFacts,
    EmergedFacts,
    FindingFacts,
    PartFacts,
    TopicFacts,
)
from decay_reports.facts.system import Count
from decayd.results import Estimate

WEEK = date(2026, 10, 12)
CONFIRMED = date(2026, 10, 5)
BASELINE = tuple(date(2026, 6, 1) + timedelta(days=7 * k) for k in range(4))
NOW = tuple(date(2026, 9, 14) + timedelta(days=7 * k) for k in range(4))
PULL = "decayd datasets pull refund-fixes@0.3.0 --candidate --format trl-sft -o DIR"


def around(value: float, half: float, n: int, labels: int | None = None) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(value, value - half, value + half, n=n, n_labels=labels)


def topics() -> tuple[TopicFacts, ...]:
    return (
        TopicFacts(
            topic_id="t3@v1",
            label="refund status bank card days",
            share_before=Estimate(0.31, n=9624),
            share_now=Estimate(0.29, n=9640),
            success_before=around(0.72, 0.03, 2983),
            success_now=around(0.51, 0.05, 2796),
            contribution=-0.0644,
        ),
        TopicFacts(
            topic_id="n1",
            label="pay by link",
            share_before=Estimate(0.0, n=9624),
            share_now=Estimate(0.07, n=9640),
            success_now=around(0.27, 0.06, 675),
            contribution=-0.0301,
            kind="new",
        ),
        TopicFacts(
            topic_id="t1@v1",
            label="cancel order before shipping",
            share_before=Estimate(0.40, n=9624),
            share_now=Estimate(0.38, n=9640),
            success_before=around(0.70, 0.03, 3850),
            success_now=around(0.655, 0.05, 3663),
            contribution=-0.0222,
        ),
    )


def emerged() -> tuple[EmergedFacts, ...]:
    return (
        EmergedFacts(
            topic_id="n1",
            label="pay by link",
            examples=(
                "the pay by link page says expired",
                "how do I send a customer a payment link",
                "refund a purchase that was paid by link",
            ),
            first_week=date(2026, 8, 31),
            n=171,
            share_now=Estimate(0.071, 0.061, 0.082, n=2398),
            success_now=around(0.27, 0.06, 171),
            success_rest=around(0.60, 0.03, 2227),
            finding_id="F-17",
        ),
    )


def changes() -> tuple[ChangeFacts, ...]:
    return (
            ChangeFacts(
                day=date(2026, 7, 6), artifact="prompt", name="refund-system", before="v11",
                after="v12", everywhere=True, days_from_onset=-49,
            ),
            ChangeFacts(
                day=date(2026, 8, 22), artifact="model", name="support-llm", before="2026-05",
                after="2026-08", ref="deploy/4411", days_from_onset=-2,
            ),
        )  # fmt: skip


def datasets() -> tuple[DatasetFacts, ...]:
    return (
        DatasetFacts(
            name="refund-fixes",
            version="0.3.0",
            state="candidate",
            n_rows=212,
            command=PULL,
            weeks=8,
            n_failures=1466,
            failures=(
                Count(name="unknown", n=969),
                Count(name="wrong_answer", n=400),
                Count(name="refusal_over", n=97),
            ),
            rows_by_type=(Count(name="wrong_answer", n=180), Count(name="refusal_over", n=32)),
            topics=(Count(name="t3@v1", n=120), Count(name="n1", n=92)),
            rejects=(
                Count(
                    name="no consent",
                    n=1240,
                    next_step="send `consent` events, or set features.refund_help.lawful_basis",
                ),
                Count(name="eval overlap", n=7),
            ),
        ),
    )


def findings() -> tuple[FindingFacts, ...]:
    return (
            FindingFacts(
                finding_id="F-12", kind="success_fell", title="success fell",
                severity="page", state="open", week=CONFIRMED, since=NOW[1], n_members=388,
                next_step="read the failures, pull the set", command="decayd findings show F-12",
            ),
            FindingFacts(
                finding_id="F-17", kind="topic_emerged", title="a new topic: pay by link",
                severity="warning", state="open", week=WEEK, since=date(2026, 8, 31), n_members=171,
                next_step="decide who answers these", command="decayd findings show F-17",
            ),
        )  # fmt: skip


def attribution() -> AttributionFacts:
    return AttributionFacts(
        weeks_before=BASELINE,
        weeks_now=NOW,
        before=Estimate(0.702, n=9624),
        now=Estimate(0.5853, n=9640),
        total=Estimate(-0.1167, -0.142, -0.091, n=9640),
        parts=(
            PartFacts(name="within_topic", change=Estimate(-0.0812, -0.11, -0.05), cause=True),
            PartFacts(name="new_topics", change=Estimate(-0.0301, -0.041, -0.018), cause=True),
            PartFacts(name="topic_mix", change=Estimate(-0.0063, -0.013, 0.002)),
            PartFacts(name="gone_topics", change=Estimate(0.0009, -0.001, 0.003)),
        ),
    )


def why() -> WhyFacts:
    return WhyFacts(
        notes=("tenure is left out: unknown for 14% of requests",),
        n_tested=212,
        segments=(
            SegmentFacts(
                traits={"version": "prompt=v12", "locale": "de"},
                words="version prompt=v12 · locale de",
                before=around(0.71, 0.05, 702, 168),
                now=around(0.38, 0.06, 698, 151),
                difference=Estimate(-0.27, -0.35, -0.19, n=1400),
                contribution=-0.024,
                of_change=0.2056,
                examples=("req-9012", "req-8877"),
            ),
        ),
        forecast=ForecastFacts(
            weeks=tuple(date(2026, 7, 27) + timedelta(days=7 * k) for k in range(8)),
            slope=Estimate(-0.0112, -0.0171, -0.0053, n=8),
            horizon=8,
            floor=0.55,
            p_below=0.83,
        ),
        forces=(
            ForceFacts(
                force="measurement fault",
                state="against",
                speaks_against=("26.2% of requests aged 2–7 days have an outcome, as expected",),
            ),
            ForceFacts(
                force="world drift",
                state="for",
                speaks_for=("within topics −8.1 pts (−11.0…−5.0)", "F-17 a new topic: pay by link"),
            ),
            ForceFacts(
                force="knowledge staleness",
                state="open",
                missing=("too few requests say how old their retrieved documents are",),
            ),
        ),
    )
