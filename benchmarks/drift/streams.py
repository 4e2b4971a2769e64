"""Draws weekly streams of real labelled queries with a known drift.

The baseline is four weeks of 500 queries; then the weeks of the scenario, 500 queries each. A text
is drawn with replacement from all wordings of its intent, before and after the drift begins: real
traffic repeats itself. What is planted (a new intent, the other data set) was never asked before.
The same data set, scenario and seed give the same stream.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.drift import writing
from benchmarks.drift.scenarios import ONSET, SHARE_GONE, Scenario

A_WEEK = 500
FOREIGN = "(another data set)"
_MIN_WORDINGS = 60  # of an intent that emerges or vanishes
_SPREAD = 0.5  # of the intents' usual shares, on the log scale
_MIX = 0.6  # of a change of mix, on the log scale
_WRITTEN = {"typos": writing.typos, "polite": writing.polite}

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Query:
    """A query and the truth about it; `planted` queries are what the drift brought."""

    text: str
    intent: str
    user: str
    planted: bool


@dataclass(frozen=True)
class Stream:
    """Weeks of queries; `subject` is the intent that emerged or vanished, if one did."""

    scenario: Scenario
    data: str
    seed: int
    subject: str
    weeks: tuple[tuple[Query, ...], ...]


@dataclass(frozen=True)
class Pool:
    """A data set: the wordings of each intent, and what users of another feature ask."""

    name: str
    intents: Mapping[str, Sequence[str]]
    foreign: Sequence[str]

    @cached_property
    def lower_case(self) -> bool:
        """Tell whether the data set is written without capitals."""
        texts = [text for wordings in self.intents.values() for text in wordings]
        return sum(text.islower() for text in texts) > len(texts) / 2


def make(pool: Pool, scenario: Scenario, seed: int) -> Stream:
    """Draw one stream."""
    names = (zlib.crc32(name.encode()) for name in (pool.name, scenario.name))
    rng = np.random.default_rng([seed, *names])
    eligible = [name for name, texts in pool.intents.items() if len(texts) >= _MIN_WORDINGS]
    subject = str(rng.choice(eligible)) if scenario.plant in {"new", "gone"} else ""
    known = [name for name in pool.intents if scenario.plant != "new" or name != subject]
    usual = np.exp(rng.normal(0, _SPREAD, len(known)))
    mix = rng.normal(0, _MIX, len(known)) if scenario.plant == "mix" else np.zeros(len(known))
    weeks = []
    for week in range(1, scenario.n_weeks + 1):
        level = scenario.level(week - ONSET + 1) if week >= ONSET else 0.0
        shares = usual * np.exp(level * mix + rng.normal(0, scenario.noise, len(known)))
        named = dict(zip(known, shares / shares.sum(), strict=True))
        weekly = _with_planted(named, scenario, subject, level)
        asked = _ask(pool, weekly, scenario, (week, subject), rng)
        weeks.append(tuple(_write(pool, query, scenario, level, rng) for query in asked))
    return Stream(scenario, pool.name, seed, subject, tuple(weeks))


def _with_planted(
    known: dict[str, float], scenario: Scenario, subject: str, level: float
) -> dict[str, float]:
    """Return each intent's share of the week's traffic."""
    name = {"new": subject, "foreign": FOREIGN, "gone": subject}.get(scenario.plant, "")
    if not name:
        return known
    share = SHARE_GONE * (1 - level) if scenario.plant == "gone" else level
    rest = {intent: size for intent, size in known.items() if intent != name}
    scale = (1 - share) / sum(rest.values())
    return {intent: scale * size for intent, size in rest.items()} | {name: share}


def _ask(
    pool: Pool,
    shares: Mapping[str, float],
    scenario: Scenario,
    now: tuple[int, str],
    rng: np.random.Generator,
) -> list[Query]:
    """Return a week's queries in the order of time, each user's in a burst of one intent."""
    week, subject = now
    planted = {FOREIGN} | ({subject} if scenario.plant == "new" else set())
    names, sizes = list(shares), np.array(list(shares.values()))
    bursts = rng.geometric(1 / scenario.burst, A_WEEK)
    intents = np.repeat(rng.choice(len(names), A_WEEK, p=sizes / sizes.sum()), bursts)
    users = np.repeat(np.arange(A_WEEK), bursts)
    draws = zip(intents[:A_WEEK], users[:A_WEEK], rng.random(A_WEEK), strict=True)
    asked = []
    for position, user, draw in draws:
        intent = names[position]
        wordings = pool.foreign if intent == FOREIGN else pool.intents[intent]
        text = wordings[int(draw * len(wordings))]
        asked.append(Query(text, intent, f"user {week}-{user}", intent in planted))
    return asked


def _write(
    pool: Pool, query: Query, scenario: Scenario, level: float, rng: np.random.Generator
) -> Query:
    """Return the query in the way of writing that the scenario has this week."""
    if scenario.plant not in {"lower", *_WRITTEN}:
        return query
    changed = level > 0 and bool(rng.random() < level)
    text = query.text
    if scenario.plant == "lower":
        usual = writing.sentence(text) if pool.lower_case else text
        text = text.lower() if changed else usual
    elif changed:
        text = _WRITTEN[scenario.plant](text)
    return Query(text, query.intent, query.user, query.planted)
