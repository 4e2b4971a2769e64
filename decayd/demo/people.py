"""The assistant's users: who is there in a week, how often they ask, what they consented to."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import Literal

import msgspec

_JOIN_PER_DAY = 17.0  # with the mean stay below about 2,500 people are there at any time
_STAY_DAYS = 150.0
_HISTORY_DAYS = 600
_FEWEST = 200  # joins: even the smallest run has somebody to ask
_HEAVY_SHARE = 0.03
_HEAVY_WEIGHT = 10.0
_NEW_DAYS = 7
_NEW_WEIGHT = 2.0  # people try a new thing more often in their first week
_LEANING_SD = 0.25  # logit: some users' questions are easier than others'
_ANONYMOUS_SHARE = 0.02
_LOCALES = (
    "en-US",
    "en-US",
    "en-US",
    "en-US",
    "en-US",
    "en-GB",
    "en-GB",
    "en-GB",
    "en-IN",
    "en-AU",
)
_PLANS = ("free", "free", "free", "free", "free", "free", "pro", "pro", "pro", "business")
_CONSENTS: tuple[Literal["granted", "denied", "silent"], ...] = (
    ("granted",) * 41 + ("silent",) * 5 + ("denied",) * 4
)


class Person(msgspec.Struct, frozen=True):
    """One user; days count from the run's start and may be negative."""

    user_id: str
    joined: float
    left: float
    weight: float
    leaning: float
    segments: dict[str, str | int | float | bool]
    consent: Literal["granted", "denied", "silent"]

    def tenure(self, day: float) -> float:
        """Return the days since this person joined."""
        return day - self.joined


def is_new(tenure_days: float | None) -> bool:
    """Tell whether somebody is in the first week; those who are not signed in are not."""
    return tenure_days is not None and tenure_days < _NEW_DAYS


def population(rng: Random, n_days: int, scale: float) -> tuple[Person, ...]:
    """Draw everybody who is there at some time in the run, so that the tenure mix stays put."""
    people: list[Person] = []
    n_joins = max(_FEWEST, round((n_days + _HISTORY_DAYS) * _JOIN_PER_DAY * scale))
    for _ in range(n_joins):
        joined = rng.uniform(-_HISTORY_DAYS, n_days)
        left = joined + rng.expovariate(1 / _STAY_DAYS)
        if left > 0:
            people.append(_person(rng, len(people), joined, left))
    return tuple(people)


def _person(rng: Random, number: int, joined: float, left: float) -> Person:
    return Person(
        user_id=f"u-{number:05d}",
        joined=joined,
        left=left,
        weight=_HEAVY_WEIGHT if rng.random() < _HEAVY_SHARE else exp(rng.gauss(0, 0.5)),
        leaning=rng.gauss(0, _LEANING_SD),
        segments={"locale": rng.choice(_LOCALES), "plan": rng.choice(_PLANS)},
        consent=rng.choice(_CONSENTS),
    )


class Crowd:
    """The people of one week, each with this week's appetite: heavy users come in bursts."""

    def __init__(self, people: Sequence[Person], first_day: int, rng: Random) -> None:
        here = [p for p in people if p.joined < first_day + 7 and p.left > first_day]
        self._people = here or list(people)
        self._cumulative = list(accumulate(_appetite(p, first_day, rng) for p in self._people))

    def pick(self, rng: Random, day: float) -> Person | None:
        """Draw who asks at `day`; None is somebody who is not signed in."""
        if rng.random() < _ANONYMOUS_SHARE:
            return None
        for _ in range(50):
            at = rng.random() * self._cumulative[-1]
            person = self._people[bisect_left(self._cumulative, at)]
            if person.joined <= day:
                return person
        return None


def _appetite(person: Person, first_day: int, rng: Random) -> float:
    burst = exp(rng.gauss(0, 0.6 if person.weight == _HEAVY_WEIGHT else 0.3))
    new = _NEW_WEIGHT if is_new(person.tenure(first_day)) else 1.0
    return person.weight * burst * new
