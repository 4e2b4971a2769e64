"""The decay benchmark plants what it says, and its scorer marks good and bad monitors as such."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from benchmarks.decay import storing, truth
from benchmarks.decay.floors import floors
from benchmarks.decay.said import Level, Page, Said
from benchmarks.decay.scenarios import NEW_TOPIC, ONSET_DAY, SCENARIOS, WEEKS
from benchmarks.decay.score import FIRST_WEEK, LAGS, Scored, parts, score
from benchmarks.decay.tables import plain
from benchmarks.decay.traffic import FRESH_DAYS, Traffic, make
from decay_reports.causes.attribution import Attribution, Part
from decay_reports.causes.why_facts import SegmentFacts
from decayd.results import Estimate

ONSET = storing.close(0) + timedelta(days=ONSET_DAY)
BEFORE, AFTER = range(1, 11), range(20, WEEKS + 1)
FOUR_PARTS = ("topic_mix", "within_topic", "new_topics", "gone_topics")
SIX_PARTS = (*FOUR_PARTS, "tenure_mix", "version_mix")


@cache
def traffic(name: str, seed: int = 0) -> Traffic:
    return make(SCENARIOS[name], seed)


def change(made: Traffic) -> float:
    return truth.level(made, AFTER) - truth.level(made, BEFORE)


def perfect(made: Traffic, *pages: Page) -> Said:
    """Say the truth within a point, and page as told."""
    really = truth.weekly(made)
    levels = [
        Level(week, lag, really[week - 1] - 0.01, really[week - 1] + 0.01)
        for lag in LAGS
        for week in range(1, WEEKS + 1 - lag)
    ]
    return Said(tuple(levels), pages)


def constant(value: float) -> Said:
    """Say the same of every week and never page."""
    weeks = range(1, WEEKS + 1)
    return Said(tuple(Level(w, lag, value - 0.01, value + 0.01) for lag in LAGS for w in weeks))


def test_a_seed_names_one_feature() -> None:
    first, other = traffic("steady"), traffic("steady", seed=1)
    again = make(SCENARIOS["steady"], 0)
    assert np.array_equal(first.success, again.success)
    assert np.array_equal(first.known_day, again.known_day)
    assert not np.array_equal(first.day[:100], other.day[:100])


def test_traffic_has_the_rates_and_delays_that_are_stated() -> None:
    made = traffic("steady")
    delay = made.heard_day - made.day
    labelled = np.isfinite(delay)
    rated = made.signals["thumbs_up"] | made.signals["thumbs_down"]
    assert len(made.day) / (7 * WEEKS) == pytest.approx(340, rel=0.03)
    assert labelled.mean() == pytest.approx(0.23, abs=0.01)
    assert rated.mean() == pytest.approx(0.012, abs=0.003)
    assert np.median(delay[labelled & ~made.success]) == pytest.approx(1.1, rel=0.06)
    assert np.median(delay[labelled & made.success]) == pytest.approx(3.5, rel=0.06)


@pytest.mark.parametrize("name", [s.name for s in SCENARIOS.values() if s.duty == "quiet"])
def test_success_stays_where_a_monitor_has_to_be_quiet(name: str) -> None:
    assert abs(np.mean([change(traffic(name, seed)) for seed in range(3)])) < 0.012


@pytest.mark.parametrize("name", [s.name for s in SCENARIOS.values() if s.duty == "page"])
def test_success_falls_where_a_monitor_has_to_page(name: str) -> None:
    assert np.mean([change(traffic(name, seed)) for seed in range(3)]) < -0.05


def test_the_truth_is_kept_beside_the_scores() -> None:
    made = traffic("topic-mix")
    kept = score(made, Said(())).truth
    assert kept["weekly_success"] == truth.weekly(made).tolist()
    assert (kept["onset"], kept["causes"]) == (ONSET.date().isoformat(), ["topic_mix"])


def test_the_slide_goes_from_70_to_50() -> None:
    levels = [truth.weekly(traffic("slide-70-50", seed)) for seed in range(3)]
    assert np.mean(levels, axis=0)[:10].mean() == pytest.approx(0.71, abs=0.02)
    assert np.mean(levels, axis=0)[-5:].mean() == pytest.approx(0.50, abs=0.02)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("topic-mix", "topic_mix"),
        ("new-topic", "new_topics"),
        ("tenure-mix", "tenure_mix"),
        ("step-at-deploy", "version_mix"),
        ("slide-70-50", "within_topic"),
    ],
)
def test_the_planted_cause_is_nearly_the_whole_change(name: str, part: str) -> None:
    made = traffic(name)
    found = truth.parts(made, BEFORE, AFTER, SIX_PARTS)
    assert found is not None
    assert sum(found.values()) == pytest.approx(change(made), abs=1e-9)
    assert found[part] == pytest.approx(change(made), abs=0.025)


def test_what_has_no_part_of_its_own_is_within_topics() -> None:
    made = traffic("tenure-mix")
    found = truth.parts(made, BEFORE, AFTER, FOUR_PARTS)
    assert found is not None
    assert found["within_topic"] == pytest.approx(change(made), abs=0.02)
    assert truth.parts(made, BEFORE, AFTER, (*FOUR_PARTS, "weather")) is None


def test_new_users_and_the_new_topic_come_after_the_onset() -> None:
    fresh, topic = traffic("tenure-mix"), traffic("new-topic")
    late = fresh.day >= ONSET_DAY + 14
    assert (fresh.tenure_days[late] < FRESH_DAYS).mean() == pytest.approx(0.6, abs=0.01)
    assert (fresh.tenure_days[fresh.day < ONSET_DAY] < FRESH_DAYS).mean() < 0.12
    assert not (topic.topic[topic.day < ONSET_DAY] == NEW_TOPIC).any()


def test_a_slow_feed_delays_what_is_known_and_not_what_happened() -> None:
    made = traffic("slow-outcome-feed")
    there = np.isfinite(made.heard_day)
    slow = there & (made.heard_day >= ONSET_DAY) & (made.heard_day < ONSET_DAY + 28)
    assert np.allclose(made.known_day[slow] - made.heard_day[slow], 9.0)
    assert np.array_equal(made.known_day[there & ~slow], made.heard_day[there & ~slow])


def test_conversions_bring_successes_alone_and_some_features_no_outcome() -> None:
    only, none = traffic("success-only-outcomes"), traffic("no-outcomes")
    assert only.success[np.isfinite(only.known_day)].all()
    assert not np.isfinite(none.known_day).any()


def test_a_perfect_monitor_covers_everything_and_is_as_late_as_its_page() -> None:
    made = traffic("step-at-deploy")
    scored = score(made, perfect(made, Page("success", ONSET + timedelta(days=14), ONSET.date())))
    assert all(all(scored.held[lag]) for lag in LAGS)
    assert scored.halves[0] == pytest.approx([0.01] * (WEEKS - FIRST_WEEK + 1))
    assert (scored.false_pages, scored.delay_days, scored.onset_off_days) == (0, 14.0, 0.0)


def test_a_constant_monitor_loses_the_fallen_weeks_and_misses_the_decay() -> None:
    made = traffic("step-at-deploy")
    scored = score(made, constant(truth.level(made, BEFORE)))
    fallen = scored.held[0][10 - FIRST_WEEK + 1 :]
    assert len(fallen) == WEEKS - 10
    assert not any(fallen)
    assert (scored.must_page, scored.delay_days, scored.false_pages) == (True, None, 0)


def test_pages_are_false_before_the_onset_and_wherever_success_stays() -> None:
    early = Page("success", ONSET - timedelta(days=7))
    late = Page("satisfaction", ONSET + timedelta(days=7))
    falls, stays = traffic("step-at-deploy"), traffic("steady")
    of_falls, of_stays = (score(made, perfect(made, early, late, late)) for made in (falls, stays))
    assert (of_falls.false_pages, of_falls.delay_days, of_falls.again) == (1, 7.0, 1)
    assert of_falls.stream == "satisfaction"
    assert (of_stays.false_pages, of_stays.delay_days) == (3, None)
    assert (of_falls.quiet_weeks, of_stays.quiet_weeks) == (5, WEEKS - FIRST_WEEK + 1)


def test_findings_fit_what_was_planted_or_are_stray() -> None:
    late, early = ONSET + timedelta(days=14), ONSET - timedelta(days=14)
    found = (("signals_moved", late), ("outcomes_late", late), ("signals_moved", early))
    moved = score(traffic("interface-change"), Said((), findings=found))
    assert moved.found == ("signals_moved",)
    assert moved.stray == {"outcomes_late": 1, "signals_moved": 1}


def explained(made: Traffic, *causes: str, **traits: str) -> Attribution:
    """Return an attribution whose parts are the true ones, but one of them by 3 points."""
    really = truth.parts(made, BEFORE, AFTER, SIX_PARTS)
    assert really is not None
    shown = really | {"topic_mix": really["topic_mix"] + 0.03}
    return Attribution(
        feature=made.feature, total=Estimate(change(made)), before=Estimate(0.7),
        after=Estimate(0.6), before_weeks=weeks(BEFORE), after_weeks=weeks(AFTER),
        parts=tuple(
            Part(name=name, value=value, low=value - 0.01, high=value + 0.01)
            for name, value in shown.items()
        ),
        topics=(), causes=causes, compound=False, n_before=1, n_now=1,
        segments=(SegmentFacts(traits=traits),) if traits else (),
    )  # fmt: skip


def weeks(numbers: range) -> tuple[date, ...]:
    return tuple(storing.MONDAY + timedelta(weeks=number - 1) for number in numbers)


def test_parts_are_held_against_their_true_size_and_the_first_cause_against_the_planted() -> None:
    made = traffic("tenure-mix")
    right, wrong = (parts(made, explained(made, name)) for name in ("tenure_mix", "topic_mix"))
    assert (right.right, wrong.right) == (True, False)
    assert sorted(right.errors) == pytest.approx([0, 0, 0, 0, 0, 0.03])
    assert right.n_held == len(SIX_PARTS) - 1


def test_a_segment_is_named_when_exactly_its_traits_are() -> None:
    made = traffic("one-rotten-segment")
    exact = parts(made, explained(made, "within_topic", topic="t1", locale="de"))
    wider = parts(made, explained(made, "within_topic", locale="de"))
    assert (exact.segment, wider.segment, exact.n_segments) == (True, False, 1)
    assert parts(traffic("topic-mix"), explained(traffic("topic-mix"), "topic_mix")).segment is None


def test_a_level_that_pools_weeks_is_held_against_those_weeks() -> None:
    made = traffic("step-at-deploy")
    really = truth.level(made, range(9, 13))
    pooled = Level(12, 0, really - 0.001, really + 0.001, pooled_weeks=4)
    assert score(made, Said((pooled,))).held[0] == [True]
    assert score(made, Said((replace(pooled, pooled_weeks=1),))).held[0] == [False]


def test_a_withheld_level_is_neither_right_nor_wrong() -> None:
    made = traffic("steady")
    scored = score(made, Said((Level(12, 0, None, None),)))
    assert scored.held[0] == []
    assert scored.withheld(0) == WEEKS - FIRST_WEEK + 1


def verdicts(**scored: list[Scored]) -> dict[str, str]:
    named = {name.replace("_", "-"): many for name, many in scored.items()}
    return {floor.what: floor.verdict for floor in floors(named, n_streams=1)}


def test_floors_are_reached_by_the_perfect_and_missed_by_the_constant_monitor() -> None:
    made = traffic("step-at-deploy")
    good = score(made, perfect(made, Page("success", ONSET + timedelta(days=14))))
    bad = score(made, constant(truth.level(made, BEFORE)))
    assert set(verdicts(step_at_deploy=[good]).values()) == {"reached"}
    found = verdicts(step_at_deploy=[good, bad])
    assert found["coverage at lag 0"] == "missed"
    assert found["days to the page, step-at-deploy"] == "missed in 1 of 2"


def test_one_false_page_in_a_short_time_does_not_refute_the_budget() -> None:
    made = traffic("steady")
    pages = [Page("success", storing.close(week)) for week in range(7, 19)]
    few, many = score(made, perfect(made, pages[0])), score(made, perfect(made, *pages))
    assert verdicts(steady=[few])["false pages a feature-year"] == "missed, within error"
    assert verdicts(steady=[many])["false pages a feature-year"] == "missed"


def test_scores_are_json_with_the_truth_beside_them() -> None:
    made = traffic("interface-change")
    scored = score(made, Said((), findings=(("outcomes_late", ONSET),)))
    found = json.loads(json.dumps(plain({"interface-change": {"decayd": [scored]}}, (), 1.0)))
    assert found["features"][0]["stray"] == {"outcomes_late": 1}
    assert found["features"][0]["truth"]["duty"] == "quiet"
