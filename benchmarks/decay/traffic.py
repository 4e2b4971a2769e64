"""The simulated requests of one feature: who asked what, what became of it, who heard when.

340 requests a day, 1.2 % thumbs, 23 % with an outcome; failures are known after a median of 1.1
days and successes after 3.5. Users differ, days are noisy, topics and weekdays have their level.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.decay.scenarios import N_TOPICS, NEW_TOPIC, Scenario
from decay_reports.figures.frame import Bools, Floats, Ints

OUTCOME_SHARE = 0.23
FAILURE_DAYS, SUCCESS_DAYS, DELAY_SPREAD = 1.1, 3.5, 0.9  # medians, sd of the log
LONGEST_DELAY_DAYS = 27.9
USER_SD, DAY_SD = 0.5, 0.12  # of the log odds
FRESH_LOGIT, NEW_TOPIC_LOGIT = -1.0, -1.8
TOPIC_LOGITS = np.linspace(-1.1, 1.1, N_TOPICS)
HARD_TOPICS, STALE_TOPICS, ROTTEN_TOPIC = 3, 4, 1
GERMAN_SHARE = 0.3
FRESH_DAYS, OLDEST_DAYS = 7.0, 400.0
RATES = {  # of a signal after a success and after a failure
    "retry": (0.03, 0.16), "rephrase": (0.04, 0.20), "copy": (0.30, 0.12),
    "accept": (0.25, 0.08), "edit": (0.05, 0.10), "escalate": (0.01, 0.10),
}  # fmt: skip
_BUTTONS = ("copy", "accept")


@dataclass(frozen=True)
class Traffic:
    """One row per request, by time; arrays are ``(n,)``, times days since the start.

    `prompt` is the version that answered, `chance` the true probability of success and `success`
    what really happened. `heard_day` is when the outcome happened, `known_day` when the store could
    see it; both are infinite without one.
    """

    scenario: Scenario
    seed: int
    day: Floats
    user: Ints
    topic: Ints
    german: Bools
    tenure_days: Floats
    prompt: Ints
    other_model: Bools
    chance: Floats
    success: Bools
    expects: Bools
    heard_day: Floats
    known_day: Floats
    signals: dict[str, Bools]

    @property
    def feature(self) -> str:
        """Return the feature's name."""
        return f"{self.scenario.name}-{self.seed}"

    @property
    def week(self) -> Ints:
        """Return each request's week, counted from 1."""
        return np.asarray(self.day // 7 + 1, np.int64)


def make(scenario: Scenario, seed: int) -> Traffic:
    """Draw a feature; the same scenario and seed give the same requests."""
    rng = np.random.default_rng((seed, *scenario.name.encode()))
    day = _days(scenario, rng)
    n = len(day)
    user, tenure_days, user_logit = _users(scenario, rng, day)
    topic, topic_logits = _topics(scenario, rng, day)
    german, v2 = rng.random(n) < GERMAN_SHARE, rng.random(n) < scenario.v2_share(day)
    logit = np.log(scenario.base / (1 - scenario.base)) + scenario.logit(day) + user_logit
    logit += topic_logits[topic] + rng.normal(0, DAY_SD, 7 * scenario.weeks)[day.astype(int)]
    logit += np.where(day % 7 >= 5, scenario.weekend_logit, 0.0)
    logit += np.where(v2, scenario.v2_logit, 0.0)
    logit += np.where(tenure_days < FRESH_DAYS, FRESH_LOGIT, 0.0)
    logit += np.where(topic < STALE_TOPICS, scenario.stale(day), 0.0)
    logit += np.where((topic == ROTTEN_TOPIC) & german, scenario.rotten_logit(day), 0.0)
    chance = 1 / (1 + np.exp(-logit))
    success = rng.random(n) < chance
    expects, heard, known = _outcomes(scenario, rng, day, topic, success)
    return Traffic(
        scenario, seed, day, user, topic, german, tenure_days, _prompt(scenario, day, v2),
        (day >= scenario.onset_day) & scenario.model, chance, success, expects, heard, known,
        _signals(scenario, rng, day, success),
    )  # fmt: skip


def _prompt(scenario: Scenario, day: Floats, v2: Bools) -> Ints:
    """Return the version of the prompt: a second one for some, or the next at each deploy."""
    deployed = np.searchsorted(scenario.deploys, day, side="right")
    return np.asarray(1 + (v2 if scenario.v2_logit else deployed), np.int64)


def _days(scenario: Scenario, rng: np.random.Generator) -> Floats:
    days = np.arange(7 * scenario.weeks)
    weekend = np.where(days % 7 >= 5, scenario.weekend_traffic, 1.0)
    level = scenario.per_day * weekend * 7 / (5 + 2 * scenario.weekend_traffic)
    starts = np.repeat(days.astype(float), rng.poisson(level))
    return np.sort(starts + rng.random(len(starts)))


def _users(
    scenario: Scenario, rng: np.random.Generator, day: Floats
) -> tuple[Ints, Floats, Floats]:
    """Draw known users, a few of them often, and fresh ones, who are new within the week."""
    n, n_known = len(day), max(int(4 * scenario.per_day), 2)
    activity = rng.gamma(1.0, size=n_known)
    user = rng.choice(n_known, n, p=activity / activity.sum())
    joined = -rng.uniform(30.0, OLDEST_DAYS, n_known)
    tenure = day - joined[user]
    fresh = rng.random(n) < scenario.fresh_share(day)
    a_week = max(int(scenario.per_day), 1)
    newcomer = n_known + (day // 7).astype(int) * a_week + rng.integers(a_week, size=n)
    user = np.where(fresh, newcomer, user)
    tenure = np.where(fresh, rng.uniform(0, FRESH_DAYS, n), tenure)
    level = rng.normal(0, USER_SD, n_known + (scenario.weeks + 1) * a_week)
    return user, tenure, level[user]


def _topics(scenario: Scenario, rng: np.random.Generator, day: Floats) -> tuple[Ints, Floats]:
    n = len(day)
    shares = rng.dirichlet(np.full(N_TOPICS, 8.0))
    logits = np.append(rng.permutation(TOPIC_LOGITS), NEW_TOPIC_LOGIT)
    topic = rng.choice(N_TOPICS, n, p=shares)
    hard = np.argsort(logits[:N_TOPICS])[:HARD_TOPICS]
    topic = np.where(rng.random(n) < scenario.hard_share(day), rng.choice(hard, n), topic)
    topic = np.where(rng.random(n) < scenario.new_share(day), NEW_TOPIC, topic)
    centred = logits - shares @ logits[:N_TOPICS]
    centred[NEW_TOPIC] = NEW_TOPIC_LOGIT
    return topic, centred


def _outcomes(
    scenario: Scenario, rng: np.random.Generator, day: Floats, topic: Ints, success: Bools
) -> tuple[Bools, Floats, Floats]:
    n = len(day)
    chance = rng.uniform(0.6, 1.4, N_TOPICS + 1)[topic]
    expects = (rng.random(n) < OUTCOME_SHARE * chance / chance.mean()) & scenario.outcomes
    delay = np.where(success, SUCCESS_DAYS, FAILURE_DAYS)
    delay = np.minimum(delay * np.exp(rng.normal(0, DELAY_SPREAD, n)), LONGEST_DELAY_DAYS)
    arrives = expects & (success if scenario.conversions else True)
    heard = np.where(arrives, day + delay, np.inf)
    known = np.where(arrives, heard + scenario.feed_days(np.where(arrives, heard, 0.0)), np.inf)
    return expects, heard, known


def _signals(
    scenario: Scenario, rng: np.random.Generator, day: Floats, success: Bools
) -> dict[str, Bools]:
    """Draw signals that follow success; thumbs find failures four times as often."""
    n = len(day)
    drawn = {name: rng.random(n) < np.where(success, *after) for name, after in RATES.items()}
    for button in _BUTTONS:
        drawn[button] &= day < scenario.buttons_until
    level = scenario.thumbs(day)
    rates = rng.random(n) < level * np.where(success, 0.5, 2.2)
    return drawn | {"thumbs_up": rates & success, "thumbs_down": rates & ~success}
