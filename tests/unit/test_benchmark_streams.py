"""The drift benchmark's streams hold what they say, and its rule for labels is what it states."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.drift import writing
from benchmarks.drift.scenarios import BASELINE_WEEKS, ONSET, SCENARIOS, Scenario
from benchmarks.drift.streams import A_WEEK, FOREIGN, Pool, Query, Stream, make
from benchmarks.drift.words import alike, telling_words

INTENTS = {f"intent_{n}": [f"ask {n} in wording {k}" for k in range(80)] for n in range(12)}
POOL = Pool("made up", INTENTS, [f"Something else, {k}" for k in range(50)])


def stream(name: str, seed: int = 3) -> Stream:
    return make(POOL, SCENARIOS[name], seed)


def before(made: Stream) -> list[Query]:
    return [query for week in made.weeks[: ONSET - 1] for query in week]


def after(made: Stream) -> list[Query]:
    return [query for week in made.weeks[ONSET - 1 :] for query in week]


def planted_share(queries: list[Query]) -> float:
    return sum(query.planted for query in queries) / len(queries)


@pytest.mark.parametrize("name", ["still", "emerging-10-jitter", "typos"])
def test_a_seed_names_one_stream(name: str) -> None:
    made = stream(name)
    assert made == stream(name)
    assert made.weeks != stream(name, seed=4).weeks


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_week_has_500_queries_and_nothing_is_planted_before_the_drift(name: str) -> None:
    made = stream(name)
    assert {len(week) for week in made.weeks} == {A_WEEK}
    assert planted_share(before(made)) == 0


def test_a_quiet_stream_has_a_year_after_its_baseline() -> None:
    assert len(stream("still").weeks) == len(stream("jitter").weeks) == BASELINE_WEEKS + 52


@pytest.mark.parametrize(
    ("name", "share"), [("emerging-1", 0.01), ("emerging-20", 0.2), ("out-of-scope-10", 0.1)]
)
def test_what_is_planted_has_its_share(name: str, share: float) -> None:
    queries = [query for seed in range(5) for query in after(stream(name, seed))]
    four_errors = 4 * (share * (1 - share) / len(queries)) ** 0.5
    assert planted_share(queries) == pytest.approx(share, abs=four_errors)


def test_a_slow_topic_grows_by_a_point_a_week() -> None:
    weeks = zip(*(stream("emerging-slow", seed).weeks[ONSET - 1 :] for seed in range(20)),
                strict=True)  # fmt: skip
    shares = [planted_share([query for week in each for query in week]) for each in weeks]
    assert shares[:10] == pytest.approx([0.01 * week for week in range(1, 11)], abs=0.01)
    assert shares[-1] == pytest.approx(0.1, abs=0.01)


def test_a_spike_lasts_one_week() -> None:
    shares = [planted_share(list(week)) for week in stream("spike").weeks]
    assert [week for week, share in enumerate(shares, start=1) if share] == [ONSET]


def test_a_new_topic_is_one_intent_that_nobody_asked_about() -> None:
    made = stream("emerging-10")
    assert {query.intent for query in after(made) if query.planted} == {made.subject}
    assert made.subject not in {query.intent for query in before(made)}


def test_a_topic_of_4_percent_vanishes() -> None:
    streams = [stream("vanish", seed) for seed in range(5)]
    there = [query.intent == made.subject for made in streams for query in before(made)]
    assert np.mean(there) == pytest.approx(0.04, abs=0.006)
    assert all(query.intent != made.subject for made in streams for query in after(made))


def test_what_is_out_of_scope_comes_from_the_other_data_set() -> None:
    planted = [query for query in after(stream("out-of-scope-10")) if query.planted]
    assert {query.text for query in planted} <= set(POOL.foreign)
    assert {query.intent for query in planted} == {FOREIGN}


def test_users_of_still_traffic_ask_once() -> None:
    users = Counter(query.user for week in stream("still").weeks for query in week)
    assert set(users.values()) == {1}


def test_users_in_jitter_send_bursts_of_one_intent_within_a_week() -> None:
    weeks = stream("jitter").weeks
    asked = Counter(query.user for week in weeks for query in week)
    assert np.mean(list(asked.values())) == pytest.approx(2.5, abs=0.1)
    assert len({(query.user, query.intent) for week in weeks for query in week}) == len(asked)


def test_jitter_moves_each_weekly_share_by_15_percent() -> None:
    made = make(POOL, Scenario("noise alone", noise=0.15), seed=1)
    counts = np.array([[Counter(q.intent for q in week)[name] for name in INTENTS]
                       for week in made.weeks])  # fmt: skip
    expected = counts.mean(axis=0)
    beyond_sampling = (counts.var(axis=0) - expected * (1 - expected / A_WEEK)) / expected**2
    assert np.sqrt(beyond_sampling.mean()) == pytest.approx(0.15, abs=0.04)


def test_a_change_of_mix_stays_and_a_slow_one_grows() -> None:
    def distances(name: str) -> list[float]:
        made = [stream(name, seed) for seed in range(10)]
        usual = [Counter(query.intent for query in before(each)) for each in made]
        return [
            float(np.mean([abs(Counter(q.intent for q in each.weeks[week])[name] / A_WEEK
                               - known[name] / (A_WEEK * (ONSET - 1)))
                           for each, known in zip(made, usual, strict=True) for name in INTENTS]))
            for week in range(ONSET - 1, len(made[0].weeks))
        ]  # fmt: skip

    sudden, slow = distances("mix-sudden"), distances("mix-slow")
    assert min(sudden) > 0.02
    assert slow[0] < sudden[0] / 2
    assert all(later > earlier - 0.004 for earlier, later in pairwise(slow[:8]))


@pytest.mark.parametrize("plant", ["typos", "polite"])
def test_sixty_percent_of_the_texts_are_written_in_another_way(plant: str) -> None:
    original = {text for texts in INTENTS.values() for text in texts}
    changed = [query.text not in original for query in after(stream(plant))]
    assert np.mean(changed) == pytest.approx(0.6, abs=0.05)
    variants = {getattr(writing, plant)(text) for text in original}
    assert {query.text for query in after(stream(plant))} <= original | variants


def test_a_data_set_without_capitals_has_them_until_the_drift() -> None:
    made = stream("lower-case")
    assert all(query.text[0].isupper() for query in before(made))
    assert np.mean([query.text.islower() for query in after(made)]) == pytest.approx(0.6, abs=0.05)


def test_a_word_hits_another_form_of_itself_only() -> None:
    assert alike("movie", "movies")
    assert alike("recommend", "recommendation")
    assert not alike("card", "care")
    assert not alike("top", "topped")


def test_the_telling_words_of_an_intent_are_its_name_and_what_only_it_says() -> None:
    words = telling_words({"lights_off": ["dim the lamp", "lamp off"], "music": ["play the song"]})
    assert words["lights_off"] >= {"lights", "off", "lamp", "dim"}
    assert "song" not in words["lights_off"]
