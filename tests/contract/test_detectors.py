"""What every detector in drift/detectors must do, whatever it detects."""

from types import ModuleType

import numpy as np
import pytest

import drift.detectors
from decayd.plugins import load, names
from drift.base import MIN_REFERENCE, MIN_WINDOW
from tests.topic_streams import Clouds

DETECTORS = names(drift.detectors)


@pytest.fixture(params=DETECTORS)
def detector(request: pytest.FixtureRequest) -> ModuleType:
    return load(drift.detectors, request.param)


def test_there_are_detectors() -> None:
    assert {"emerging", "shares", "vanishing", "unfamiliar", "style"} <= set(DETECTORS)


def test_a_detector_says_what_it_detects_and_what_not(detector: ModuleType) -> None:
    assert detector.__doc__ is not None
    assert "Detects" in detector.__doc__
    assert "Does not detect" in detector.__doc__


def test_still_traffic_is_no_drift(detector: ModuleType) -> None:
    for seed in range(10):
        clouds = Clouds(seed)
        found = detector.detect(clouds.draw(300), clouds.draw(1200))
        assert 0 < found.p_value <= 1
        assert not found.drift_detected
        assert not found.why_not


def test_a_reference_beside_itself_is_no_drift(detector: ModuleType) -> None:
    votes = Clouds(1).draw(MIN_REFERENCE)
    assert not detector.detect(votes, votes).drift_detected


def test_repeated_strings_are_no_drift(detector: ModuleType) -> None:
    clouds = Clouds(2, texts=3)
    assert not detector.detect(clouds.draw(400), clouds.draw(1600)).drift_detected


@pytest.mark.parametrize(("n", "n_reference"), [(0, 2000), (MIN_WINDOW - 1, 2000), (500, 599)])
def test_too_few_votes_give_a_reason_and_no_drift(
    detector: ModuleType, n: int, n_reference: int
) -> None:
    clouds = Clouds(3)
    found = detector.detect(clouds.draw(n), clouds.draw(n_reference))
    assert found.why_not.startswith("not enough data")
    assert not found.drift_detected


def test_the_same_votes_give_the_same_answer(detector: ModuleType) -> None:
    clouds = Clouds(4)
    window, reference = clouds.draw(300, new=15), clouds.draw(1200)
    assert detector.detect(window, reference) == detector.detect(window, reference)


def test_the_order_of_votes_does_not_matter(detector: ModuleType) -> None:
    clouds = Clouds(5)
    window, reference = clouds.draw(300, new=15), clouds.draw(1200)
    mixed = window.take(np.random.default_rng(5).permutation(len(window)))
    first, second = detector.detect(window, reference), detector.detect(mixed, reference)
    assert first.p_value == pytest.approx(second.p_value, rel=1e-6)


def test_the_votes_are_left_as_they_were(detector: ModuleType) -> None:
    clouds = Clouds(6)
    window, reference = clouds.draw(200), clouds.draw(800)
    before = [window.vectors.copy(), reference.vectors.copy()]
    detector.detect(window, reference)
    assert (window.vectors == before[0]).all()
    assert (reference.vectors == before[1]).all()


def test_more_copies_than_neighbours_are_handled(detector: ModuleType) -> None:
    one = Clouds(7).draw(1)
    same = one.take(np.zeros(200, np.int64))
    reference = Clouds(7).draw(800)
    assert 0 <= detector.detect(same, reference).p_value <= 1
