"""Which requests expect an outcome, and what their silence means."""

from dataclasses import replace

import numpy as np
import pytest

from decay_reports.figures.expectation import expectation
from decay_reports.figures.frame import Frame
from decayd.config import ExpectedOutcome, FeatureSettings
from tests.worlds import world

NAN = float("nan")


def asked(*stated: tuple[bool, float, float]) -> Frame:
    """Return requests by (states something, silence is failure or NaN, window days or NaN)."""
    frame = world(weeks=1).frame(1).take(np.arange(len(stated)))
    return replace(
        frame,
        stated=np.array([s[0] for s in stated]),
        silence_fails=np.array([s[1] for s in stated]),
        window_days=np.array([s[2] for s in stated]),
    )


def configured(**values: object) -> FeatureSettings:
    return FeatureSettings(expected_outcome=ExpectedOutcome.model_validate(values))


def test_where_nothing_is_stated_everyone_may_get_any_outcome_within_28_days() -> None:
    found = expectation(asked((False, NAN, NAN), (False, NAN, NAN)), FeatureSettings())
    assert found.eligible.all()
    assert (found.silence_is_failure, found.window_days) == (False, 28.0)


def test_the_config_speaks_where_requests_do_not() -> None:
    silent = asked((False, NAN, NAN), (False, NAN, NAN))
    found = expectation(silent, configured(silence="failure", window_days=7))
    assert (found.silence_is_failure, found.window_days) == (True, 7.0)
    assert found.matured_after_days() == 7.0


def test_once_some_requests_state_an_outcome_the_others_expect_none() -> None:
    found = expectation(asked((True, 1.0, 14.0), (False, NAN, NAN)), FeatureSettings())
    assert found.eligible.tolist() == [True, False]
    assert found.countable.tolist() == [True, False]
    assert (found.silence_is_failure, found.window_days) == (True, 14.0)


def test_unless_the_config_names_an_outcome_for_all() -> None:
    some = asked((True, 1.0, 14.0), (False, NAN, NAN))
    found = expectation(some, configured(kind="converted", silence="failure"))
    assert found.eligible.all()


def test_what_a_request_leaves_out_comes_from_the_config() -> None:
    found = expectation(asked((True, NAN, NAN)), configured(silence="failure", window_days=3))
    assert (found.silence_is_failure, found.window_days) == (True, 3.0)


def test_an_outcome_counts_wherever_it_arrives_when_silence_says_nothing() -> None:
    found = expectation(asked((True, 0.0, NAN), (False, NAN, NAN)), FeatureSettings())
    assert found.eligible.tolist() == [True, False]
    assert found.countable.all()


@pytest.mark.parametrize("fails", [True, False])
def test_the_majority_rules_what_silence_means(fails: bool) -> None:
    many, one = (1.0, 0.0) if fails else (0.0, 1.0)
    found = expectation(
        asked((True, many, NAN), (True, many, NAN), (True, one, NAN)), FeatureSettings()
    )
    assert found.silence_is_failure is fails
    assert found.countable.tolist() == [True, True, False]
    assert found.eligible.tolist() == [True, True, False]


def test_the_most_frequent_window_counts_and_the_longer_of_equals() -> None:
    found = expectation(
        asked((True, 0.0, 7.0), (True, 0.0, 7.0), (True, 0.0, 90.0)), FeatureSettings()
    )
    tied = expectation(asked((True, 0.0, 7.0), (True, 0.0, 90.0)), FeatureSettings())
    assert (found.window_days, tied.window_days) == (7.0, 90.0)
