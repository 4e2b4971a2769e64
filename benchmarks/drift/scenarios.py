"""The kinds of drift that the benchmark plants, and which finding each of them should give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

BASELINE_WEEKS = 4
ONSET = 9  # the first week of drift, counted from 1: four scanned weeks before it are quiet
QUIET_WEEKS = 52  # scanned weeks of a scenario without drift
FOUR_WEEKS = 4
SHARE_GONE = 0.04  # of the traffic, until the topic vanishes
Plant = Literal["nothing", "new", "gone", "mix", "foreign", "lower", "typos", "polite"]

EMERGED = frozenset({"topic_emerged"})
SHIFTED = frozenset({"topic_shifted", "topic_vanished"})
VANISHED = frozenset({"topic_vanished"})
# Queries of another domain may be alike enough to be a topic of their own.
UNFAMILIAR = frozenset({"unfamiliar_queries", "topic_emerged"})
STYLE = frozenset({"style_shifted"})
KINDS = EMERGED | SHIFTED | UNFAMILIAR | STYLE


@dataclass(frozen=True)
class Scenario:
    """What happens to the traffic from week `ONSET` on.

    Parameters
    ----------
    level
        Of the drift by its week 1, 2, …: the share of the new or foreign queries, the share of
        texts that are written in another way, or how much of the change of mix has happened.
    right
        The kinds of finding that describe it.
    noise
        Standard deviation of each intent's weekly share on the log scale.
    burst
        Mean number of queries that a user sends in a week, all of one intent; 1: exactly one.
    weeks
        Of drift: a topic that emerges is watched for eight weeks more.
    """

    name: str
    plant: Plant = "nothing"
    level: Callable[[int], float] = lambda _: 0.0
    right: frozenset[str] = frozenset()
    noise: float = 0.0
    burst: float = 1.0
    weeks: int = 9

    @property
    def quiet(self) -> bool:
        """Tell whether every alarm is a false one."""
        return self.plant == "nothing"

    @property
    def n_weeks(self) -> int:
        """Return the number of weeks with the baseline."""
        if self.quiet:
            return BASELINE_WEEKS + QUIET_WEEKS
        return ONSET - 1 + self.weeks


def _constant(level: float) -> Callable[[int], float]:
    return lambda _: level


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("still"),
        Scenario("jitter", noise=0.15, burst=2.5),
        Scenario("emerging-1", "new", _constant(0.01), EMERGED),
        Scenario("emerging-2", "new", _constant(0.02), EMERGED),
        Scenario("emerging-5", "new", _constant(0.05), EMERGED),
        Scenario("emerging-10", "new", _constant(0.10), EMERGED),
        Scenario("emerging-20", "new", _constant(0.20), EMERGED),
        Scenario("emerging-10-jitter", "new", _constant(0.10), EMERGED, noise=0.15, burst=2.5),
        Scenario("emerging-slow", "new", lambda week: min(0.01 * week, 0.10), EMERGED, weeks=12),
        Scenario("spike", "new", lambda week: 0.10 if week == 1 else 0.0, EMERGED),
        Scenario("mix-sudden", "mix", _constant(1.0), SHIFTED, weeks=6),
        Scenario("mix-slow", "mix", lambda week: min(week / 8, 1.0), SHIFTED, weeks=12),
        Scenario("vanish", "gone", _constant(1.0), VANISHED, weeks=6),
        Scenario("out-of-scope-5", "foreign", _constant(0.05), UNFAMILIAR, weeks=6),
        Scenario("out-of-scope-10", "foreign", _constant(0.10), UNFAMILIAR, weeks=6),
        Scenario("lower-case", "lower", _constant(0.6), STYLE, weeks=4),
        Scenario("typos", "typos", _constant(0.6), STYLE, weeks=4),
        Scenario("polite", "polite", _constant(0.6), STYLE, weeks=4),
    )
}
QUICK = ("jitter", "emerging-5", "vanish")
