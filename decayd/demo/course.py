"""What is true of one feature over time: topic shares, success, reactions, versions."""

from math import exp, log
from random import Random

from decayd.demo.people import is_new
from decayd.demo.scenarios import Deploy, FeaturePlan, NewTopic, Rates
from decayd.demo.texts import Intent, vocabulary
from decayd.demo.timeline import DAY_MS, Timeline

_SPREAD = (0.05, -0.04, 0.02, -0.03, 0.04, -0.02)  # how much easier one intent is than another
_SHARE_JITTER_SD = 0.12  # of a topic's share, from week to week
_DAY_NOISE_SD = 0.12  # logit, from day to day
_NEW_USER_LOGIT = -0.25


class Course:
    """What is true of a feature at an instant."""

    def __init__(self, plan: FeaturePlan, timeline: Timeline) -> None:
        self.plan = plan
        self.intents: tuple[Intent, ...] = vocabulary(plan.vocabulary).intents
        self._base = _base_rates(plan, self.intents)
        self._drop = _drops(plan, self.intents)
        self._slide = (
            _span(timeline, plan.slide.from_week, plan.slide.to_week) if plan.slide else None
        )
        self._topic = _topic_span(timeline, plan.new_topic) if plan.new_topic else None
        self._reacts_from = (
            deploy_ms(timeline, plan.signal_change.change) if plan.signal_change else None
        )
        self._deploys = [(deploy_ms(timeline, d), d) for d in plan.deploys if d.key]

    def shares(self, at_ms: int, rng: Random) -> list[float]:
        """Draw a week's topic shares around what is planned."""
        total = sum(i.share for i in self.intents)
        jitter = [i.share / total * exp(rng.gauss(0, _SHARE_JITTER_SD)) for i in self.intents]
        new = self.new_topic_share(at_ms)
        scale = (1 - new) / sum(jitter)
        name = self.plan.new_topic.intent if self.plan.new_topic else ""
        return [
            new if i.name == name else share * scale
            for i, share in zip(self.intents, jitter, strict=True)
        ]

    def new_topic_share(self, at_ms: int) -> float:
        """Return the planned share of the new topic, 0 before its first week."""
        topic = self.plan.new_topic
        if topic is None or self._topic is None or at_ms < self._topic[0]:
            return 0.0
        return topic.first_share + (topic.share - topic.first_share) * _ramp(at_ms, self._topic)

    def sliding(self, at_ms: int) -> bool:
        """Tell whether the slide has begun."""
        return self._slide is not None and at_ms >= self._slide[0]

    def success(self, intent: int, at_ms: int, logit_shift: float) -> float:
        """Return the chance that an answer to `intent` helps."""
        fallen = self._drop[intent] * _ramp(at_ms, self._slide) if self._slide else 0.0
        rate = min(0.99, max(0.01, self._base[intent] - fallen))
        return 1 / (1 + exp(-log(rate / (1 - rate)) - logit_shift))

    def reactions(self, at_ms: int) -> dict[str, Rates]:
        """Return how users react at an instant."""
        change = self.plan.signal_change
        if change is None or self._reacts_from is None or at_ms < self._reacts_from:
            return self.plan.reactions
        return self.plan.reactions | change.reactions

    def versions(self, at_ms: int) -> dict[str, str | int | float]:
        """Return the versions that serve at an instant."""
        now: dict[str, str | int | float] = dict(self.plan.versions)
        return now | {deploy.key: deploy.new for ms, deploy in self._deploys if ms <= at_ms}


def day_noise(rng: Random) -> float:
    """Draw one day's shift of success on the logit scale."""
    return rng.gauss(0, _DAY_NOISE_SD)


def tenure_shift(tenure_days: float | None) -> float:
    """Return how much harder it is to help somebody who is new, on the logit scale."""
    return _NEW_USER_LOGIT if is_new(tenure_days) else 0.0


def deploy_ms(timeline: Timeline, deploy: Deploy) -> int:
    """Return when a change happens: on the Monday of its week at 09:00."""
    return timeline.ms(timeline.planted(deploy.week), hour=9)


def _span(timeline: Timeline, from_week: int, to_week: int) -> tuple[int, int]:
    return timeline.ms(timeline.planted(from_week)), timeline.ms(timeline.planted(to_week))


def _topic_span(timeline: Timeline, topic: NewTopic) -> tuple[int, int]:
    return _span(timeline, topic.week, topic.week + topic.growth_weeks)


def _ramp(at_ms: int, span: tuple[int, int]) -> float:
    """Rise smoothly from 0 to 1 over a span of time."""
    start, end = span
    part = min(1.0, max(0.0, (at_ms - start) / max(DAY_MS, end - start)))
    return part * part * (3 - 2 * part)


def _weighted(values: list[float], intents: tuple[Intent, ...]) -> float:
    weight = sum(i.share for i in intents)
    return sum(v * i.share for v, i in zip(values, intents, strict=True)) / weight


def _base_rates(plan: FeaturePlan, intents: tuple[Intent, ...]) -> list[float]:
    spread = [_SPREAD[n % len(_SPREAD)] for n in range(len(intents))]
    level = plan.success - _weighted(spread, intents)
    rates = [level + s for s in spread]
    if plan.new_topic:
        rates = [
            plan.new_topic.success if i.name == plan.new_topic.intent else rate
            for i, rate in zip(intents, rates, strict=True)
        ]
    return rates


def _drops(plan: FeaturePlan, intents: tuple[Intent, ...]) -> list[float]:
    rot = [i.rot for i in intents]
    points = plan.slide.points if plan.slide else 0.0
    return [points * r / _weighted(rot, intents) for r in rot]
