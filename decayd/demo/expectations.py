"""Says of every planted thing what it was and what a good report makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from decayd.demo.scenarios import FeaturePlan
from decayd.demo.timeline import Timeline
from decayd.demo.truth import LAST_WEEKS, FeatureWeek, Planted, Tally


class Ledger:
    """Collects what was planted request by request while the run is drawn."""

    def __init__(self) -> None:
        self.overlaps: list[tuple[str, str, str]] = []  # feature, request, eval item
        self.revoked: dict[str, dict[str, list[str]]] = {}  # feature → user → requests


def expectations(
    plans: Sequence[FeaturePlan], timeline: Timeline, tally: Tally, ledger: Ledger
) -> tuple[Planted, ...]:
    """Return everything that was planted in the weeks that the run has."""
    figures = tally.figures(tuple(plan.name for plan in plans))
    return tuple(
        planted
        for plan in plans
        for planted in (
            *_story(plan, timeline, tally, _rates(plan.name, figures)),
            *_overlap(plan, ledger),
            *_revoked(plan, ledger.revoked.get(plan.name, {})),
        )
    )


def _rates(feature: str, figures: Sequence[FeatureWeek]) -> tuple[float, float]:
    weeks = [f for f in figures if f.feature == feature]
    return _rate(weeks[:LAST_WEEKS]), _rate(weeks[-LAST_WEEKS:])


def _rate(weeks: Sequence[FeatureWeek]) -> float:
    n = sum(w.n for w in weeks)
    return round(sum(w.n_success for w in weeks) / n, 4) if n else 0.0


def _story(
    plan: FeaturePlan, timeline: Timeline, tally: Tally, rates: tuple[float, float]
) -> Iterator[Planted]:
    told = [*_slide(plan, timeline, rates), *_signals(plan, timeline, rates)]
    told += _topic(plan, timeline, tally, rates)
    yield from told
    if not told:
        yield Planted(
            kind="steady",
            feature=plan.name,
            what=f"success stays at {rates[1]:.0%} all along",
            expectation="steady",
            before=rates[0],
            after=rates[1],
        )


def _week(timeline: Timeline, week: int) -> date | None:
    planted = timeline.planted(week)
    return timeline.monday(planted) if planted <= timeline.weeks else None


def _slide(plan: FeaturePlan, timeline: Timeline, rates: tuple[float, float]) -> Iterator[Planted]:
    if plan.slide and (start := _week(timeline, plan.slide.from_week)):
        rotten = "within topics, two of them most; latency and errors stay green"
        yield Planted(
            kind="slide",
            feature=plan.name,
            what=f"success slides {rates[0]:.0%} → {rates[1]:.0%}, {rotten}",
            expectation="falling, with its onset in the slide; why: within-topic",
            from_week=start,
            to_week=timeline.monday(timeline.planted(plan.slide.to_week)),
            before=rates[0],
            after=rates[1],
        )


def _signals(
    plan: FeaturePlan, timeline: Timeline, rates: tuple[float, float]
) -> Iterator[Planted]:
    change = plan.signal_change
    if change and (start := _week(timeline, change.change.week)):
        yield Planted(
            kind="signal_change",
            feature=plan.name,
            what=f"{change.change.name}: copies vanish, retries rise, success stays "
            f"at {rates[1]:.0%}",
            expectation="steady; signals moved, success did not",
            from_week=start,
            before=rates[0],
            after=rates[1],
            words=(change.change.name,),
        )


def _topic(
    plan: FeaturePlan, timeline: Timeline, tally: Tally, rates: tuple[float, float]
) -> Iterator[Planted]:
    topic = plan.new_topic
    if topic and (start := _week(timeline, topic.week)):
        share, success = tally.last_weeks(plan.name, topic.intent)
        words = tuple(topic.intent.split("_"))
        yield Planted(
            kind="new_topic",
            feature=plan.name,
            what=f"“{' '.join(words)}” appears and grows to {share:.0%} of requests, "
            f"success in it {success:.0%}",
            expectation="an emerging topic with these words, first seen within three weeks",
            from_week=start,
            before=rates[0],
            after=rates[1],
            share=round(share, 4),
            success=round(success, 4),
            words=words,
            request_ids=tally.request_ids(plan.name, topic.intent),
        )


def _overlap(plan: FeaturePlan, ledger: Ledger) -> Iterator[Planted]:
    pairs = [(r, item) for feature, r, item in ledger.overlaps if feature == plan.name]
    if pairs:
        yield Planted(
            kind="overlap",
            feature=plan.name,
            what=f"{len(pairs)} failing requests ask what an eval item asks, word for word",
            expectation="none of them is in a training set; dropped as eval overlap",
            request_ids=tuple(request_id for request_id, _ in pairs),
            eval_item_ids=tuple(item for _, item in pairs),
        )


def _revoked(plan: FeaturePlan, users: Mapping[str, Sequence[str]]) -> Iterator[Planted]:
    if users:
        request_ids = tuple(r for ids in users.values() for r in ids)
        yield Planted(
            kind="revoked",
            feature=plan.name,
            what=f"{len(users)} users with {len(request_ids)} usable failures revoke their consent",
            expectation="none of their requests is in a training set built afterwards",
            request_ids=request_ids,
            user_ids=tuple(users),
        )
