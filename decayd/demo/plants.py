"""Events that do not come from traffic (deploys, eval runs, consents), and planned overlaps."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

import msgspec

from decayd.demo.course import deploy_ms
from decayd.demo.reactions import AGENTS, ANNOTATORS, Sent
from decayd.demo.scenarios import SHARED_DEPLOYS, Deploy, FeaturePlan
from decayd.demo.texts import Protected, vocabulary
from decayd.demo.timeline import Timeline, instant
from decayd.events import Change, Consent, Eval, EvalItem

_EVAL_HOUR = 2.5  # the nightly eval run on Mondays; the one after the last week also closes it
_EVAL_SCORE = 0.93
_OVERLAP_WEEKS = 6  # overlaps lie in the weeks before the last one, so that a fresh set meets them
_POLICY = "privacy-2025"


class Overlap(msgspec.Struct, frozen=True):
    """A query that a user will ask word for word (or in another case) as an eval item has it."""

    day: int
    item: Protected
    text: str


def staff(timeline: Timeline) -> Iterator[Sent]:
    """Yield the consents of the people whose texts become targets."""
    for n, actor in enumerate((*AGENTS, *ANNOTATORS)):
        at_ms = timeline.ms(1) + n * 1000
        yield Sent(at_ms, consent(actor, "granted", at_ms))


def consent(user_id: str, state: Literal["granted", "denied", "revoked"], at_ms: int) -> Consent:
    """Return what a person says about training on their texts."""
    return Consent(
        ts=instant(at_ms),
        event_id=f"consent-{user_id}-{state}",
        user_id=user_id,
        purpose="training",
        state=state,
        policy=_POLICY,
    )


def deploys(plans: Sequence[FeaturePlan], timeline: Timeline) -> Iterator[Sent]:
    """Yield every announced change; those of the gateway concern all features."""
    for plan in plans:
        own = (plan.signal_change.change,) if plan.signal_change else ()
        for deploy in (*plan.deploys, *own):
            yield _change(deploy, plan.name, timeline)
    for deploy in SHARED_DEPLOYS:
        yield _change(deploy, None, timeline)


def _change(deploy: Deploy, feature: str | None, timeline: Timeline) -> Sent:
    at_ms = deploy_ms(timeline, deploy)
    change = Change(
        ts=instant(at_ms),
        event_id=f"change-{feature or 'all'}-{deploy.artifact}-{deploy.new}".replace(" ", "-"),
        artifact=deploy.artifact,
        name=deploy.name,
        feature=feature,
        from_=deploy.old,
        to=deploy.new,
        actor="release-bot",
    )
    return Sent(at_ms, change)


def evals(plan: FeaturePlan, timeline: Timeline, rng: Random) -> Iterator[Sent]:
    """Yield the registration of a suite's items and its weekly runs, which stay green."""
    items = vocabulary(plan.vocabulary).eval_items
    for week in range(1, timeline.weeks + 2):
        at_ms = timeline.ms(week, hour=_EVAL_HOUR)
        registered = [EvalItem(i.id, i.input, i.expected) for i in items] if week == 1 else None
        run = Eval(
            ts=instant(at_ms),
            event_id=f"eval-{plan.suite}-{week}",
            suite=plan.suite,
            suite_version="1",
            feature=plan.name,
            score=round(_EVAL_SCORE + rng.gauss(0, 0.01), 3),
            n=len(items),
            items=registered,
        )
        yield Sent(at_ms, run)


def overlaps(plan: FeaturePlan, timeline: Timeline) -> list[Overlap]:
    """Schedule the questions that are eval items: most word for word, each third in capitals."""
    items = vocabulary(plan.vocabulary).eval_items[: plan.overlaps]
    last_day = 7 * (timeline.weeks - 1)
    first_day = max(0, last_day - 7 * _OVERLAP_WEEKS)
    return [
        Overlap(
            first_day + n * (last_day - first_day) // max(1, len(items)),
            item,
            item.input if n % 3 else item.input.upper(),
        )
        for n, item in enumerate(items)
    ]
