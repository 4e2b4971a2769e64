"""What people ask, in the sample report: topics, tests, a new topic, the appendix."""

from datetime import date, timedelta
from typing import Any

from decay_reports.facts.asked_facts import (
    AppendixFacts,
    AskedChange,
    AskedFacts,
    AskedTopic,
    ChannelFacts,
    ColumnDrift,
    WeekShare,
)
from decayd.results import Estimate
from tests.golden.report_parts import BASELINE, CONFIRMED, WEEK, around


def weekly(*shares: float) -> tuple[WeekShare, ...]:
    first = WEEK - timedelta(days=7 * (len(shares) - 1))
    return tuple(
        WeekShare(week=first + timedelta(days=7 * k), share=around(share, 0.01, 2400))
        for k, share in enumerate(shares)
    )


def asked() -> AskedFacts:
    """What people ask of the feature that falls."""
    return AskedFacts(
        week=WEEK,
        success_week=CONFIRMED,
        baseline_weeks=BASELINE,
        topics=topics(),
        covered=around(0.62, 0.02, 1984),
        channels=channels(),
        changes=changes(),
        appendix=appendix(),
    )


def topics() -> tuple[AskedTopic, ...]:
    return (
        AskedTopic(
            topic_id="n1", label="pay by link", state="emerging",
            share_now=around(0.071, 0.01, 2398),
            share_before=Estimate(0.0, 0.0, 0.0004, n=9624),
            success=around(0.27, 0.06, 171, 38), success_rest=around(0.60, 0.03, 2227),
            covered=Estimate(0.0, 0.0, 0.022, n=168), weekly=weekly(0.01, 0.03, 0.05, 0.07, 0.071),
        ),
        AskedTopic(
            topic_id="t1", label="cancel order before shipping", state="frozen",
            share_now=around(0.38, 0.02, 2398), share_before=around(0.40, 0.01, 9624),
            success=around(0.655, 0.05, 911, 201), success_rest=around(0.54, 0.04, 1501),
            covered=around(0.91, 0.02, 760), weekly=weekly(0.4, 0.4, 0.39, 0.38, 0.38),
        ),
        AskedTopic(
            topic_id="other", label="fits no topic",
            share_now=around(0.03, 0.007, 2398), share_before=around(0.05, 0.004, 9624),
        ),
    )  # fmt: skip


def channels() -> tuple[ChannelFacts, ...]:
    return (
        channel("emerging", 1, "reference", "alarm", p=3e-12, since=date(2026, 8, 31)),
        channel("shares", 1, "reference", "explained by emerging", p=2e-5),
        channel("style", 1, "reference", "quiet", p=0.31),
        channel("vanishing", 4, "baseline", "quiet", p=1.0),
        ChannelFacts(
            channel="unfamiliar", weeks=4, against="baseline", state="not enough data",
            n=120, n_reference=2000, n_requests=131,
        ),
    )  # fmt: skip


def changes() -> tuple[AskedChange, ...]:
    return (
        AskedChange(
            finding_id="F-17", kind="topic_emerged", title="new topic “pay by link”",
            state="open", since=date(2026, 8, 31), topic_id="n1",
            now=around(0.068, 0.011, 1984), before=Estimate(0.001, 0.0004, 0.0026, n=4000),
            n_requests=171, examples=("the pay by link page says expired",),
            success=around(0.27, 0.06, 171, 38), success_rest=around(0.60, 0.03, 2227, 493),
            success_weeks=(CONFIRMED,), next_step="decide who answers these",
            command="decayd findings show F-17 --json",
        ),
    )  # fmt: skip


def appendix() -> AppendixFacts:
    return AppendixFacts(
        file="appendix-1-refund-help.html", version="0.7.23",
        columns=(
            ColumnDrift(
                column="topic", test="decayd shares", p=2e-5, below=5e-4, n=1984,
                n_reference=4000,
            ),
            ColumnDrift(
                column="latency_ms", test="ks", p=0.42, below=1e-3, n=1984, n_reference=4000,
                mean_now=1911.0, mean_before=1904.5,
            ),
        ),
    )  # fmt: skip


def channel(name: str, weeks: int, against: str, state: str, **more: Any) -> ChannelFacts:
    return ChannelFacts(
        channel=name, weeks=weeks, against=against, state=state, n=1984, n_reference=4000,
        n_requests=2398, **more,
    )  # fmt: skip
