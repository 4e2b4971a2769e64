"""The pseudo-outcome column: what it sums to, what it does with few labels, and when it refuses."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from decay_reports.figures.feature_weeks import FeatureWeek, Known, know, measure
from decay_reports.figures.frame import Frame
from decay_reports.figures.success_figures import success
from decayd.config import FeatureSettings
from tests.worlds import MONDAY_US, WEEK_US, spans, world


def at_week(frame: Frame, week: int) -> Known:
    at_us = MONDAY_US + week * WEEK_US
    return know(frame, FeatureSettings(), at_us, at_us)


def with_labels(n: int, week: int = 12) -> tuple[Known, FeatureWeek]:
    """Return a week that keeps `n` of its outcomes; the weeks before it keep theirs."""
    frame = world().frame(week)
    kept = np.ones(len(frame), bool)
    labelled = np.flatnonzero(frame.arrived & (frame.ts_us >= MONDAY_US + (week - 1) * WEEK_US))
    kept[labelled[n:]] = False
    known = at_week(replace(frame, y=np.where(kept, frame.y, np.nan)), week)
    return known, measure(known, spans(week, 4))


def test_topic_totals_sum_to_the_headline_exactly() -> None:
    known = world(3).known(14)
    found = measure(known, spans(14, 4))
    headline, *topics = success(known, found, None, full_week=True)
    assert len(topics) == 12
    assert sum(Fraction(topic.total or 0.0) for topic in topics) == Fraction(headline.total or 0.0)
    assert headline.value == (headline.total or 0.0) / headline.n
    assert sum(topic.n for topic in topics) == headline.n


def test_the_total_does_not_depend_on_the_order_of_requests() -> None:
    found = measure(world(3).known(14), spans(14, 4))
    assert found.result is not None
    psi = found.result.psi
    assert psi.sum() == psi[::-1].sum() == np.sort(psi).sum() == found.result.total


def test_the_mean_of_psi_is_the_weighted_rest_added_to_the_mean_of_f() -> None:
    known = world(4).known(14)
    result = measure(known, spans(14, 4)).result
    assert result is not None
    rest = result.weighted_rest.sum() / result.weight.sum()
    assert result.value == pytest.approx(result.model_part.mean() + rest, abs=1e-9)
    assert 0 < result.lam <= 1


def test_influence_sums_to_zero_and_its_clustered_square_is_the_variance() -> None:
    known = world(4).known(14)
    found = measure(known, spans(14, 4))
    assert found.result is not None
    cluster = known.frame.cluster[found.rows]
    by_user = np.bincount(cluster, weights=found.result.influence)
    assert found.result.influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.result.se == pytest.approx(np.sqrt((by_user**2).sum()), rel=1e-12)


def test_without_earlier_labels_f_has_no_say() -> None:
    found = measure(world(weeks=2).known(1), spans(1, 1))
    assert found.result is not None
    assert found.result.lam == 0.0
    assert not found.result.model_part.any()


def test_19_labels_are_not_measurable_and_20_are() -> None:
    _, few = with_labels(19)
    assert (few.result, few.n_labels) == (None, 19)
    assert few.why_not == "19 outcomes this week (needs 20)"
    assert with_labels(20)[1].result is not None


@pytest.mark.parametrize(("per_day", "weeks"), [(340, 1), (45, 2), (30, 3)])
def test_it_pools_the_fewest_weeks_that_hold_100_labels(per_day: int, weeks: int) -> None:
    known = world(5, per_day=per_day, outcome_share=0.2).known(14)
    found = measure(known, spans(13, 4))
    assert (found.pooled_weeks, found.n_labels >= 100) == (weeks, True)
    if weeks > 1:
        shorter = known.frame.between(spans(13, weeks - 1)[0][0], spans(13, 1)[0][1])
        assert known.labels.member[shorter].sum() < 100


def test_it_pools_four_weeks_when_even_they_hold_fewer_than_100_labels() -> None:
    frame = world(5).frame(14)
    kept = np.zeros(len(frame), bool)
    for start, end in spans(14, 8):
        rows = frame.between(start, end)
        kept[rows.start + np.flatnonzero(frame.arrived[rows])[:22]] = True
    known = at_week(replace(frame, y=np.where(kept, frame.y, np.nan)), 14)
    found = measure(known, spans(14, 8))
    assert (found.pooled_weeks, found.own_labels) == (4, 22)
    assert found.n_labels < 100
    assert found.result is not None


def test_pooling_stops_where_the_feature_begins() -> None:
    known = world(5, weeks=3, per_day=30, outcome_share=0.2).known(3)
    assert measure(known, spans(2, 4)).pooled_weeks == 2


def test_labels_of_one_class_keep_an_interval() -> None:
    one = world(6, weeks=1, per_day=60)
    frame = one.frame(1)
    known = at_week(replace(frame, y=np.where(frame.arrived, 1.0, np.nan)), 1)
    result = measure(known, spans(1, 1)).result
    assert result is not None
    assert result.value == pytest.approx(1.0, abs=1e-9)
    assert result.se > 0.005


@pytest.mark.parametrize(("only", "word"), [(1.0, "successes"), (0.0, "failures")])
def test_many_labels_of_one_class_alone_say_no_rate(only: float, word: str) -> None:
    frame = world(6, weeks=4).frame(4)
    known = at_week(replace(frame, y=np.where(frame.arrived, only, np.nan)), 4)
    found = measure(known, spans(3, 3))
    assert found.result is None
    assert found.why_not.startswith(f"only {word} have arrived")


def test_silence_of_all_is_a_missing_feed_and_no_rate_of_0() -> None:
    frame = world(9, conversions=True, weeks=6).frame(6)
    known = at_week(replace(frame, y=np.full(len(frame), np.nan)), 6)
    old = measure(known, spans(1, 1))
    assert old.own_labels > 100
    assert old.result is None
    assert old.why_not.startswith("no outcome has arrived")


def test_requests_that_are_nobodys_are_their_own_clusters() -> None:
    known = world(7).known(12)
    alone = replace(known.frame, cluster=np.arange(len(known.frame)))
    by_user = measure(known, spans(11, 1)).result
    by_request = measure(at_week(alone, 12), spans(11, 1)).result
    assert by_user is not None
    assert by_request is not None
    assert by_request.value == by_user.value
    assert by_request.se < by_user.se


def test_silent_requests_too_young_to_tell_enter_by_f_alone() -> None:
    known = world(8, conversions=True).known(12)
    age = known.frame.age_days(known.as_of_us)
    young = known.expected.eligible & (age < 0.5)
    assert young.any()
    assert not known.labels.member[young].any()
    assert known.labels.member[known.expected.eligible & (age > 5)].all()
