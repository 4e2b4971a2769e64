"""What happens to a feature's traffic, and what a good monitor would say about it.

Days and weeks are counted from the first Monday of the simulation; day 70 begins week 11.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from decay_reports.figures.frame import Floats

Curve = Callable[[Floats], Floats]  # of the day (fractional, from 0), ``(n,) -> (n,)``
Duty = Literal["page", "quiet", "either"]

WEEKS = 26
ONSET_DAY = 70.0
QUICK_WEEKS = 18
N_TOPICS = 12
NEW_TOPIC = N_TOPICS  # the code of the topic that comes later


def never(day: Floats) -> Floats:
    """Return 0 for every day."""
    return np.zeros_like(day)


def step(size: float, at: float = ONSET_DAY) -> Curve:
    """Return a curve that jumps from 0 to `size`."""
    return lambda day: np.where(day >= at, size, 0.0)


def ramp(size: float, days: float) -> Curve:
    """Return a curve that goes from 0 to `size` within `days`, then stays."""
    return lambda day: size * np.clip((day - ONSET_DAY) / days, 0.0, 1.0)


FEW_FRESH, FEW_THUMBS = step(0.1, -1.0), step(0.012, -1.0)  # always


@dataclass(frozen=True)
class Scenario:
    """The course of one feature; all effects on success are added to the log odds.

    Parameters
    ----------
    duty
        `page`: success falls by more than the tolerance, a monitor that stays silent has missed
        it. `quiet`: success stays, a page after the onset is false. `either`: a fall so small or
        so local that no page is asked for; neither a page nor silence is counted.
    causes
        Parts of the attribution that are the planted cause; empty where there is nothing to name.
    forces
        Beginnings of the forces that are at work, as the report's evidence table names them.
    segment
        The segment that is worse than the rest, by trait.
    finds
        Kinds of finding (their beginnings) that describe what was planted, besides a page.
    logit
        For every request.
    hard_share
        The share of the traffic that moves to the three hardest topics.
    new_share
        The share of the traffic on a topic that was not there before.
    fresh_share
        The share of the requests that come from users of less than 7 days.
    stale
        For the first third of the topics, whose documents are no longer renewed from the onset on.
    v2_share, v2_logit
        The share of the requests that prompt version `v2` answers, and its effect.
    rotten_logit
        For topic 1 in German alone.
    model
        From the onset on another model answers under a new resolved name; nobody announces it.
    weekend_traffic, weekend_logit
        Of Saturday and Sunday, against the other days.
    deploys
        Days of announced deploys (change events), whatever they do.
    """

    name: str
    duty: Duty
    causes: frozenset[str] = frozenset()
    finds: tuple[str, ...] = ()
    forces: tuple[str, ...] = ()
    segment: Mapping[str, str] = field(default_factory=dict)
    logit: Curve = never
    hard_share: Curve = never
    new_share: Curve = never
    fresh_share: Curve = FEW_FRESH
    stale: Curve = never
    v2_share: Curve = never
    v2_logit: float = 0.0
    rotten_logit: Curve = never
    model: bool = False
    buttons_until: float = np.inf
    thumbs: Curve = FEW_THUMBS
    feed_days: Curve = never
    weekend_traffic: float = 0.7
    weekend_logit: float = -0.1
    conversions: bool = False
    outcomes: bool = True
    deploys: tuple[float, ...] = ()
    per_day: float = 340.0
    base: float = 0.76  # for an average known user on a working day; 0.70 over all
    onset_day: float = ONSET_DAY
    weeks: int = WEEKS

    @property
    def lasting(self) -> bool:
        """Tell whether success stays down once it has fallen, so that nothing recovers."""
        return self.duty == "page"

    def shortened(self, weeks: int) -> "Scenario":
        """Return the first weeks alone."""
        return replace(self, weeks=min(weeks, self.weeks))

    def scaled(self, per_day: float) -> "Scenario":
        """Return the same course with other traffic."""
        return replace(self, per_day=per_day)


_WITHIN = frozenset({"within_topic"})
_VERSION = frozenset({"version_mix", "version_and_within"})
_FELL = ("success_fell",)

RAMPS = ("ramp-8-points-16-weeks", "ramp-14-points-12-weeks", "ramp-20-points-8-weeks")

SCENARIOS = {
    each.name: each
    for each in (
        Scenario("steady", "quiet"),
        Scenario("strong-weekdays", "quiet", weekend_traffic=0.3, weekend_logit=-0.8),
        Scenario("harmless-deploys", "quiet", deploys=(42.4, 63.4, 84.4, 105.4, 126.4, 147.4)),
        Scenario("slide-70-50", "page", _WITHIN, _FELL, logit=ramp(-0.95, 60)),
        Scenario(RAMPS[0], "page", _WITHIN, _FELL, logit=ramp(-0.39, 16 * 7)),
        Scenario(RAMPS[1], "page", _WITHIN, _FELL, logit=ramp(-0.65, 12 * 7)),
        Scenario(RAMPS[2], "page", _WITHIN, _FELL, logit=ramp(-0.95, 8 * 7)),
        Scenario(
            "step-at-deploy", "page", _WITHIN | _VERSION, _FELL, ("own deploy",),
            v2_share=step(1.0), v2_logit=-0.45, deploys=(ONSET_DAY,),
        ),
        Scenario(
            "topic-mix", "page", frozenset({"topic_mix"}), _FELL, ("world", "user"),
            hard_share=step(0.55),
        ),
        Scenario(
            "new-topic", "page", frozenset({"new_topics"}), _FELL, ("world",),
            new_share=ramp(0.22, 14),
        ),
        Scenario(
            "tenure-mix", "page", frozenset({"tenure_mix"}), _FELL, ("user",),
            fresh_share=lambda day: 0.1 + ramp(0.5, 14)(day),
        ),
        Scenario(
            "stale-documents", "page", _WITHIN, _FELL, ("knowledge",),
            stale=ramp(-2.0, 70),
        ),
        Scenario(
            "silent-provider-change", "page", _WITHIN | _VERSION,
            ("success_fell", "behaviour", "unannounced"), ("silent",), logit=step(-0.5), model=True,
        ),
        Scenario("interface-change", "quiet", finds=("signals_moved", "signal_kind_gone"),
            buttons_until=ONSET_DAY),
        Scenario(
            "rating-prompt-change", "quiet", finds=("rating", "signals_moved"),
            thumbs=lambda day: np.where(day >= ONSET_DAY, 0.08, 0.012),
        ),
        Scenario(
            "slow-outcome-feed", "quiet", finds=("outcomes_late",), forces=("measurement",),
            feed_days=lambda day: np.where((day >= ONSET_DAY) & (day < ONSET_DAY + 28), 9.0, 0.0),
        ),
        Scenario("success-only-outcomes", "page", _WITHIN, _FELL, logit=step(-0.5),
                 conversions=True),
        Scenario(
            "canary", "either", _VERSION, (*_FELL, "version_worse"), ("own deploy",),
            v2_share=step(0.2), v2_logit=-1.0, deploys=(ONSET_DAY,),
        ),
        Scenario("one-rotten-segment", "either", _WITHIN, ("segment_fell",),
            segment={"topic": "t1", "locale": "de"}, rotten_logit=step(-3.0)),
        Scenario(
            "no-outcomes", "page", finds=("satisfaction", "friction", "signals"),
            logit=step(-0.8), outcomes=False,
        ),
    )
}  # fmt: skip
QUICK = ("steady", "step-at-deploy", "interface-change")
